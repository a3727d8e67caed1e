"""Packets of either IP version."""

from ipaddress import IPv4Address, IPv6Address

import pytest
from hypothesis import given

from tests.wire.ip.test_ipv4 import PACKET as FOUR
from tests.wire.ip.test_ipv6 import PACKET as SIX
from wire.errors import DecodeError, EncodeError
from wire.ip.checksum import IpAddress
from wire.ip.ipv4 import Ipv4Packet
from wire.ip.ipv6 import Ipv6Packet
from wire.ip.packet import hops_left, one_hop_on, packet_between, parse_packet, protocol_of

ONE4, TWO4 = IPv4Address("10.1.2.3"), IPv4Address("10.1.2.4")
ONE6, TWO6 = IPv6Address("2001:db8::1"), IPv6Address("2001:db8::2")


@given(FOUR)
def test_ipv4_is_told_by_its_version(packet: Ipv4Packet) -> None:
    assert parse_packet(packet.build()) == packet


@given(SIX)
def test_ipv6_is_told_by_its_version(packet: Ipv6Packet) -> None:
    assert parse_packet(packet.build()) == packet


@pytest.mark.parametrize("octets", [b"", bytes(60), b"\x50" + bytes(60)])
def test_other_versions_are_none(octets: bytes) -> None:
    with pytest.raises(DecodeError):
        parse_packet(octets)


@pytest.mark.parametrize(("one", "two"), [(ONE4, TWO4), (ONE6, TWO6)], ids=["IPv4", "IPv6"])
def test_packet_is_of_the_version_of_its_addresses(one: IpAddress, two: IpAddress) -> None:
    packet = packet_between(one, two, 17, b"data")
    assert (packet.source, packet.destination, packet.payload) == (one, two, b"data")
    assert (protocol_of(packet), hops_left(packet), hops_left(one_hop_on(packet))) == (17, 64, 63)
    assert parse_packet(packet.build()) == packet


@pytest.mark.parametrize(("one", "two"), [(ONE4, TWO6), (ONE6, TWO4)])
def test_no_packet_goes_from_one_version_to_the_other(one: IpAddress, two: IpAddress) -> None:
    with pytest.raises(EncodeError, match="no packet goes from"):
        packet_between(one, two, 17, b"")
