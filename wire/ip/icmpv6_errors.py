"""When an ICMPv6 error may answer a packet, and the packet that carries it (RFC 4443 §2.4)."""

from ipaddress import IPv6Address

from wire.ip.icmpv6 import PROBLEM_OPTION, Icmpv6Error, PacketTooBig, ParameterProblem, build_icmpv6
from wire.ip.ipv6 import PROTO_ICMPV6, Ipv6Packet

_FIRST_INFORMATIONAL = 128
_REDIRECT = 137


def error_about(packet: Ipv6Packet, error: Icmpv6Error, source: IPv6Address) -> Ipv6Packet | None:
    """The packet that brings `error` from `source` to the sender of `packet`, or None where none may be sent."""
    if _is_icmpv6_error(packet) or packet.source.is_multicast or packet.source.is_unspecified:
        return None
    if packet.destination.is_multicast and not _answers_multicast(error):
        return None
    return Ipv6Packet(
        source=source,
        destination=packet.source,
        next_header=PROTO_ICMPV6,
        payload=build_icmpv6(error, source, packet.source),
    )


def _is_icmpv6_error(packet: Ipv6Packet) -> bool:
    if packet.next_header != PROTO_ICMPV6 or not packet.payload:
        return False
    return packet.payload[0] < _FIRST_INFORMATIONAL or packet.payload[0] == _REDIRECT


def _answers_multicast(error: Icmpv6Error) -> bool:
    return isinstance(error, PacketTooBig) or (isinstance(error, ParameterProblem) and error.code == PROBLEM_OPTION)
