"""What any IP host answers by itself: echo, the echo service, and what it does not know (RFC 4443 §4.2, RFC 862)."""

from wire.ip.icmpv4 import PROTO_ICMP, build_icmpv4, parse_icmpv4
from wire.ip.icmpv6 import (
    PROBLEM_NEXT_HEADER,
    UNREACHABLE_PORT,
    DestinationUnreachable,
    EchoReply,
    EchoRequest,
    ParameterProblem,
    build_icmpv6,
    parse_icmpv6,
)
from wire.ip.icmpv6_errors import error_about
from wire.ip.ipv4 import Ipv4Packet
from wire.ip.ipv6 import PROTO_ICMPV6, PROTO_NONE, PROTO_UDP
from wire.ip.packet import IpPacket, packet_between, protocol_of
from wire.ip.udp import UdpDatagram

ECHO_PORT = 7
_NEXT_HEADER_OFFSET = 6


def respond(packet: IpPacket) -> IpPacket | None:
    """The answer of the host whose address is the packet's destination, or None; DecodeError for a broken payload.

    A multicast destination gets no answer, and neither does a source that cannot take one, nor a fragment.
    """
    if packet.destination.is_multicast or packet.source.is_multicast or packet.source.is_unspecified:
        return None
    if isinstance(packet, Ipv4Packet) and (packet.more_fragments or packet.fragment_offset):
        return None
    protocol = protocol_of(packet)
    if protocol == (PROTO_ICMP if isinstance(packet, Ipv4Packet) else PROTO_ICMPV6):
        return _answer_icmp(packet)
    if protocol == PROTO_UDP:
        return _answer_udp(packet)
    if protocol == PROTO_NONE and not isinstance(packet, Ipv4Packet):
        return None
    problem = ParameterProblem(PROBLEM_NEXT_HEADER, _NEXT_HEADER_OFFSET, packet.build())
    return error_about(packet, problem, packet.destination)


def _answer_icmp(packet: IpPacket) -> IpPacket | None:
    if isinstance(packet, Ipv4Packet):
        message = parse_icmpv4(packet.payload)
    else:
        message = parse_icmpv6(packet.payload, packet.source, packet.destination)
    if not isinstance(message, EchoRequest):
        return None
    reply = EchoReply(message.identifier, message.sequence, message.data)
    if isinstance(packet, Ipv4Packet):
        return _back(packet, build_icmpv4(reply))
    return _back(packet, build_icmpv6(reply, packet.destination, packet.source))


def _answer_udp(packet: IpPacket) -> IpPacket | None:
    datagram = UdpDatagram.parse(packet.payload, packet.source, packet.destination)
    if datagram.destination_port != ECHO_PORT:
        refusal = DestinationUnreachable(UNREACHABLE_PORT, packet.build())
        return error_about(packet, refusal, packet.destination)
    if datagram.source_port in {0, ECHO_PORT}:
        # two echo services would answer each other for ever
        return None
    reply = UdpDatagram(ECHO_PORT, datagram.source_port, datagram.payload)
    return _back(packet, reply.build(packet.destination, packet.source))


def _back(packet: IpPacket, payload: bytes) -> IpPacket:
    return packet_between(packet.destination, packet.source, protocol_of(packet), payload)
