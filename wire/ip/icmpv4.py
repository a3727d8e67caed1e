"""ICMP echo and error messages, in the words of ICMPv6 (RFC 792, RFC 1191 §4; the same meaning by RFC 7915 §4.2)."""

from collections.abc import Mapping
from types import MappingProxyType

from wire.buffer import Reader
from wire.errors import DecodeError
from wire.ip.checksum import internet_checksum
from wire.ip.icmpv6 import (
    PROBLEM_NEXT_HEADER,
    UNREACHABLE_ADDRESS,
    UNREACHABLE_NO_ROUTE,
    UNREACHABLE_PORT,
    UNREACHABLE_PROHIBITED,
    DestinationUnreachable,
    EchoReply,
    EchoRequest,
    Icmpv6Message,
    PacketTooBig,
    ParameterProblem,
    TimeExceeded,
    UnknownIcmpv6,
)

PROTO_ICMP = 1

_UNREACHABLE, _ECHO_REPLY, _ECHO, _EXCEEDED, _PROBLEM = 3, 0, 8, 11, 12
_CODE_PROTOCOL, _CODE_TOO_BIG = 2, 4
_QUOTED = 576 - 20 - 8
"""Octets of the packet that caused an error, so that the whole is 576 at most (RFC 1812 §4.3.2.3)."""

_TO_V4: Mapping[int, int] = MappingProxyType(
    {UNREACHABLE_NO_ROUTE: 0, UNREACHABLE_PROHIBITED: 13, UNREACHABLE_ADDRESS: 1, UNREACHABLE_PORT: 3}
)
_FROM_V4: Mapping[int, int] = MappingProxyType(
    {
        1: UNREACHABLE_ADDRESS,
        3: UNREACHABLE_PORT,
        9: UNREACHABLE_PROHIBITED,
        10: UNREACHABLE_PROHIBITED,
        13: UNREACHABLE_PROHIBITED,
    }
)


def parse_icmpv4(data: bytes) -> Icmpv6Message:
    """Read one message; DecodeError when its checksum is wrong."""
    reader = Reader(data)
    kind, code = reader.u8(), reader.u8()
    reader.skip(2)
    if internet_checksum(data):
        raise DecodeError(2, "the ICMP checksum is wrong")
    if kind in {_ECHO, _ECHO_REPLY}:
        echo = EchoRequest if kind == _ECHO else EchoReply
        return echo(reader.u16(), reader.u16(), reader.rest())
    if kind not in {_UNREACHABLE, _EXCEEDED}:
        return UnknownIcmpv6(kind, code, reader.rest())
    word, invoking = reader.u32(), reader.rest()
    if kind == _EXCEEDED:
        return TimeExceeded(code, invoking)
    if code == _CODE_TOO_BIG:
        return PacketTooBig(word & 0xFFFF, invoking)
    if code == _CODE_PROTOCOL:
        return ParameterProblem(PROBLEM_NEXT_HEADER, 9, invoking)
    return DestinationUnreachable(_FROM_V4.get(code, UNREACHABLE_NO_ROUTE), invoking)


def build_icmpv4(message: Icmpv6Message) -> bytes:
    """The message's octets with their checksum; an error quotes as much as keeps it within 576 octets."""
    kind, code, body = _fields(message)
    zeroed = bytes((kind, code, 0, 0)) + body
    return zeroed[:2] + internet_checksum(zeroed).to_bytes(2, "big") + body


def _fields(message: Icmpv6Message) -> tuple[int, int, bytes]:
    match message:
        case EchoRequest(identifier, sequence, data):
            return _ECHO, 0, identifier.to_bytes(2, "big") + sequence.to_bytes(2, "big") + data
        case EchoReply(identifier, sequence, data):
            return _ECHO_REPLY, 0, identifier.to_bytes(2, "big") + sequence.to_bytes(2, "big") + data
        case DestinationUnreachable(code, invoking):
            return _UNREACHABLE, _TO_V4.get(code, 0), bytes(4) + invoking[:_QUOTED]
        case PacketTooBig(mtu, invoking):
            return _UNREACHABLE, _CODE_TOO_BIG, mtu.to_bytes(4, "big") + invoking[:_QUOTED]
        case TimeExceeded(code, invoking):
            return _EXCEEDED, code, bytes(4) + invoking[:_QUOTED]
        case ParameterProblem(code, pointer, invoking):
            if code == PROBLEM_NEXT_HEADER:
                return _UNREACHABLE, _CODE_PROTOCOL, bytes(4) + invoking[:_QUOTED]
            return _PROBLEM, 0, bytes((pointer & 0xFF, 0, 0, 0)) + invoking[:_QUOTED]
        case UnknownIcmpv6(kind, code, body):
            return kind, code, body
