"""Diameter messages made and taken apart with struct alone: no fault of our codec hides itself (RFC 6733 §3)."""

import struct
from collections.abc import Sequence
from dataclasses import dataclass, replace

REQUEST, PROXIABLE, RETRANSMITTED = 0x80, 0x40, 0x10
DER, AAR, STR, ASR, RAR, DWR, DPR, CER = 268, 265, 275, 274, 258, 280, 282, 257
SESSION_ID, STATE, RESULT_CODE, EAP_PAYLOAD, EXPERIMENTAL_RESULT = 263, 24, 268, 462, 297
MULTI_ROUND, SUCCESS = 1001, 2001
_HEADER = 20


@dataclass(frozen=True, slots=True)
class Avp:
    """One AVP; `vendor` 0 where it has none."""

    code: int
    value: bytes
    vendor: int = 0
    flags: int = 0x40

    def build(self) -> bytes:
        """With its padding."""
        vendor = self.vendor.to_bytes(4, "big") if self.flags & 0x80 else b""
        length = 8 + len(vendor) + len(self.value)
        head = struct.pack(">IB", self.code, self.flags) + (length & 0xFFFFFF).to_bytes(3, "big")
        return head + vendor + self.value + bytes(-length % 4)


@dataclass(frozen=True, slots=True)
class Raw:
    """A message as its header and whatever follows it."""

    command: int
    application: int
    hop_by_hop: int
    end_to_end: int
    body: bytes
    flags: int = REQUEST | PROXIABLE

    def build(self) -> bytes:
        """The octets, with a right Message Length."""
        head = b"\1" + (_HEADER + len(self.body)).to_bytes(3, "big")
        head += bytes((self.flags,)) + self.command.to_bytes(3, "big")
        return head + struct.pack(">III", self.application, self.hop_by_hop, self.end_to_end) + self.body

    @property
    def is_request(self) -> bool:
        """The R bit."""
        return bool(self.flags & REQUEST)

    def avps(self) -> list[Avp]:
        """Every AVP; ValueError when the body cannot be walked to its end."""
        return walk(self.body)

    def value(self, code: int) -> bytes | None:
        """The value of the first AVP of that code."""
        return next((avp.value for avp in self.avps() if avp.code == code), None)

    def again(self) -> "Raw":
        """As it is sent a second time (RFC 6733 §3, T)."""
        return replace(self, flags=self.flags | RETRANSMITTED)


def walk(body: bytes) -> list[Avp]:
    """The AVPs of a message or a group; ValueError when they do not end where it ends."""
    found, at = [], 0
    while at < len(body):
        if at + 8 > len(body):
            raise ValueError("an AVP without a whole header")
        code, flags = struct.unpack_from(">IB", body, at)
        length = int.from_bytes(body[at + 5 : at + 8], "big")
        head = 12 if flags & 0x80 else 8
        if length < head or at + length > len(body):
            raise ValueError("an AVP that is longer than its message")
        vendor = int.from_bytes(body[at + 8 : at + 12], "big") if head == 12 else 0
        found.append(Avp(code, body[at + head : at + length], vendor, flags))
        at += length + -length % 4
    if at != len(body):
        raise ValueError("the last AVP is not padded")
    return found


def read(octets: bytes) -> list[Raw]:
    """Every message of a stream; ValueError when it does not end with one."""
    found = []
    while octets:
        length = int.from_bytes(octets[1:4], "big")
        if octets[0] != 1 or length < _HEADER or length > len(octets):
            raise ValueError("no whole message")
        application, hop_by_hop, end_to_end = struct.unpack_from(">III", octets, 8)
        command = int.from_bytes(octets[5:8], "big")
        found.append(Raw(command, application, hop_by_hop, end_to_end, octets[_HEADER:length], octets[4]))
        octets = octets[length:]
    return found


def body_of(avps: Sequence[Avp]) -> bytes:
    """What follows the header."""
    return b"".join(avp.build() for avp in avps)


def result_of(answer: Raw) -> int | None:
    """Result-Code, or the code in Experimental-Result."""
    plain = answer.value(RESULT_CODE)
    if plain is not None:
        return int.from_bytes(plain, "big")
    experimental = answer.value(EXPERIMENTAL_RESULT)
    if experimental is None:
        return None
    return next((int.from_bytes(avp.value, "big") for avp in walk(experimental) if avp.code == 298), None)
