"""One IP packet of either version, for whoever forwards or answers both (RFC 791, RFC 8200)."""

from dataclasses import replace
from ipaddress import IPv4Address

from wire.errors import EncodeError
from wire.ip.checksum import IpAddress
from wire.ip.ipv4 import Ipv4Packet
from wire.ip.ipv6 import Ipv6Packet

IpPacket = Ipv4Packet | Ipv6Packet


def parse_packet(data: bytes) -> IpPacket:
    """Read one packet, its version told by the first four bits; DecodeError when it is broken or neither."""
    if data and data[0] >> 4 == 4:
        return Ipv4Packet.parse(data)
    return Ipv6Packet.parse(data)


def packet_between(source: IpAddress, destination: IpAddress, protocol: int, payload: bytes) -> IpPacket:
    """A packet without options or extension headers; EncodeError for addresses of two versions."""
    if isinstance(source, IPv4Address) and isinstance(destination, IPv4Address):
        return Ipv4Packet(source=source, destination=destination, protocol=protocol, payload=payload)
    if isinstance(source, IPv4Address) or isinstance(destination, IPv4Address):
        raise EncodeError(f"no packet goes from {source} to {destination}")
    return Ipv6Packet(source=source, destination=destination, next_header=protocol, payload=payload)


def protocol_of(packet: IpPacket) -> int:
    """The protocol of the payload: Protocol, or Next Header."""
    return packet.protocol if isinstance(packet, Ipv4Packet) else packet.next_header


def hops_left(packet: IpPacket) -> int:
    """Time to Live, or Hop Limit."""
    return packet.ttl if isinstance(packet, Ipv4Packet) else packet.hop_limit


def one_hop_on(packet: IpPacket) -> IpPacket:
    """The packet with one hop less, as a router sends it on."""
    if isinstance(packet, Ipv4Packet):
        return replace(packet, ttl=packet.ttl - 1)
    return replace(packet, hop_limit=packet.hop_limit - 1)
