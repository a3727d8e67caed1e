"""What any IPv6 host answers by itself: echo, the echo service, and what it does not know (RFC 4443 §4.2, RFC 862)."""

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
from wire.ip.ipv6 import PROTO_ICMPV6, PROTO_NONE, PROTO_UDP, Ipv6Packet
from wire.ip.udp import UdpDatagram

ECHO_PORT = 7
_NEXT_HEADER_OFFSET = 6


def respond(packet: Ipv6Packet) -> Ipv6Packet | None:
    """The answer of the host whose address is the packet's destination, or None; DecodeError for a broken payload.

    A multicast destination gets no answer, and neither does a source that cannot take one.
    """
    if packet.destination.is_multicast or packet.source.is_multicast or packet.source.is_unspecified:
        return None
    if packet.next_header == PROTO_ICMPV6:
        return _answer_icmpv6(packet)
    if packet.next_header == PROTO_UDP:
        return _answer_udp(packet)
    if packet.next_header == PROTO_NONE:
        return None
    problem = ParameterProblem(PROBLEM_NEXT_HEADER, _NEXT_HEADER_OFFSET, packet.build())
    return error_about(packet, problem, packet.destination)


def _answer_icmpv6(packet: Ipv6Packet) -> Ipv6Packet | None:
    message = parse_icmpv6(packet.payload, packet.source, packet.destination)
    if not isinstance(message, EchoRequest):
        return None
    reply = EchoReply(message.identifier, message.sequence, message.data)
    return _back(packet, build_icmpv6(reply, packet.destination, packet.source))


def _answer_udp(packet: Ipv6Packet) -> Ipv6Packet | None:
    datagram = UdpDatagram.parse(packet.payload, packet.source, packet.destination)
    if datagram.destination_port != ECHO_PORT:
        refusal = DestinationUnreachable(UNREACHABLE_PORT, packet.build())
        return error_about(packet, refusal, packet.destination)
    if datagram.source_port in {0, ECHO_PORT}:
        # two echo services would answer each other for ever
        return None
    reply = UdpDatagram(ECHO_PORT, datagram.source_port, datagram.payload)
    return _back(packet, reply.build(packet.destination, packet.source))


def _back(packet: Ipv6Packet, payload: bytes) -> Ipv6Packet:
    return Ipv6Packet(
        source=packet.destination, destination=packet.source, next_header=packet.next_header, payload=payload
    )
