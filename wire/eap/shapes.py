"""The bodies of attributes by their few shapes; a value is a body without reserved octets, length and padding.

RFC 4187 §8.1 and §10, RFC 4186 §10, RFC 9048 §3 and §4. Every body has 2 octets more than a multiple of 4.
"""

from collections.abc import Callable
from dataclasses import dataclass

from wire.buffer import Reader
from wire.errors import EncodeError


@dataclass(frozen=True, slots=True)
class Shape:
    """How one kind of body is read and written; `build` pads to 2 octets more than a multiple of 4."""

    parse: Callable[[Reader], bytes]
    build: Callable[[bytes], bytes]


def _pad(body: bytes) -> bytes:
    return body + bytes((2 - len(body)) % 4)


def _refuse_unless(condition: bool, reason: str) -> None:
    if not condition:
        raise EncodeError(reason)


def _flag() -> Shape:
    def parse(body: Reader) -> bytes:
        body.skip(2)
        body.finish()
        return b""

    def build(value: bytes) -> bytes:
        _refuse_unless(not value, "a flag attribute has no value")
        return bytes(2)

    return Shape(parse, build)


def _exact(length: int) -> Shape:
    def parse(body: Reader) -> bytes:
        value = body.take(length)
        body.finish()
        return value

    def build(value: bytes) -> bytes:
        _refuse_unless(len(value) == length, f"a value of {length} octets is due")
        return value

    return Shape(parse, build)


def _reserved(fits: Callable[[int], bool]) -> Shape:
    def parse(body: Reader) -> bytes:
        body.skip(2)
        if not fits(body.remaining):
            raise body.error(f"a value of {body.remaining} octets")
        return body.rest()

    def build(value: bytes) -> bytes:
        _refuse_unless(fits(len(value)), f"a value of {len(value)} octets")
        return bytes(2) + value

    return Shape(parse, build)


def _counted() -> Shape:
    def parse(body: Reader) -> bytes:
        return body.take(body.u16())

    def build(value: bytes) -> bytes:
        return _pad(len(value).to_bytes(2, "big") + value)

    return Shape(parse, build)


def _counted_in_bits() -> Shape:
    def parse(body: Reader) -> bytes:
        bits = body.u16()
        if bits % 8 or not 32 <= bits <= 128:
            raise body.error(f"RES of {bits} bits")
        return body.take(bits // 8)

    def build(value: bytes) -> bytes:
        _refuse_unless(4 <= len(value) <= 16, "RES has 4 to 16 octets")
        return _pad((8 * len(value)).to_bytes(2, "big") + value)

    return Shape(parse, build)


def _zeros() -> Shape:
    def parse(body: Reader) -> bytes:
        value = body.rest()
        # RFC 4187 §10.12: the receiver must verify that padding is zero.
        if len(value) not in (2, 6, 10) or any(value):
            raise body.error("padding that is not zero or too long")
        return value

    def build(value: bytes) -> bytes:
        _refuse_unless(len(value) in (2, 6, 10) and not any(value), "padding is 2, 6 or 10 zero octets")
        return value

    return Shape(parse, build)


def _opaque() -> Shape:
    def build(value: bytes) -> bytes:
        _refuse_unless(len(value) % 4 == 2, "an opaque value is 2 octets more than a multiple of 4")
        return value

    return Shape(Reader.rest, build)


FLAG = _flag()
NUMBER = _exact(2)
AUTS = _exact(14)
BLOCK = _reserved(lambda length: length == 16)
BLOCKS = _reserved(lambda length: length > 0 and length % 16 == 0)
CHECKCODE = _reserved(lambda length: length in (0, 20, 32))
COUNTED = _counted()
RES = _counted_in_bits()
PADDING = _zeros()
OPAQUE = _opaque()
