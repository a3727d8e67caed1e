"""Mobility signalling and tunnelled packets in UDP, for a mobile node in an IPv4-only network (RFC 5555 §4.2)."""

from ipaddress import IPv6Address

from wire.errors import DecodeError
from wire.esp.sa import InboundSa, OutboundSa
from wire.ip.extensions import DestinationOption, DestinationOptions, Type2RoutingHeader, unfold
from wire.ip.ipv6 import (
    HEADER_OCTETS,
    PROTO_DESTINATION_OPTIONS,
    PROTO_ESP,
    PROTO_MOBILITY,
    PROTO_ROUTING,
    Ipv6Packet,
)
from wire.ip.packet import IpPacket, parse_packet

DSMIPV6_PORT = 4191
_SPI_OCTETS = 4


def seal_mobility(octets: bytes, source: IPv6Address, destination: IPv6Address, sa: OutboundSa) -> bytes:
    """The UDP payload of a Mobility Header: IPv6, ESP in transport mode, Mobility Header.

    One address is the Home Address, the other the home agent's: over IPv4 there is neither Home Address option nor
    routing header (RFC 5555 §4.2).
    """
    return Ipv6Packet(
        source=source, destination=destination, next_header=PROTO_ESP, payload=sa.seal(octets, PROTO_MOBILITY)
    ).build()


def seal_from_care_of(
    octets: bytes, home_address: IPv6Address, ha_address: IPv6Address, care_of: IPv6Address, sa: OutboundSa
) -> bytes:
    """The IPv6 packet of a mobile node's Mobility Header in an IPv6 network: a Home Address option, and ESP behind it.

    (RFC 6275 §6.3, RFC 6275 §11.7.1)
    """
    option = DestinationOptions(PROTO_ESP, (DestinationOption.home_address(home_address),))
    payload = option.build() + sa.seal(octets, PROTO_MOBILITY)
    return Ipv6Packet(
        source=care_of, destination=ha_address, next_header=PROTO_DESTINATION_OPTIONS, payload=payload
    ).build()


def seal_to_care_of(
    octets: bytes, home_address: IPv6Address, ha_address: IPv6Address, care_of: IPv6Address, sa: OutboundSa
) -> bytes:
    """The IPv6 packet of a home agent's answer: a type 2 routing header, and ESP behind it (RFC 6275 §9.5.4)."""
    routing = Type2RoutingHeader(PROTO_ESP, home_address)
    payload = routing.build() + sa.seal(octets, PROTO_MOBILITY)
    return Ipv6Packet(source=ha_address, destination=care_of, next_header=PROTO_ROUTING, payload=payload).build()


def at_home(packet: Ipv6Packet) -> Ipv6Packet:
    """The packet with Home Addresses in the place of Care-of Addresses, and without what says so (RFC 6275 §6.3, §6.4).

    DecodeError for a header before it that has to be refused.
    """
    seen = unfold(packet)
    return Ipv6Packet(
        source=seen.source, destination=seen.destination, next_header=seen.next_header, payload=seen.payload
    )


def open_mobility(packet: Ipv6Packet, sa: InboundSa) -> bytes:
    """The Mobility Header of a packet from `parse_tunnelled`; raises as InboundSa.open does.

    DecodeError also when the packet has no ESP, or ESP carries something else.
    """
    if packet.next_header != PROTO_ESP:
        raise DecodeError(6, f"next header {packet.next_header} is not ESP")
    octets, next_header = sa.open(packet.payload)
    if next_header != PROTO_MOBILITY:
        raise DecodeError(HEADER_OCTETS, f"ESP carries protocol {next_header} and not a Mobility Header")
    return octets


def spi_of(packet: Ipv6Packet) -> int | None:
    """Which SA opens a packet from `parse_tunnelled`; None when it is not ESP."""
    if packet.next_header != PROTO_ESP or len(packet.payload) < _SPI_OCTETS:
        return None
    return int.from_bytes(packet.payload[:_SPI_OCTETS], "big")


def parse_tunnelled(data: bytes) -> IpPacket:
    """What a UDP datagram of the DSMIPv6 port carries, told by the IP version (RFC 5555 §4.1)."""
    return parse_packet(data)
