"""ICMPv6 echo and error messages (RFC 4443)."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from wire.buffer import Reader
from wire.errors import DecodeError
from wire.frozen import dataclass
from wire.ip.checksum import IpAddress, transport_checksum
from wire.ip.ipv6 import HEADER_OCTETS, MINIMUM_MTU, PROTO_ICMPV6

UNREACHABLE_NO_ROUTE = 0
UNREACHABLE_PROHIBITED = 1
UNREACHABLE_ADDRESS = 3
UNREACHABLE_PORT = 4
EXCEEDED_HOP_LIMIT = 0
PROBLEM_FIELD = 0
PROBLEM_NEXT_HEADER = 1
PROBLEM_OPTION = 2

_QUOTED = MINIMUM_MTU - HEADER_OCTETS - 8


@dataclass(frozen=True, slots=True)
class EchoRequest:
    """Type 128 (RFC 4443 §4.1)."""

    identifier: int
    sequence: int
    data: bytes


@dataclass(frozen=True, slots=True)
class EchoReply:
    """Type 129 (RFC 4443 §4.2): the request's identifier, sequence and data."""

    identifier: int
    sequence: int
    data: bytes


@dataclass(frozen=True, slots=True)
class DestinationUnreachable:
    """Type 1 (RFC 4443 §3.1); `invoking` is as much of the packet as fits the minimum MTU."""

    code: int
    invoking: bytes


@dataclass(frozen=True, slots=True)
class PacketTooBig:
    """Type 2 (RFC 4443 §3.2); `mtu` in octets of the next hop's link."""

    mtu: int
    invoking: bytes


@dataclass(frozen=True, slots=True)
class TimeExceeded:
    """Type 3 (RFC 4443 §3.3)."""

    code: int
    invoking: bytes


@dataclass(frozen=True, slots=True)
class ParameterProblem:
    """Type 4 (RFC 4443 §3.4); `pointer` counts octets into the invoking packet."""

    code: int
    pointer: int
    invoking: bytes


@dataclass(frozen=True, slots=True)
class UnknownIcmpv6:
    """Any other type, kept as it is; `body` is what follows the checksum."""

    kind: int
    code: int
    body: bytes


Icmpv6Error = DestinationUnreachable | PacketTooBig | TimeExceeded | ParameterProblem
Icmpv6Message = EchoRequest | EchoReply | Icmpv6Error | UnknownIcmpv6

_PARSERS: Mapping[int, Callable[[int, Reader], Icmpv6Message]] = MappingProxyType(
    {
        1: lambda code, reader: DestinationUnreachable(code, _after_four(reader)),
        2: lambda _code, reader: PacketTooBig(reader.u32(), reader.rest()),
        3: lambda code, reader: TimeExceeded(code, _after_four(reader)),
        4: lambda code, reader: ParameterProblem(code, reader.u32(), reader.rest()),
        128: lambda _code, reader: EchoRequest(reader.u16(), reader.u16(), reader.rest()),
        129: lambda _code, reader: EchoReply(reader.u16(), reader.u16(), reader.rest()),
    }
)


def _after_four(reader: Reader) -> bytes:
    reader.skip(4)
    return reader.rest()


def parse_icmpv6(data: bytes, source: IpAddress, destination: IpAddress) -> Icmpv6Message:
    """Read one message of a packet between these addresses; DecodeError when its checksum is wrong."""
    reader = Reader(data)
    kind, code = reader.u8(), reader.u8()
    reader.skip(2)
    if transport_checksum(source, destination, PROTO_ICMPV6, data):
        raise DecodeError(2, "the ICMPv6 checksum is wrong")
    known = _PARSERS.get(kind)
    return known(code, reader) if known else UnknownIcmpv6(kind, code, reader.rest())


def build_icmpv6(message: Icmpv6Message, source: IpAddress, destination: IpAddress) -> bytes:
    """The message's octets with their checksum; an error quotes no more than the minimum MTU holds."""
    kind, code, body = _fields(message)
    zeroed = bytes((kind, code, 0, 0)) + body
    checksum = transport_checksum(source, destination, PROTO_ICMPV6, zeroed)
    return zeroed[:2] + checksum.to_bytes(2, "big") + body


def _fields(message: Icmpv6Message) -> tuple[int, int, bytes]:
    match message:
        case EchoRequest(identifier, sequence, data):
            return 128, 0, _echo(identifier, sequence, data)
        case EchoReply(identifier, sequence, data):
            return 129, 0, _echo(identifier, sequence, data)
        case DestinationUnreachable(code, invoking):
            return 1, code, _error(0, invoking)
        case PacketTooBig(mtu, invoking):
            return 2, 0, _error(mtu, invoking)
        case TimeExceeded(code, invoking):
            return 3, code, _error(0, invoking)
        case ParameterProblem(code, pointer, invoking):
            return 4, code, _error(pointer, invoking)
        case UnknownIcmpv6(kind, code, body):
            return kind, code, body


def _echo(identifier: int, sequence: int, data: bytes) -> bytes:
    return identifier.to_bytes(2, "big") + sequence.to_bytes(2, "big") + data


def _error(word: int, invoking: bytes) -> bytes:
    return word.to_bytes(4, "big") + invoking[:_QUOTED]
