"""The pcapng file format (draft-ietf-opsawg-pcapng), as much of it as a capture of IP packets needs."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from wire.buffer import Reader
from wire.errors import DecodeError

LINK_TYPE_RAW = 101
"""LINKTYPE_RAW: a packet begins with its IPv4 or IPv6 header."""

SECTION_HEADER = 0x0A0D0D0A
INTERFACE = 1
ENHANCED_PACKET = 6

_BYTE_ORDER_MAGIC = 0x1A2B3C4D
_OPTION_COMMENT = 1
_OPTION_NAME = 2
_OPTION_RESOLUTION = 9
_NANOSECONDS = b"\x09"


@dataclass(frozen=True, slots=True)
class Packet:
    """One IP packet: `time` in nanoseconds since 1970, `interface` the name of the one that saw it."""

    time: int
    interface: str
    octets: bytes


def section_header() -> bytes:
    """The block that begins a file; its length is left open, so that a file may grow."""
    return _block(SECTION_HEADER, struct.pack("<IHHq", _BYTE_ORDER_MAGIC, 1, 0, -1))


def interface_description(name: str) -> bytes:
    """The next interface of the file: raw IP, no length limit, times in nanoseconds."""
    options = _option(_OPTION_NAME, name.encode()) + _option(_OPTION_RESOLUTION, _NANOSECONDS) + _option(0, b"")
    return _block(INTERFACE, struct.pack("<HHI", LINK_TYPE_RAW, 0, 0) + options)


def enhanced_packet(interface: int, time: int, octets: bytes, comment: str = "") -> bytes:
    """One packet seen on the `interface`th description of the file at `time` nanoseconds since 1970."""
    head = struct.pack("<IIIII", interface, time >> 32, time & 0xFFFFFFFF, len(octets), len(octets))
    options = _option(_OPTION_COMMENT, comment.encode()) + _option(0, b"") if comment else b""
    return _block(ENHANCED_PACKET, head + _padded(octets) + options)


def parse(octets: bytes) -> tuple[Packet, ...]:
    """The packets of a little-endian file with times in nanoseconds, in its order.

    A last block that is cut off, as a killed process leaves it, is passed over; DecodeError for anything else wrong.
    """
    packets: list[Packet] = []
    interfaces: list[str] = []
    for kind, body in _blocks(octets):
        if kind == SECTION_HEADER:
            interfaces.clear()
        elif kind == INTERFACE:
            interfaces.append(_parse_interface(body))
        elif kind == ENHANCED_PACKET:
            packets.append(_parse_packet(body, interfaces))
    return tuple(packets)


def _blocks(octets: bytes) -> Iterator[tuple[int, Reader]]:
    reader = Reader(octets)
    first = True
    while reader.remaining >= 12:
        start = reader.offset
        kind, length = _u32(reader), _u32(reader)
        if first and kind != SECTION_HEADER:
            raise DecodeError(start, "the file does not begin with a section header")
        first = False
        if length < 12 or length % 4:
            raise DecodeError(start + 4, f"a block of {length} octets")
        if length - 8 > reader.remaining:
            return
        body = reader.sub(length - 12)
        if _u32(reader) != length:
            raise DecodeError(reader.offset - 4, "a block whose two lengths differ")
        if kind == SECTION_HEADER:
            _check_section(body)
        yield kind, body


def _check_section(body: Reader) -> None:
    if _u32(body) != _BYTE_ORDER_MAGIC:
        raise DecodeError(body.offset - 4, "not a little-endian section")


def _parse_interface(body: Reader) -> str:
    body.skip(8)
    name, resolution = "", b""
    for code, value in _options(body):
        if code == _OPTION_NAME:
            name = value.decode(errors="replace")
        elif code == _OPTION_RESOLUTION:
            resolution = value
    if resolution != _NANOSECONDS:
        raise body.error("an interface whose times are not in nanoseconds")
    return name


def _parse_packet(body: Reader, interfaces: list[str]) -> Packet:
    number, high, low, captured, _original = (_u32(body) for _ in range(5))
    if number >= len(interfaces):
        raise body.error(f"a packet of interface {number}, which the file does not describe")
    return Packet(high << 32 | low, interfaces[number], body.take(captured))


def _options(body: Reader) -> Iterator[tuple[int, bytes]]:
    while body.remaining:
        code, length = (int.from_bytes(body.take(2), "little") for _ in range(2))
        if code == 0:
            return
        yield code, body.take(length)
        body.skip(-length % 4)


def _u32(reader: Reader) -> int:
    return int.from_bytes(reader.take(4), "little")


def _block(kind: int, body: bytes) -> bytes:
    length = struct.pack("<I", len(body) + 12)
    return struct.pack("<I", kind) + length + body + length


def _option(code: int, value: bytes) -> bytes:
    return struct.pack("<HH", code, len(value)) + _padded(value)


def _padded(octets: bytes) -> bytes:
    return octets + bytes(-len(octets) % 4)
