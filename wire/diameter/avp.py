"""One AVP and lists of them, as octets (RFC 6733 §4.1)."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from struct import Struct
from typing import overload

from wire.diameter.dictionary import by_code
from wire.diameter.results import VENDOR_3GPP, ResultCode
from wire.errors import DecodeError, EncodeError
from wire.secret import Secret

FLAG_VENDOR = 0x80
FLAG_MANDATORY = 0x40
FLAG_PROTECTED = 0x20

_LONGEST = 0xFFFFFF
_VENDOR_BIT = FLAG_VENDOR << 24
_HEAD = Struct(">II")
_VENDOR_HEAD = Struct(">III")
_read_head = _HEAD.unpack_from
_PADDING = (b"", bytes(3), bytes(2), bytes(1))

MOST_AVPS = 512
"""How many AVPs one list may hold: several times what the longest command of TS 29.273 carries."""

SECRET_AVPS = frozenset(
    {
        (464, 0),  # EAP-Master-Session-Key
        (343, 0),  # MIP-Session-Key
        (610, VENDOR_3GPP),  # SIP-Authorization: XRES in an answer
        (612, VENDOR_3GPP),  # SIP-Auth-Data-Item holds the three around it
        (625, VENDOR_3GPP),  # Confidentiality-Key
        (626, VENDOR_3GPP),  # Integrity-Key
        (1413, VENDOR_3GPP),  # Authentication-Info holds the vectors of S6a
        (1414, VENDOR_3GPP),  # E-UTRAN-Vector
        (1415, VENDOR_3GPP),  # UTRAN-Vector
        (1416, VENDOR_3GPP),  # GERAN-Vector
        (1448, VENDOR_3GPP),  # XRES
        (1450, VENDOR_3GPP),  # KASME
        (1453, VENDOR_3GPP),  # Kc
        (1454, VENDOR_3GPP),  # SRES
    }
)
_SECRET_CODES = frozenset(code for code, _ in SECRET_AVPS)


# not frozen: that makes each of them three times as dear, and a message has some twenty; nobody assigns to one
@dataclass(slots=True, unsafe_hash=True)
class Avp:
    """One AVP: `data` is its value without padding, `vendor` 0 for the IETF's own; `flags` as received, V included.

    `offset` is where its value began in the message that it was parsed from. `text` is its value as text, once
    somebody has read it so: a name is looked at many times. `octets` is all of it where it is one that is `standing`.
    """

    code: int
    vendor: int
    flags: int
    data: bytes = field(repr=False)
    offset: int = field(default=0, compare=False, repr=False)
    text: str | None = field(default=None, compare=False, repr=False)
    octets: bytes | None = field(default=None, compare=False, repr=False)
    _children: "tuple[Avp, ...] | None" = field(default=None, compare=False, repr=False)

    @property
    def children(self) -> "tuple[Avp, ...]":
        """The AVPs in a Grouped one, parsed once; AvpFault 5014 when it holds none that can be."""
        if self._children is None:
            self._children = parse_avps(self.data, self.offset)
        return self._children

    @property
    def mandatory(self) -> bool:
        """Whether the M bit is set."""
        return bool(self.flags & FLAG_MANDATORY)

    def build(self) -> bytes:
        """Header, value, padding to four octets; EncodeError when the value is longer than its length field can say."""
        data = self.data
        head, padding = around(self.code, self.vendor, self.flags, len(data))
        return head + data + padding


@lru_cache(maxsize=1024)
def around(code: int, vendor: int, flags: int, octets: int) -> tuple[bytes, bytes]:
    """What stands before and behind a value of so many octets; EncodeError where the length field cannot say them."""
    has_vendor = vendor or flags & FLAG_VENDOR
    length = octets + (12 if has_vendor else 8)
    if length > _LONGEST:
        raise EncodeError(f"an AVP of {length} octets")
    if has_vendor:
        head = _VENDOR_HEAD.pack(code, (flags | FLAG_VENDOR) << 24 | length, vendor)
    else:
        head = _HEAD.pack(code, flags << 24 | length)
    return head, _PADDING[length & 3]


class AvpFault(DecodeError):
    """A message that RFC 6733 §7.1 has an answer for: `result`, and `failed` for the Failed-AVP.

    `before` are the AVPs that could be read, among which an answer finds Session-Id and Proxy-Info.
    """

    def __init__(self, offset: int, reason: str, result: ResultCode, failed: tuple[Avp, ...] = ()) -> None:
        super().__init__(offset, reason)
        self.result = result
        self.failed = failed
        self.before: tuple[Avp, ...] = ()


def parse_avps(data: bytes, base: int = 0) -> tuple[Avp, ...]:
    """Every AVP of `data`; `base` is its offset in the message. AvpFault 5014 for a length that does not fit."""
    found: list[Avp] = []
    try:
        _parse_into(found, data, base)
    except AvpFault as fault:
        fault.before = tuple(found)
        raise
    return tuple(found)


def _parse_into(found: list[Avp], data: bytes, base: int) -> None:
    at, end = 0, len(data)
    for _ in range(MOST_AVPS):
        if at >= end:
            return
        if at + 8 > end:
            raise _bad_length(base + at, "a header of eight octets does not fit", data[at:])
        code, rest = _read_head(data, at)
        if rest & _VENDOR_BIT:
            start, vendor = at + 12, int.from_bytes(data[at + 8 : at + 12], "big")
        else:
            start, vendor = at + 8, 0
        stop = at + (rest & _LONGEST)
        if not start <= stop <= end:
            reason = f"an AVP length of {rest & _LONGEST}, {end - at} octets left"
            raise _bad_length(base + at, reason, data[at:start])
        value = data[start:stop]
        if code in _SECRET_CODES and (code, vendor) in SECRET_AVPS:
            value = Secret(value)
        found.append(Avp(code, vendor, rest >> 24, value, base + start))
        # padded to four octets; the last AVP of a group is often sent without
        at = stop + 3 & ~3
    if at < end:
        raise AvpFault(base + at, f"more than {MOST_AVPS} AVPs", ResultCode.UNABLE_TO_COMPLY)


def _bad_length(offset: int, reason: str, head: bytes) -> AvpFault:
    """RFC 6733 §7.1.5 (5014): the offending header, filled up with zeros, and the shortest value, all zeros."""
    whole = head.ljust(8, b"\0")
    vendor = int.from_bytes(whole[8:12].ljust(4, b"\0"), "big") if whole[4] & FLAG_VENDOR else 0
    code = int.from_bytes(whole[:4], "big")
    definition = by_code(code, vendor)
    offender = Avp(code, vendor, whole[4], bytes(0 if definition is None else definition.least_length))
    return AvpFault(offset, reason, ResultCode.INVALID_AVP_LENGTH, (offender,))


def build_avps(avps: Iterable[Avp]) -> bytes:
    """The AVPs one after another, each padded."""
    return b"".join([avp.octets or avp.build() for avp in avps])


def standing(avp: Avp) -> Avp:
    """`avp`, built now because many messages will carry it."""
    avp.octets = avp.build()
    return avp


class WrittenAvps(Sequence[Avp]):
    """AVPs as octets, parsed when somebody looks at one of them: who only sends them does not.

    `result` is the Result-Code in them, where whoever has written them says so.
    """

    __slots__ = ("_read", "octets", "result")

    def __init__(self, octets: bytes, result: int | None = None) -> None:
        self.octets = octets
        self.result = result
        self._read: tuple[Avp, ...] | None = None

    def read(self) -> tuple[Avp, ...]:
        """All of them."""
        if self._read is None:
            self._read = parse_avps(self.octets)
        return self._read

    @property
    def keys(self) -> Collection[tuple[int, int]]:
        """(code, vendor) of each."""
        return {(one.code, one.vendor) for one in self.read()}

    def __len__(self) -> int:
        return len(self.read())

    def __iter__(self) -> Iterator[Avp]:
        return iter(self.read())

    @overload
    def __getitem__(self, at: int) -> Avp: ...
    @overload
    def __getitem__(self, at: slice) -> tuple[Avp, ...]: ...
    def __getitem__(self, at: int | slice) -> Avp | tuple[Avp, ...]:
        return self.read()[at]

    def __eq__(self, other: object) -> bool:
        return self.read() == (other.read() if isinstance(other, WrittenAvps) else other)

    def __hash__(self) -> int:
        return hash(self.read())

    def __repr__(self) -> str:
        return repr(self.read())
