"""A whole Diameter message: header and AVPs (RFC 6733 §3)."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import field
from struct import Struct

from wire.diameter.avp import Avp, AvpFault, WrittenAvps, build_avps, parse_avps
from wire.diameter.dictionary import by_name, key_of
from wire.diameter.results import ResultCode
from wire.diameter.values import Value, decode
from wire.errors import DecodeError, EncodeError
from wire.frozen import dataclass

_HEAD = Struct(">5I")

HEADER_LENGTH = 20
VERSION = 1
LONGEST = 0xFFFFFC

FLAG_REQUEST = 0x80
FLAG_PROXIABLE = 0x40
FLAG_ERROR = 0x20
FLAG_RETRANSMITTED = 0x10
_ORIGIN_HOST = key_of("Origin-Host")
_REQUEST_AND_ERROR = FLAG_REQUEST | FLAG_ERROR


@dataclass(frozen=True, slots=True)
class Header:
    """The twenty octets of RFC 6733 §3."""

    version: int
    length: int
    flags: int
    command: int
    application: int
    hop_by_hop: int
    end_to_end: int

    @classmethod
    def parse(cls, data: bytes) -> "Header":
        """The first twenty octets of `data`, whatever they say; DecodeError when there are fewer."""
        if len(data) < HEADER_LENGTH:
            raise DecodeError(len(data), f"a Diameter header has 20 octets, not {len(data)}")
        length, command, application, hop_by_hop, end_to_end = _HEAD.unpack_from(data)
        return cls(
            length >> 24, length & 0xFFFFFF, command >> 24, command & 0xFFFFFF, application, hop_by_hop, end_to_end
        )

    def bare(self) -> "Message":
        """This header as a message without AVPs, from which an error answer may be made."""
        return Message(self.command, self.application, self.flags, self.hop_by_hop, self.end_to_end, ())


@dataclass(frozen=True, slots=True)
class Message:
    """One message; reserved header bits are kept as received (RFC 6733 §3: to be ignored)."""

    command: int
    application: int
    flags: int
    hop_by_hop: int
    end_to_end: int
    avps: tuple[Avp, ...] | WrittenAvps
    _firsts: dict[tuple[int, int], Avp] | None = field(default=None, init=False, compare=False, repr=False)

    @classmethod
    def parse(cls, data: bytes) -> "Message":
        """One whole message. AvpFault carries the Result-Code of RFC 6733 §7.1: 5011, 5015, 3008 or 5014."""
        if len(data) < HEADER_LENGTH:
            raise DecodeError(len(data), f"a Diameter header has 20 octets, not {len(data)}")
        length, command, application, hop_by_hop, end_to_end = _HEAD.unpack_from(data)
        flags = command >> 24
        if length != (VERSION << 24 | len(data)) or length & 3 or flags & _REQUEST_AND_ERROR == _REQUEST_AND_ERROR:
            raise _bad_header(Header.parse(data), len(data))
        avps = parse_avps(data[HEADER_LENGTH:], HEADER_LENGTH)
        return cls(command & 0xFFFFFF, application, flags, hop_by_hop, end_to_end, avps)

    def build(self) -> bytes:
        """The octets; EncodeError when they exceed what the length field can say."""
        avps = self.avps
        body = build_avps(avps) if isinstance(avps, tuple) else avps.octets
        length = HEADER_LENGTH + len(body)
        if length > LONGEST:
            raise EncodeError(f"a message of {length} octets")
        command = self.flags << 24 | self.command
        head = _HEAD.pack(VERSION << 24 | length, command, self.application, self.hop_by_hop, self.end_to_end)
        return head + body

    @property
    def is_request(self) -> bool:
        """Whether the R bit is set."""
        return bool(self.flags & FLAG_REQUEST)

    @property
    def is_error(self) -> bool:
        """Whether the E bit is set."""
        return bool(self.flags & FLAG_ERROR)

    @property
    def retransmitted(self) -> bool:
        """Whether the T bit is set."""
        return bool(self.flags & FLAG_RETRANSMITTED)

    @property
    def firsts(self) -> Mapping[tuple[int, int], Avp]:
        """The first AVP of each (code, vendor), as `dictionary.key_of` names them."""
        firsts = self._firsts
        if firsts is None:
            avps = self.avps
            read = avps if isinstance(avps, tuple) else avps.read()
            firsts = {(one.code, one.vendor): one for one in reversed(read)}
            object.__setattr__(self, "_firsts", firsts)
        return firsts

    @property
    def keys(self) -> Collection[tuple[int, int]]:
        """(code, vendor) of every AVP."""
        avps = self.avps
        return self.firsts.keys() if isinstance(avps, tuple) else avps.keys

    @property
    def asker(self) -> tuple[bytes, int, int]:
        """Origin-Host in lower case, application and command."""
        origin = self.firsts.get(_ORIGIN_HOST)
        return b"" if origin is None else origin.data.lower(), self.application, self.command

    def first(self, name: str) -> Avp | None:
        """The first AVP called `name`, or None."""
        key = key_of(name)
        return self.firsts[key] if key in self.keys else None

    def value(self, name: str) -> Value | None:
        """The value of the first AVP called `name`, or None; AvpFault when it is not of its format."""
        avp = self.first(name)
        return None if avp is None else decode(by_name(name), avp)

    def text(self, name: str) -> str | None:
        """The value of a text AVP, or None where it is missing or not well encoded: for logs and look-ups."""
        try:
            value = self.value(name)
        except AvpFault:
            return None
        return value if isinstance(value, str) else None

    @property
    def result_code(self) -> int | None:
        """Result-Code, or None where an answer has none that can be read."""
        avp = self.first("Result-Code")
        return int.from_bytes(avp.data, "big") if avp is not None and len(avp.data) == 4 else None

    def numbered(self, *, hop_by_hop: int, end_to_end: int) -> "Message":
        """The same message with other identifiers."""
        return Message(self.command, self.application, self.flags, hop_by_hop, end_to_end, self.avps)

    def with_avps(self, avps: Iterable[Avp]) -> "Message":
        """The same message with these AVPs instead."""
        return Message(self.command, self.application, self.flags, self.hop_by_hop, self.end_to_end, tuple(avps))

    def with_more(self, more: Avp) -> "Message":
        """The same message with `more` behind its AVPs."""
        avps = self.avps
        if isinstance(avps, tuple):
            return self.with_avps((*avps, more))
        written = WrittenAvps(avps.octets + build_avps((more,)), avps.result)
        return Message(self.command, self.application, self.flags, self.hop_by_hop, self.end_to_end, written)


def _bad_header(header: Header, octets: int) -> AvpFault:
    if header.version != VERSION:
        return AvpFault(0, f"version {header.version}", ResultCode.UNSUPPORTED_VERSION)
    if header.length != octets or header.length % 4:
        reason = f"a message length of {header.length} in {octets} octets"
        return AvpFault(1, reason, ResultCode.INVALID_MESSAGE_LENGTH)
    return AvpFault(4, "the E bit is set in a request", ResultCode.INVALID_HDR_BITS)
