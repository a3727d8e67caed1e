from datetime import UTC, datetime
from ipaddress import IPv4Address, IPv6Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.wire.diameter.strategies import values
from wire.diameter.avp import Avp, AvpFault
from wire.diameter.dictionary import AvpDefinition, Kind, by_name
from wire.diameter.results import ResultCode
from wire.diameter.values import Value, decode, define, encode, make, shortest
from wire.errors import EncodeError


@given(st.sampled_from(list(Kind)).flatmap(lambda kind: st.tuples(st.just(kind), values(kind))))
def test_every_format_survives_a_round_trip(pair: tuple[Kind, Value]) -> None:
    kind, value = pair
    definition = AvpDefinition("Sample", 70000, 0, kind, mandatory=True)
    assert decode(definition, define(definition, value)) == value


@pytest.mark.parametrize(
    ("name", "value", "octets"),
    [
        ("Host-IP-Address", IPv4Address("192.0.2.1"), "0001 c0000201"),
        ("Host-IP-Address", IPv6Address("2001:db8::1"), "0002 20010db8000000000000000000000001"),
        ("Auth-Application-Id", 16777265, "01000031"),
        ("MIP6-Feature-Vector", 0x0000020000000001, "0000020000000001"),
        ("Event-Timestamp", datetime(1970, 1, 1, tzinfo=UTC), "83aa7e80"),
        # RFC 5905: the era that begins at 2036-02-07 06:28:16
        ("Event-Timestamp", datetime(2036, 2, 7, 6, 28, 17, tzinfo=UTC), "00000001"),
        ("User-Name", "Zoë", "5a6fc3ab"),
    ],
)
def test_values_are_encoded_as_rfc_6733_section_4_says(name: str, value: Value, octets: str) -> None:
    avp = make(name, value)
    assert avp.data == bytes.fromhex(octets)
    assert decode(by_name(name), avp) == value


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("Auth-Application-Id", bytes(3)),
        ("Auth-Application-Id", bytes(8)),
        ("MIP6-Feature-Vector", bytes(4)),
        ("Host-IP-Address", b"\x00\x01\x7f\x00\x00"),
        ("Host-IP-Address", b"\x00\x02" + bytes(4)),
        ("Host-IP-Address", b""),
        ("Event-Timestamp", bytes(8)),
    ],
)
def test_a_value_of_the_wrong_length_is_5014(name: str, data: bytes) -> None:
    avp = Avp(by_name(name).code, 0, 0x40, data)
    with pytest.raises(AvpFault) as caught:
        decode(by_name(name), avp)
    assert (caught.value.result, caught.value.failed) == (ResultCode.INVALID_AVP_LENGTH, (avp,))


@pytest.mark.parametrize(
    ("name", "data"),
    [("User-Name", b"\xff\xfe"), ("Origin-Host", b"h\xc3\xb6st"), ("Host-IP-Address", b"\x00\x08123456")],
)
def test_octets_that_are_no_such_value_are_5004(name: str, data: bytes) -> None:
    avp = Avp(by_name(name).code, 0, 0x40, data)
    with pytest.raises(AvpFault) as caught:
        decode(by_name(name), avp)
    assert (caught.value.result, caught.value.failed) == (ResultCode.INVALID_AVP_VALUE, (avp,))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("Auth-Application-Id", 2**32),
        ("Auth-Application-Id", "5"),
        ("Origin-Host", "höst"),
        ("User-Name", b"bytes"),
        ("Event-Timestamp", datetime(2105, 1, 1, tzinfo=UTC)),
    ],
)
def test_a_value_that_does_not_fit_is_the_callers_fault(name: str, value: Value) -> None:
    with pytest.raises(EncodeError):
        encode(by_name(name), value)


def test_the_shortest_value_is_all_zeros() -> None:
    assert shortest(by_name("Auth-Application-Id")).data == bytes(4)
    assert shortest(by_name("MIP6-Feature-Vector")).data == bytes(8)
    assert shortest(by_name("Session-Id")).data == b""
    item = shortest(by_name("SIP-Auth-Data-Item"))
    assert (item.code, item.vendor, item.flags, item.data) == (612, 10415, 0xC0, b"")
