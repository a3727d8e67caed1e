"""UDP over both versions: round trip, checksum rules, and the datagrams of the Mobile IPv6 set."""

from ipaddress import IPv4Address, IPv6Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.wire.mip6.vectors import PACKETS, Vector
from wire.errors import DecodeError, EncodeError
from wire.ip.checksum import IpAddress
from wire.ip.ipv4 import Ipv4Packet
from wire.ip.udp import UdpDatagram

SIX = IPv6Address("2001:db8::1"), IPv6Address("2001:db8::2")
FOUR = IPv4Address("192.0.2.1"), IPv4Address("192.0.2.2")
DATAGRAM = st.builds(UdpDatagram, st.integers(0, 65535), st.integers(0, 65535), st.binary(max_size=100))


@given(DATAGRAM, st.sampled_from([SIX, FOUR]))
def test_datagram_survives_a_round_trip(datagram: UdpDatagram, ends: tuple[IpAddress, IpAddress]) -> None:
    octets = datagram.build(*ends)
    assert octets[6:8] != b"\x00\x00"
    assert UdpDatagram.parse(octets, *ends) == datagram


@pytest.mark.parametrize(
    "vector", [vector for vector in PACKETS if vector.linktype == "raw-ipv4"], ids=lambda vector: vector.name
)
def test_datagrams_of_the_mobile_ipv6_set_are_rebuilt_octet_by_octet(vector: Vector) -> None:
    outer = Ipv4Packet.parse(vector.packet)
    datagram = UdpDatagram.parse(outer.payload, outer.source, outer.destination)
    assert 4191 in {datagram.source_port, datagram.destination_port}
    assert datagram.build(outer.source, outer.destination) == outer.payload


def test_parser_takes_no_checksum_over_ipv4_alone() -> None:
    bare = bytes.fromhex("0001000200090000") + b"x"
    assert UdpDatagram.parse(bare, *FOUR) == UdpDatagram(1, 2, b"x")
    with pytest.raises(DecodeError, match="without checksum"):
        UdpDatagram.parse(bare, *SIX)


@pytest.mark.parametrize(
    ("octets", "offset"),
    [
        (bytes(7), 6),
        (bytes.fromhex("0001000200070000"), 4),
        (bytes.fromhex("00010002000a0000") + b"x", 8),
        (bytes.fromhex("0001000200091234") + b"x", 6),
    ],
)
def test_parser_says_where_a_datagram_is_wrong(octets: bytes, offset: int) -> None:
    with pytest.raises(DecodeError) as caught:
        UdpDatagram.parse(octets, *FOUR)
    assert caught.value.offset == offset


def test_builder_refuses_a_payload_that_does_not_fit() -> None:
    with pytest.raises(EncodeError):
        UdpDatagram(1, 2, bytes(65528)).build(*FOUR)
