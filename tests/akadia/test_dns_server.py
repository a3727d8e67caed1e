"""The laboratory's DNS, without sockets: what a UE asks, and everything else."""

from ipaddress import IPv4Address, IPv6Address
from pathlib import Path

import dns.flags
import dns.message
import dns.opcode
import dns.rcode
import dns.rdataclass
import dns.rdatatype
import dns.rrset
import dns.update
import pytest
from hypothesis import given
from hypothesis import strategies as st

from akadia.dns_server import Gateway, Zone, answer, gateway_zone, zone_of
from runtime.config import ConfigError, read_config
from wire.names import Plmn

REALM = "epc.mnc001.mcc001.3gppnetwork.org"
PUBLIC = "mnc001.mcc001.pub.3gppnetwork.org"
INTERNET = f"internet.ha-apn.{PUBLIC}"
PGW = f"pgw.{REALM}"
GATEWAY = Gateway(PGW, IPv4Address("127.1.2.4"), IPv6Address("2001:db8:1::1"), 5500)
ZONE = gateway_zone(plmn=Plmn("001", "01"), realm=REALM, apns=("internet", "ims"), gateway=GATEWAY)


def asked(name: str, kind: str, zone: Zone = ZONE, **options: object) -> dns.message.Message:
    query = dns.message.make_query(name, kind, **options)  # type: ignore[arg-type]
    reply = answer(zone, query.to_wire())
    assert reply.datagram is not None
    response = dns.message.from_wire(reply.datagram)
    assert query.is_response(response)
    return response


def records(response: dns.message.Message) -> list[str]:
    return [record.to_text() for record_set in response.answer for record in record_set]


@pytest.mark.parametrize("name", [INTERNET, f"ims.ha-apn.{PUBLIC}", INTERNET.upper(), PGW])
def test_server_knows_both_addresses_of_the_gateway(name: str) -> None:
    response = asked(name, "AAAA")
    assert records(response) == ["2001:db8:1::1"]
    assert response.flags & dns.flags.AA
    assert records(asked(name, "A")) == ["127.1.2.4"]
    assert sorted(records(asked(name, "ANY"))) == ["127.1.2.4", "2001:db8:1::1"]


@pytest.mark.parametrize("domain", [REALM, PUBLIC])
def test_server_knows_the_service_of_rfc_5026(domain: str) -> None:
    assert records(asked(f"_mip6._ipv6.{domain}", "SRV")) == [f"0 0 5500 {PGW}."]


@pytest.mark.parametrize("name", [f"other.ha-apn.{PUBLIC}", f"x.{INTERNET}", f"_mip6._udp.{REALM}"])
def test_server_says_that_there_is_no_such_name(name: str) -> None:
    response = asked(name, "AAAA")
    assert response.rcode() == dns.rcode.NXDOMAIN
    assert [record_set.rdtype for record_set in response.authority] == [dns.rdatatype.SOA]


@pytest.mark.parametrize(("name", "kind"), [(INTERNET, "MX"), (f"ha-apn.{PUBLIC}", "A"), (REALM, "NS")])
def test_server_says_that_a_name_has_no_such_record(name: str, kind: str) -> None:
    response = asked(name, kind)
    assert response.rcode() == dns.rcode.NOERROR
    assert response.answer == []
    assert len(response.authority) == 1


@pytest.mark.parametrize("name", ["example.org", ".", "3gppnetwork.org"])
def test_server_refuses_names_that_are_not_its_own(name: str) -> None:
    response = asked(name, "A")
    assert response.rcode() == dns.rcode.REFUSED
    assert not response.flags & dns.flags.AA


def test_server_refuses_another_class() -> None:
    assert asked(INTERNET, "A", rdclass=dns.rdataclass.CH).rcode() == dns.rcode.REFUSED


def test_server_answers_edns_and_refuses_later_versions() -> None:
    assert asked(INTERNET, "A", use_edns=0).edns == 0
    assert asked(INTERNET, "A", use_edns=1).rcode() == dns.rcode.BADVERS
    assert asked(INTERNET, "A").edns == -1


def test_server_does_no_updates() -> None:
    update = dns.update.UpdateMessage(REALM)
    update.add("evil", 60, "A", "127.0.0.1")
    reply = answer(ZONE, update.to_wire())
    assert reply.datagram is not None
    assert dns.message.from_wire(reply.datagram).rcode() == dns.rcode.NOTIMP
    assert reply.cause is not None


def test_server_refuses_a_query_without_question() -> None:
    reply = answer(ZONE, dns.message.Message(id=7).to_wire())
    assert reply.datagram is not None
    assert dns.message.from_wire(reply.datagram).rcode() == dns.rcode.FORMERR
    assert reply.cause == "0 questions"


def test_server_answers_a_malformed_query_with_form_error() -> None:
    reply = answer(ZONE, dns.message.make_query(INTERNET, "A", id=0x1234).to_wire()[:-3])
    assert reply.datagram == bytes.fromhex("1234 8101 0000000000000000")
    assert reply.cause is not None
    assert reply.cause.startswith("malformed")


@pytest.mark.parametrize(
    "datagram", [b"", b"\0" * 11, dns.message.make_response(dns.message.make_query(INTERNET, "A", id=1)).to_wire()]
)
def test_server_is_silent_to_what_is_no_query(datagram: bytes) -> None:
    assert answer(ZONE, datagram).datagram is None


@given(st.binary(max_size=300))
def test_server_answers_any_octets_with_its_id_or_not_at_all(datagram: bytes) -> None:
    reply = answer(ZONE, datagram)
    if reply.datagram is not None:
        assert reply.datagram[:2] == datagram[:2]
        assert reply.datagram[2] & 0x80


CONFIG = f"""
[network]
mcc = "001"
mnc = "01"
realm = "{REALM}"
apn = "internet"
[dns]
address = "127.1.2.53:5300"
apns = ["ims"]
[pdngw]
id = "{PGW}"
address = "127.1.2.4"
ha_address = "2001:db8:1::1"
natt_port = 4500
"""


def test_zone_is_what_the_configuration_says(tmp_path: Path) -> None:
    path = tmp_path / "akadia.toml"
    path.write_text(CONFIG)
    assert zone_of(read_config(path)) == ZONE


def test_zone_of_a_gateway_at_every_address_has_the_one_that_ues_are_told_of(tmp_path: Path) -> None:
    path = tmp_path / "akadia.toml"
    everywhere = CONFIG.replace('address = "127.1.2.4"', 'address = "0.0.0.0"')
    path.write_text(everywhere.replace('["ims"]', '["ims"]\npdngw = "127.1.2.4"'))
    assert zone_of(read_config(path)) == ZONE
    path.write_text(everywhere)
    with pytest.raises(ConfigError, match=r"at 0\.0\.0\.0, .* in \[dns\] pdngw"):
        zone_of(read_config(path))


def test_zone_needs_a_gateway(tmp_path: Path) -> None:
    path = tmp_path / "akadia.toml"
    path.write_text(CONFIG.replace("[pdngw]", "[pdngws]"))
    with pytest.raises(ConfigError, match=r"section \[pdngw\] is missing"):
        zone_of(read_config(path))


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (f'"{REALM}"', '"epc..example"', r"network\.realm: 'epc\.\.example' is in no domain name"),
        (f'"{PGW}"', f'"{"x" * 64}.example"', r"pdngw\.id: 'x{64}\.example' is in no domain name"),
        ('"internet"', '"in ternet"', r"network\.apn: 'in ternet' is in no domain name"),
        ('["ims"]', '["ims", ""]', r"dns\.apns: '' is in no domain name"),
    ],
)
def test_a_name_that_is_none_is_told(tmp_path: Path, old: str, new: str, said: str) -> None:
    path = tmp_path / "akadia.toml"
    assert old in CONFIG
    path.write_text(CONFIG.replace(old, new))
    with pytest.raises(ConfigError, match=said):
        zone_of(read_config(path))
