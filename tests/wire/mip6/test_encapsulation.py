"""Mobility signalling in UDP: IPv6, ESP in transport mode, Mobility Header (RFC 5555 §4.2)."""

from dataclasses import replace
from ipaddress import IPv4Address, IPv6Address

import pytest

from tests.wire.mip6.vectors import MOBILITY, Vector, named
from wire.ciphers import AES_GCM_16_128, IntegrityFailed, Protector
from wire.errors import DecodeError
from wire.esp.sa import InboundSa, OutboundSa
from wire.ip.ipv4 import Ipv4Packet
from wire.ip.ipv6 import PROTO_ESP, Ipv6Packet
from wire.mip6.encapsulation import (
    at_home,
    open_mobility,
    parse_tunnelled,
    seal_from_care_of,
    seal_mobility,
    seal_to_care_of,
    spi_of,
)
from wire.secret import Secret

HOME, AGENT = IPv6Address("2001:db8::100"), IPv6Address("2001:db8::1")


def pair() -> tuple[OutboundSa, InboundSa]:
    protector = Protector(AES_GCM_16_128, None, Secret(bytes(20)))
    return OutboundSa(spi=0x1234, protector=protector, random=bytes), InboundSa(spi=0x1234, protector=protector)


def tunnelled(octets: bytes) -> Ipv6Packet:
    packet = parse_tunnelled(octets)
    assert isinstance(packet, Ipv6Packet)
    return packet


@pytest.mark.parametrize("vector", MOBILITY, ids=lambda vector: vector.name)
def test_headers_of_the_mobile_ipv6_set_survive_the_way(vector: Vector) -> None:
    outbound, inbound = pair()
    packet = tunnelled(seal_mobility(vector.mobility_header, vector.source, vector.destination, outbound))
    assert (packet.source, packet.destination, packet.next_header) == (vector.source, vector.destination, 50)
    assert spi_of(packet) == 0x1234
    assert open_mobility(packet, inbound) == vector.mobility_header


def test_packet_of_the_set_is_opened_by_its_version() -> None:
    inner = named("bu_ipv4_udp4191").packet[28:]
    assert tunnelled(inner).next_header == 135
    outer = Ipv4Packet(source=IPv4Address(1), destination=IPv4Address(2), protocol=1, payload=b"")
    assert parse_tunnelled(outer.build()) == outer


@pytest.mark.parametrize("octets", [b"", b"\xff", b"\x50" + bytes(60)])
def test_other_versions_are_refused(octets: bytes) -> None:
    with pytest.raises(DecodeError):
        parse_tunnelled(octets)


def test_unprotected_signalling_is_refused() -> None:
    _, inbound = pair()
    packet = tunnelled(named("bu_ipv4_udp4191").packet[28:])
    assert spi_of(packet) is None
    with pytest.raises(DecodeError, match="not ESP"):
        open_mobility(packet, inbound)


def test_esp_with_something_else_inside_is_refused() -> None:
    outbound, inbound = pair()
    packet = Ipv6Packet(source=HOME, destination=AGENT, next_header=50, payload=outbound.seal(b"", 59))
    with pytest.raises(DecodeError, match="protocol 59"):
        open_mobility(packet, inbound)


def test_forged_signalling_is_refused() -> None:
    outbound, inbound = pair()
    packet = tunnelled(seal_mobility(bytes(8), HOME, AGENT, outbound))
    with pytest.raises(IntegrityFailed):
        open_mobility(replace(packet, payload=packet.payload[:-1] + b"?"), inbound)


def test_esp_too_short_for_an_spi_has_none() -> None:
    assert spi_of(Ipv6Packet(source=HOME, destination=AGENT, next_header=50, payload=b"abc")) is None


# IPv6 networks (RFC 6275 §6.3, §6.4)


def test_binding_update_from_a_care_of_address_is_laid_out_as_in_the_mobile_ipv6_set() -> None:
    vector = named("bu_ipv6_coa")
    theirs = Ipv6Packet.parse(vector.packet)
    out, end = pair()
    octets = seal_from_care_of(vector.mobility_header, vector.source, vector.destination, theirs.source, out)
    ours = Ipv6Packet.parse(octets)
    assert (ours.source, ours.destination, ours.next_header) == (theirs.source, theirs.destination, theirs.next_header)
    # the same Home Address option, and ESP instead of the bare Mobility Header behind it
    header = len(theirs.payload) - len(vector.mobility_header)
    assert ours.payload[0] == PROTO_ESP
    assert ours.payload[1:header] == theirs.payload[1:header]
    seen = at_home(ours)
    assert (seen.source, seen.destination) == (vector.source, vector.destination)
    assert open_mobility(seen, end) == vector.mobility_header


def test_answer_to_a_care_of_address_is_laid_out_as_in_the_mobile_ipv6_set() -> None:
    vector = named("ba_ipv6_rh2")
    theirs = Ipv6Packet.parse(vector.packet)
    out, end = pair()
    octets = seal_to_care_of(vector.mobility_header, vector.destination, vector.source, theirs.destination, out)
    ours = Ipv6Packet.parse(octets)
    assert (ours.source, ours.destination, ours.next_header) == (theirs.source, theirs.destination, theirs.next_header)
    assert ours.payload[0] == PROTO_ESP
    assert ours.payload[1:24] == theirs.payload[1:24]
    seen = at_home(ours)
    assert (seen.source, seen.destination) == (vector.source, vector.destination)
    assert open_mobility(seen, end) == vector.mobility_header


def test_packet_between_home_addresses_is_at_home_already() -> None:
    packet = Ipv6Packet(source=HOME, destination=AGENT, next_header=PROTO_ESP, payload=b"esp")
    assert at_home(packet) == packet
