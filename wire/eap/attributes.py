"""Attributes of EAP-AKA and its relatives: Type, Length in units of 4 octets, value (RFC 4187 §8.1)."""

from collections.abc import Iterator
from dataclasses import field
from enum import IntEnum
from functools import lru_cache
from typing import NamedTuple

from wire.eap import shapes
from wire.eap.shapes import Shape
from wire.errors import DecodeError, EncodeError
from wire.frozen import dataclass

FIRST_SKIPPABLE = 128
"""From here on a receiver passes over what it does not know (RFC 4187 §8.1)."""

_new = tuple.__new__
_OPAQUE = shapes.OPAQUE


class At(IntEnum):
    """Attribute types, each AT_<name> of RFC 4186, RFC 4187, RFC 9048, RFC 7458 and TS 24.302 §8.2."""

    RAND = 1
    AUTN = 2
    RES = 3
    AUTS = 4
    PADDING = 6
    NONCE_MT = 7
    PERMANENT_ID_REQ = 10
    MAC = 11
    NOTIFICATION = 12
    ANY_ID_REQ = 13
    IDENTITY = 14
    VERSION_LIST = 15
    SELECTED_VERSION = 16
    FULLAUTH_ID_REQ = 17
    COUNTER = 19
    COUNTER_TOO_SMALL = 20
    NONCE_S = 21
    CLIENT_ERROR_CODE = 22
    KDF_INPUT = 23
    KDF = 24
    IV = 129
    ENCR_DATA = 130
    NEXT_PSEUDONYM = 132
    NEXT_REAUTH_ID = 133
    CHECKCODE = 134
    RESULT_IND = 135
    BIDDING = 136
    IPMS_IND = 137
    IPMS_RES = 138
    TRUST_IND = 139
    SHORT_NAME_FOR_NETWORK = 140
    FULL_NAME_FOR_NETWORK = 141
    RQSI_IND = 142
    RQSI_RES = 143
    TWAN_CONN_MODE = 144
    VIRTUAL_NETWORK_ID = 145
    VIRTUAL_NETWORK_REQ = 146
    CONNECTIVITY_TYPE = 147
    HANDOVER_INDICATION = 148
    HANDOVER_SESSION_ID = 149
    MN_SERIAL_ID = 150


_MAC, _PADDING = int(At.MAC), int(At.PADDING)
_SHAPES: dict[int, Shape] = {
    At.RAND: shapes.BLOCKS,  # EAP-SIM carries two or three (RFC 4186 §10.9)
    At.AUTN: shapes.BLOCK,
    At.RES: shapes.RES,
    At.AUTS: shapes.AUTS,
    At.PADDING: shapes.PADDING,
    At.NONCE_MT: shapes.BLOCK,
    At.PERMANENT_ID_REQ: shapes.FLAG,
    At.MAC: shapes.BLOCK,
    At.NOTIFICATION: shapes.NUMBER,
    At.ANY_ID_REQ: shapes.FLAG,
    At.IDENTITY: shapes.COUNTED,
    At.VERSION_LIST: shapes.COUNTED,
    At.SELECTED_VERSION: shapes.NUMBER,
    At.FULLAUTH_ID_REQ: shapes.FLAG,
    At.COUNTER: shapes.NUMBER,
    At.COUNTER_TOO_SMALL: shapes.FLAG,
    At.NONCE_S: shapes.BLOCK,
    At.CLIENT_ERROR_CODE: shapes.NUMBER,
    At.KDF_INPUT: shapes.COUNTED,
    At.KDF: shapes.NUMBER,
    At.IV: shapes.BLOCK,
    At.ENCR_DATA: shapes.BLOCKS,
    At.NEXT_PSEUDONYM: shapes.COUNTED,
    At.NEXT_REAUTH_ID: shapes.COUNTED,
    At.CHECKCODE: shapes.CHECKCODE,
    At.RESULT_IND: shapes.FLAG,
    At.BIDDING: shapes.NUMBER,
}


def attribute_name(number: int) -> str:
    """`AT_KDF`, or `attribute 99` when nobody named it."""
    return f"AT_{_NAMES[number]}" if number in _NAMES else f"attribute {number}"


_NAMES = {int(member): member.name for member in At}


class Attribute(NamedTuple):
    """One attribute; `value` is without reserved octets, inner length and padding (empty for a flag).

    An attribute that this project does not know keeps its whole body, so that it survives a round trip.
    """

    type: int
    value: bytes = b""

    @classmethod
    def number(cls, kind: At, value: int) -> "Attribute":
        """An attribute whose value is one number of 16 bits."""
        return cls(kind, value.to_bytes(2, "big"))

    def build(self) -> bytes:
        """The octets; EncodeError when the value does not fit the attribute."""
        return build_attribute(self.type, self.value)

    def __repr__(self) -> str:
        # RES and what was encrypted pass here: a log may hold the name and the length.
        return f"<{attribute_name(self.type)} of {len(self.value)} octets>"


def build_attribute(kind: int, value: bytes = b"") -> bytes:
    """The octets of one attribute; EncodeError when `value` does not fit it."""
    if kind == _PADDING:
        shapes.PADDING.build(value)
    before, behind = attribute_around(kind, len(value))
    return before + value + behind


@lru_cache(maxsize=1024)
def attribute_around(kind: int, length: int) -> tuple[bytes, bytes]:
    """What stands before and behind a value of `length` octets; EncodeError when none of that length fits."""
    shape = _SHAPES.get(kind, _OPAQUE)
    body = shape.build(bytes(length))
    try:
        built = bytes((kind, len(body) + 2 >> 2)) + body
    except ValueError:
        raise EncodeError(f"{attribute_name(kind)} does not fit") from None
    return built[: shape.head], built[shape.head + length :]


@dataclass(frozen=True, slots=True)
class Attributes:
    """Attributes in the order of the message.

    `mac_at` is where the value of AT_MAC begins in the message that they were read from, 0 without one.
    """

    items: tuple[Attribute, ...] = ()
    mac_at: int = field(default=0, compare=False, repr=False)

    @classmethod
    def parse(cls, octets: bytes, base: int = 0) -> "Attributes":
        """All attributes of `octets`, which begin at offset `base` of their message.

        DecodeError when one is malformed, or unknown and not skippable.
        """
        items: list[Attribute] = []
        at = mac_at = 0
        total = len(octets)
        last = total - 1
        shape_of, found = _SHAPES.get, items.append
        while at < last:
            number, end = octets[at], at + 4 * octets[at + 1]
            if not at < end <= total:
                raise _bad_length(octets, at, base)
            shape = shape_of(number, _OPAQUE)
            if end - at == shape.whole:
                value = octets[at + shape.head : end]
            elif shape is _OPAQUE and number < FIRST_SKIPPABLE:
                raise DecodeError(base + at + 2, f"unknown non-skippable attribute {number}")
            else:
                value = shape.parse(octets[at + 2 : end], base + at + 2)
            if number == _MAC:
                mac_at = base + at + shape.head
            # as Attribute(), which takes a call more
            found(_new(Attribute, (number, value)))
            at = end
        if at != total:
            raise _bad_length(octets, at, base)
        return cls(tuple(items), mac_at)

    def build(self) -> bytes:
        """The octets of all, in order; EncodeError when a value does not fit its attribute."""
        return b"".join([build_attribute(kind, value) for kind, value in self.items])

    def get(self, kind: At) -> bytes | None:
        """The value of the first `kind`, or None."""
        for found, value in self.items:
            if found == kind:
                return value
        return None

    def number(self, kind: At) -> int | None:
        """The value of the first `kind` as a number, or None."""
        value = self.get(kind)
        return None if value is None else int.from_bytes(value, "big")

    def numbers(self, kind: At) -> tuple[int, ...]:
        """The values of every `kind` as numbers, in order."""
        return tuple([int.from_bytes(value, "big") for found, value in self.items if found == kind])

    def __contains__(self, kind: object) -> bool:
        for found, _ in self.items:  # noqa: SIM110 - a generator takes twice the time, in every message
            if found == kind:
                return True
        return False

    def __iter__(self) -> Iterator[Attribute]:
        return iter(self.items)

    def __len__(self) -> int:
        return len(self.items)


def _bad_length(octets: bytes, at: int, base: int) -> DecodeError:
    """What is wrong with the length of the attribute that begins at `at`."""
    left = len(octets) - at
    if left > 1 and octets[at + 1] == 0:
        return DecodeError(base + at + 2, f"{attribute_name(octets[at])} of length 0")
    length = 4 * octets[at + 1] if left > 1 else 2
    return DecodeError(base + at + min(left, 2), f"{length} octets needed, {left} left")
