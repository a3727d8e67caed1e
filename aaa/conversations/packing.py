"""The octets of a kept conversation: numbers, texts, and identities in as few octets as they have meaning.

An identity is one octet that says its form, then the form: a text as it is; IMSI in 8 octets (TS 33.402 §14) behind the
leading character of a permanent identity; the octets that a sealed identity spells in base64url, a quarter shorter. A
realm that every node knows is its place in a list, and an identity that stood before is its place among those; what
both ends know by other ways stands before all.
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache

from aaa.identities.base64url import decoded, encoded
from aaa.identities.contents import pack_digits, unpack_imsi
from wire.buffer import Reader
from wire.errors import EncodeError
from wire.identity import Imsi

IMSI_LENGTH = 8
MOST_REALMS = 7

BEFORE = 0x80
_TEXT, PERMANENT, SEALED = 0x00, 0x10, 0x20
_FORM, _REALM = 0xF0, 0x0F
_OCTET = tuple(bytes((value,)) for value in range(0x80))
_WORTH_IT = 16
"""Fewer characters are no sealed identity."""


class Packer:
    """Gathers octets; `realms` are those that every node knows, `known` identities that the reader will know."""

    def __init__(self, realms: Sequence[str], known: Sequence[bytes] = ()) -> None:
        self._realms = ends(tuple(realms))
        self._parts: list[bytes] = []
        self._identities = list(known)

    def build(self) -> bytes:
        """All that was put in."""
        return b"".join(self._parts)

    def octets(self, value: bytes) -> None:
        """As they are: the reader knows how many."""
        self._parts.append(value)

    def number(self, value: int, length: int = 1) -> None:
        """`length` octets, most significant first; EncodeError when they are too few."""
        try:
            self._parts.append(value.to_bytes(length, "big"))
        except OverflowError:
            raise EncodeError(f"{value} does not fit into {length} octets") from None

    def varied(self, value: bytes) -> None:
        """Any number of octets, behind that number: 7 bits an octet, the last octet below 128."""
        self._parts += (count(len(value)), value)

    def text(self, value: str | None) -> None:
        """Behind one more than its length; 0 for None."""
        if value is None:
            self._parts.append(b"\0")
            return
        octets = value.encode()
        self._parts += (count(len(octets) + 1), octets)

    def identity(self, value: bytes) -> None:
        """Its shortest form."""
        before = self._identities
        if value in before:
            self._parts.append(bytes((BEFORE | before.index(value),)))
            return
        if len(before) < BEFORE:
            before.append(value)
        realm, username = 0, value
        for at, end in enumerate(self._realms, 1):
            if value.endswith(end):
                realm, username = at, value[: -len(end)]
                break
        lead, body = username[:1], username[1:]
        if is_imsi(body):
            self._parts += (bytes((PERMANENT | realm,)), lead, pack_digits(body.decode()))
        elif raw := spelled(body):
            self.number(SEALED | realm)
            self.octets(lead)
            self.varied(raw)
        else:
            self.number(_TEXT | realm)
            self.varied(username)


class Unpacker(Reader):
    """Reads what a Packer with the same realms and identities has gathered; DecodeError for anything else."""

    __slots__ = ("_identities", "_realms")

    def __init__(self, octets: bytes, realms: Sequence[str], known: Sequence[bytes] = ()) -> None:
        super().__init__(octets)
        self._realms = [b"", *(f"@{realm}".encode() for realm in realms[:MOST_REALMS])]
        self._identities = list(known)

    def number(self, length: int = 1) -> int:
        """`length` octets."""
        return int.from_bytes(self.take(length), "big")

    def choice(self, count: int) -> int:
        """A number below `count` in one octet."""
        found = self.u8()
        if found >= count:
            raise self.error(f"{found} is none of {count} choices")
        return found

    def varied(self) -> bytes:
        """Any number of octets."""
        return self.take(self._count())

    def _count(self) -> int:
        value = shift = 0
        while (octet := self.u8()) & 0x80:
            value |= (octet & 0x7F) << shift
            shift += 7
        return value | octet << shift

    def text(self) -> str | None:
        """A text, or None."""
        length = self._count()
        if not length:
            return None
        try:
            return self.take(length - 1).decode()
        except UnicodeDecodeError:
            raise self.error("a text is no UTF-8") from None

    def identity(self) -> bytes:
        """An identity as the UE wrote it."""
        form = self.u8()
        if form & BEFORE:
            if form - BEFORE >= len(self._identities):
                raise self.error("no such identity stood before")
            return self._identities[form - BEFORE]
        if form & _REALM >= len(self._realms):
            raise self.error("no such realm is known")
        found = self._username(form & _FORM) + self._realms[form & _REALM]
        self._identities.append(found)
        return found

    def _username(self, form: int) -> bytes:
        match form:
            case 0x00:
                return self.varied()
            case 0x10:
                return self.take(1) + self.imsi().digits.encode()
            case 0x20:
                return self.take(1) + encoded(self.varied())
            case _:
                raise self.error("an identity has no such form")

    def imsi(self) -> Imsi:
        """An IMSI of 8 octets."""
        return unpack_imsi(self.take(IMSI_LENGTH))


def count(value: int) -> bytes:
    """7 bits an octet, the last octet below 128."""
    if value < 0x80:
        return _OCTET[value]
    octets = bytearray()
    while value > 0x7F:
        octets.append(0x80 | value & 0x7F)
        value >>= 7
    octets.append(value)
    return bytes(octets)


@lru_cache(maxsize=64)
def ends(realms: tuple[str, ...]) -> list[bytes]:
    """How an identity in each realm ends, as far as realms have a place."""
    return [f"@{realm}".encode() for realm in realms[:MOST_REALMS]]


@lru_cache(maxsize=64)
def known_realms(realms: Sequence[str]) -> Mapping[bytes, int]:
    """The place of each realm in its list, by how an identity in it ends; 0 for none."""
    known = ends(tuple(realms))
    # Packer takes the first realm that an identity ends with, and that may be a part of another one
    named = {end: at for at, end in enumerate(known, 1) if not any(map(end.endswith, known[: at - 1]))}
    return {b"": 0, **named}


def is_imsi(digits: bytes) -> bool:
    """Whether they are the digits of an IMSI."""
    return 6 <= len(digits) <= 15 and digits.isdigit()


def spelled(text: bytes) -> bytes:
    """The octets that `text` spells in base64url in its one right way; none for anything else, or what is short."""
    return decoded(text) if len(text) >= _WORTH_IT else b""
