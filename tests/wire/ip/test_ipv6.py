"""IPv6 headers: round trip, limits, and the packets of the Mobile IPv6 set."""

from dataclasses import replace
from ipaddress import IPv6Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.wire.mip6.vectors import PACKETS, Vector
from wire.errors import DecodeError, EncodeError
from wire.ip.ipv6 import Ipv6Packet, is_whole

ADDRESSES = st.integers(0, 2**128 - 1).map(IPv6Address)
PACKET = st.builds(
    Ipv6Packet,
    source=ADDRESSES,
    destination=ADDRESSES,
    next_header=st.integers(0, 255),
    payload=st.binary(max_size=200),
    hop_limit=st.integers(0, 255),
    traffic_class=st.integers(0, 255),
    flow_label=st.integers(0, 0xFFFFF),
)
PING = Ipv6Packet(source=IPv6Address("::1"), destination=IPv6Address("::2"), next_header=58, payload=b"12345678")


@given(PACKET)
def test_packet_survives_a_round_trip(packet: Ipv6Packet) -> None:
    assert Ipv6Packet.parse(packet.build()) == packet


@pytest.mark.parametrize("vector", PACKETS, ids=lambda vector: vector.name)
def test_packets_of_the_mobile_ipv6_set_are_rebuilt_octet_by_octet(vector: Vector) -> None:
    octets = vector.packet[vector.header_at :]
    assert Ipv6Packet.parse(octets).build() == octets


def test_parser_leaves_traffic_flow_padding() -> None:
    assert Ipv6Packet.parse(PING.build() + bytes(100)) == PING


@pytest.mark.parametrize(
    ("octets", "offset"), [(b"", 0), (b"\x45" + bytes(50), 0), (PING.build()[:39], 24), (PING.build()[:-1], 40)]
)
def test_parser_says_where_a_packet_is_wrong(octets: bytes, offset: int) -> None:
    with pytest.raises(DecodeError) as caught:
        Ipv6Packet.parse(octets)
    assert caught.value.offset == offset


def test_builder_refuses_a_payload_that_does_not_fit() -> None:
    packet = Ipv6Packet(source=PING.source, destination=PING.destination, next_header=59, payload=bytes(65536))
    with pytest.raises(EncodeError):
        packet.build()


def test_length_is_that_of_the_octets() -> None:
    packet = Ipv6Packet(source=IPv6Address("::1"), destination=IPv6Address("::2"), next_header=59, payload=bytes(7))
    assert len(packet) == len(packet.build()) == 47


@given(st.binary(max_size=80), st.integers(-2, 2))
def test_whole_packet_ends_where_it_says(payload: bytes, too_many: int) -> None:
    packet = replace(PING, payload=payload).build()
    octets = packet + bytes(too_many) if too_many >= 0 else packet[:too_many]
    assert is_whole(octets) == (too_many == 0)
    assert not is_whole(b"\x40" + packet[1:])
    assert not is_whole(packet[:39])
