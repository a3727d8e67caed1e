"""The Mobility Header and its checksum, against the packets of the Mobile IPv6 set."""

from ipaddress import IPv6Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.wire.mip6.vectors import MOBILITY, Vector
from wire.errors import DecodeError, EncodeError
from wire.mip6.header import MobilityHeader, checksum_holds, mobility_checksum

HOME, AGENT = IPv6Address("2001:db8::100"), IPv6Address("2001:db8::1")
DATA = st.integers(0, 20).flatmap(lambda words: st.binary(min_size=words * 8 + 2, max_size=words * 8 + 2))


@given(st.integers(0, 255), DATA)
def test_header_survives_a_round_trip(mh_type: int, data: bytes) -> None:
    octets = MobilityHeader(mh_type, data).build(HOME, AGENT)
    assert checksum_holds(octets, HOME, AGENT)
    assert MobilityHeader.parse(octets) == MobilityHeader(mh_type, data)


@pytest.mark.parametrize("vector", MOBILITY, ids=lambda vector: vector.name)
def test_checksum_of_the_mobile_ipv6_set_takes_the_home_addresses(vector: Vector) -> None:
    assert checksum_holds(vector.mobility_header, vector.source, vector.destination)
    header = MobilityHeader.parse(vector.mobility_header)
    assert header.build(vector.source, vector.destination) == vector.mobility_header


def test_checksum_does_not_hold_for_the_care_of_address() -> None:
    octets = MobilityHeader(5, bytes(10)).build(HOME, AGENT)
    assert not checksum_holds(octets, IPv6Address("2001:db8:ffff::1"), AGENT)
    assert mobility_checksum(octets[:4] + bytes(2) + octets[6:], HOME, AGENT) == int.from_bytes(octets[4:6], "big")


@pytest.mark.parametrize(
    ("octets", "offset"),
    [
        ("", 0),
        ("3b00", 2),
        ("3a00050000000000", 0),
        ("3b01050000000000", 1),
        ("3b0005000000000000000000", 1),
        ("3b000500", 1),
    ],
)
def test_parser_points_at_the_field_that_is_wrong(octets: str, offset: int) -> None:
    with pytest.raises(DecodeError) as caught:
        MobilityHeader.parse(bytes.fromhex(octets))
    assert caught.value.offset == offset


@pytest.mark.parametrize("octets", [0, 1, 3, 2048])
def test_builder_refuses_data_that_do_not_fill_the_header(octets: int) -> None:
    with pytest.raises(EncodeError):
        MobilityHeader(5, bytes(octets)).build(HOME, AGENT)
