"""Mobility signalling and tunnelled packets in UDP, for a mobile node in an IPv4-only network (RFC 5555 §4.2)."""

from ipaddress import IPv6Address

from wire.errors import DecodeError
from wire.esp.sa import InboundSa, OutboundSa
from wire.ip.ipv6 import HEADER_OCTETS, PROTO_ESP, PROTO_MOBILITY, Ipv6Packet
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
