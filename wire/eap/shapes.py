"""The bodies of attributes by their few shapes; a value is a body without reserved octets, length and padding.

RFC 4187 §8.1 and §10, RFC 4186 §10, RFC 9048 §3 and §4. Every body has 2 octets more than a multiple of 4.
"""

from collections.abc import Callable

from wire.errors import DecodeError, EncodeError
from wire.frozen import dataclass


@dataclass(frozen=True, slots=True)
class Shape:
    """How one kind of body is read and written; `build` pads to 2 octets more than a multiple of 4.

    `parse` takes a body and where it begins in its message, for a DecodeError to say. An attribute of `whole` octets
    needs no parsing: its value is what is left without the first `head`. It is 0 where that is never so; `head` is
    where the value begins in any.
    """

    parse: Callable[[bytes, int], bytes]
    build: Callable[[bytes], bytes]
    whole: int = 0
    head: int = 4


def _flag() -> Shape:
    def parse(body: bytes, at: int) -> bytes:
        if len(body) != 2:
            raise DecodeError(at + 2, f"{len(body) - 2} octets left over")
        return b""

    def build(value: bytes) -> bytes:
        if value:
            raise EncodeError("a flag attribute has no value")
        return bytes(2)

    return Shape(parse, build, whole=4)


def _exact(length: int) -> Shape:
    def parse(body: bytes, at: int) -> bytes:
        if len(body) != length:
            raise DecodeError(at, f"a value of {len(body)} octets, {length} are due")
        return body

    def build(value: bytes) -> bytes:
        if len(value) != length:
            raise EncodeError(f"a value of {length} octets is due")
        return value

    return Shape(parse, build, whole=2 + length, head=2)


def _reserved(fits: Callable[[int], bool], whole: int = 0) -> Shape:
    def parse(body: bytes, at: int) -> bytes:
        if not fits(len(body) - 2):
            raise DecodeError(at + 2, f"a value of {len(body) - 2} octets")
        return body[2:]

    def build(value: bytes) -> bytes:
        if not fits(len(value)):
            raise EncodeError(f"a value of {len(value)} octets")
        return b"\0\0" + value

    return Shape(parse, build, whole)


def _counted() -> Shape:
    def parse(body: bytes, at: int) -> bytes:
        return _counted_octets(body, int.from_bytes(body[:2], "big"), at)

    def build(value: bytes) -> bytes:
        return len(value).to_bytes(2, "big") + value.ljust(len(value) + 3 & ~3, b"\0")

    return Shape(parse, build)


def _counted_octets(body: bytes, count: int, at: int) -> bytes:
    if count > len(body) - 2:
        raise DecodeError(at + 2, f"{count} octets needed, {len(body) - 2} left")
    return body[2 : 2 + count]


def _counted_in_bits() -> Shape:
    def parse(body: bytes, at: int) -> bytes:
        bits = body[0] << 8 | body[1]
        if bits % 8 or not 32 <= bits <= 128:
            raise DecodeError(at, f"RES of {bits} bits")
        return _counted_octets(body, bits // 8, at)

    def build(value: bytes) -> bytes:
        if not 4 <= len(value) <= 16:
            raise EncodeError("RES has 4 to 16 octets")
        return (8 * len(value)).to_bytes(2, "big") + value.ljust(len(value) + 3 & ~3, b"\0")

    return Shape(parse, build)


def _zeros() -> Shape:
    def parse(body: bytes, at: int) -> bytes:
        # RFC 4187 §10.12: the receiver must verify that padding is zero.
        if len(body) not in (2, 6, 10) or any(body):
            raise DecodeError(at, "padding that is not zero or too long")
        return body

    def build(value: bytes) -> bytes:
        if len(value) not in (2, 6, 10) or any(value):
            raise EncodeError("padding is 2, 6 or 10 zero octets")
        return value

    return Shape(parse, build, head=2)


def _opaque() -> Shape:
    def build(value: bytes) -> bytes:
        if len(value) % 4 != 2:
            raise EncodeError("an opaque value is 2 octets more than a multiple of 4")
        return value

    return Shape(lambda body, _at: body, build, head=2)


FLAG = _flag()
NUMBER = _exact(2)
AUTS = _exact(14)
BLOCK = _reserved(lambda length: length == 16, whole=20)
BLOCKS = _reserved(lambda length: length > 0 and length % 16 == 0, whole=20)
CHECKCODE = _reserved(lambda length: length in (0, 20, 32), whole=4)
COUNTED = _counted()
RES = _counted_in_bits()
PADDING = _zeros()
OPAQUE = _opaque()
