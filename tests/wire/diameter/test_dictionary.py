import pytest

from wire.diameter.dictionary import Kind, by_code, by_name, definitions, key_of


@pytest.mark.parametrize(
    ("name", "code", "vendor", "kind", "mandatory"),
    [
        # TS 29.229 §6.3, which the library names 3GPP-SIP-…
        ("SIP-Auth-Data-Item", 612, 10415, Kind.GROUPED, True),
        ("SIP-Number-Auth-Items", 607, 10415, Kind.UNSIGNED32, True),
        ("SIP-Authentication-Scheme", 608, 10415, Kind.UTF8_STRING, True),
        ("SIP-Authenticate", 609, 10415, Kind.OCTET_STRING, True),
        ("SIP-Authorization", 610, 10415, Kind.OCTET_STRING, True),
        ("SIP-Item-Number", 613, 10415, Kind.UNSIGNED32, True),
        # RFC 4072 §4.1
        ("EAP-Payload", 462, 0, Kind.OCTET_STRING, True),
        ("EAP-Master-Session-Key", 464, 0, Kind.OCTET_STRING, True),
        ("EAP-Key-Name", 102, 0, Kind.OCTET_STRING, False),
        # RFC 6733 §4.5
        ("Origin-Host", 264, 0, Kind.DIAMETER_IDENTITY, True),
        ("Redirect-Host", 292, 0, Kind.DIAMETER_URI, True),
        ("Result-Code", 268, 0, Kind.UNSIGNED32, True),
        ("Authorization-Lifetime", 291, 0, Kind.UNSIGNED32, True),
        ("Product-Name", 269, 0, Kind.UTF8_STRING, False),
        ("Error-Message", 281, 0, Kind.UTF8_STRING, False),
        ("Firmware-Revision", 267, 0, Kind.UNSIGNED32, False),
        ("Disconnect-Cause", 273, 0, Kind.ENUMERATED, True),
        ("Host-IP-Address", 257, 0, Kind.ADDRESS, True),
        # RFC 5447 §4.2, RFC 5778 §6, RFC 5779 §4
        ("MIP6-Feature-Vector", 124, 0, Kind.UNSIGNED64, True),
        ("MIP6-Agent-Info", 486, 0, Kind.GROUPED, True),
        ("MIP-Careof-Address", 487, 0, Kind.ADDRESS, True),
        ("Service-Selection", 493, 0, Kind.UTF8_STRING, True),
        ("Mobile-Node-Identifier", 506, 0, Kind.UTF8_STRING, True),
        ("QoS-Capability", 578, 0, Kind.GROUPED, True),
        ("Chargeable-User-Identity", 89, 0, Kind.OCTET_STRING, True),
        # TS 29.273 §8.2.3.0 and §9.2.3.0
        ("Non-3GPP-User-Data", 1500, 10415, Kind.GROUPED, True),
        ("AAA-Failure-Indication", 1518, 10415, Kind.UNSIGNED32, False),
        ("DER-S6b-Flags", 1523, 10415, Kind.UNSIGNED32, False),
        ("RAT-Type", 1032, 10415, Kind.ENUMERATED, False),
        ("ANID", 1504, 10415, Kind.UTF8_STRING, True),
        ("3GPP-AAA-Server-Name", 318, 10415, Kind.DIAMETER_IDENTITY, False),
        ("APN-Configuration", 1430, 10415, Kind.GROUPED, True),
        ("TWAG-UP-Address", 1532, 10415, Kind.UTF8_STRING, False),
        ("Feature-List", 630, 10415, Kind.UNSIGNED32, False),
    ],
)
def test_definitions_are_those_of_the_specifications(
    name: str, code: int, vendor: int, kind: Kind, mandatory: bool
) -> None:
    entry = by_name(name)
    assert (entry.code, entry.vendor, entry.kind, entry.mandatory) == (code, vendor, kind, mandatory)
    assert by_code(code, vendor) is entry


def test_rfc_4740_keeps_its_codes_but_not_the_names() -> None:
    entry = by_code(376, 0)
    assert entry is not None
    assert entry.kind is Kind.GROUPED
    assert by_name("SIP-Auth-Data-Item").vendor == 10415


def test_a_stranger_is_unknown() -> None:
    assert by_code(4711, 65001) is None
    with pytest.raises(KeyError):
        by_name("No-Such-AVP")


def test_names_are_unique_and_many() -> None:
    names = [entry.name for entry in definitions()]
    assert len(names) == len(set(names))
    assert len(names) > 1500


def test_a_key_is_code_and_vendor() -> None:
    assert (key_of("Origin-Host"), key_of("ANID")) == ((264, 0), (1504, 10415))
