"""When an ICMP error may answer a packet, and the packet that carries it (RFC 4443 §2.4, RFC 1122 §3.2.2)."""

from wire.ip.checksum import IpAddress
from wire.ip.icmpv4 import PROTO_ICMP, build_icmpv4
from wire.ip.icmpv6 import PROBLEM_OPTION, Icmpv6Error, PacketTooBig, ParameterProblem, build_icmpv6
from wire.ip.ipv4 import Ipv4Packet
from wire.ip.ipv6 import PROTO_ICMPV6
from wire.ip.packet import IpPacket, packet_between

_FIRST_INFORMATIONAL = 128
_REDIRECT = 137
_ICMP_QUERIES = {0, 8, 9, 10, 13, 14, 15, 16, 17, 18}


def error_about(packet: IpPacket, error: Icmpv6Error, source: IpAddress) -> IpPacket | None:
    """The packet that brings `error` from `source` to the sender of `packet`, or None where none may be sent.

    `source` is of the packet's own IP version.
    """
    if _is_error(packet) or packet.source.is_multicast or packet.source.is_unspecified:
        return None
    if packet.destination.is_multicast and not _answers_multicast(packet, error):
        return None
    if isinstance(packet, Ipv4Packet):
        if packet.fragment_offset:
            return None
        return packet_between(source, packet.source, PROTO_ICMP, build_icmpv4(error))
    payload = build_icmpv6(error, source, packet.source)
    return packet_between(source, packet.source, PROTO_ICMPV6, payload)


def _is_error(packet: IpPacket) -> bool:
    if not packet.payload:
        return False
    if isinstance(packet, Ipv4Packet):
        return packet.protocol == PROTO_ICMP and packet.payload[0] not in _ICMP_QUERIES
    if packet.next_header != PROTO_ICMPV6:
        return False
    return packet.payload[0] < _FIRST_INFORMATIONAL or packet.payload[0] == _REDIRECT


def _answers_multicast(packet: IpPacket, error: Icmpv6Error) -> bool:
    if isinstance(packet, Ipv4Packet):
        return False
    return isinstance(error, PacketTooBig) or (isinstance(error, ParameterProblem) and error.code == PROBLEM_OPTION)
