"""Putting the fragments of one IKE message together (RFC 7383 §2.6)."""

from dataclasses import dataclass, field, replace

from wire.buffer import Reader
from wire.ikev2.constants import ExchangeType, name_of
from wire.ikev2.message import Message, read_chain
from wire.ikev2.payloads.fragment import EncryptedFragment
from wire.ikev2.protection import Protection

MOST_FRAGMENTS = 128
MOST_OCTETS = 1 << 16
"""Of one message, as far as a peer's fragments are kept."""


@dataclass(slots=True)
class Reassembly:
    """The fragments of the message `message_id`, by number; only what is genuine is kept."""

    message_id: int
    total: int = 0
    first_inner: int = 0
    first_octets: bytes = b""
    parts: dict[int, bytes] = field(default_factory=dict)

    def add(self, protection: Protection, octets: bytes, message: Message, fragment: EncryptedFragment) -> str | None:
        """Take one fragment; why it is passed over, or None.

        IntegrityFailed when it is not genuine. One of a message in more pieces puts those before it out of use, for
        the sender has begun again with smaller ones (RFC 7383 §2.6.1).
        """
        if fragment.total > MOST_FRAGMENTS:
            return f"{name_of(ExchangeType, message.exchange)} in {fragment.total} fragments"
        if fragment.total < self.total or (fragment.total == self.total and fragment.number in self.parts):
            return f"fragment {fragment.number} of {fragment.total} again"
        part = protection.open_fragment(octets, fragment)
        if fragment.total > self.total:
            self.total, self.parts = fragment.total, {}
        if sum(map(len, self.parts.values())) + len(part) > MOST_OCTETS:
            return f"more than {MOST_OCTETS} octets in fragments"
        self.parts[fragment.number] = part
        if fragment.number == 1:
            self.first_inner, self.first_octets = fragment.first_inner, octets
        return None

    @property
    def is_whole(self) -> bool:
        """Whether nothing is missing."""
        return 0 < self.total == len(self.parts)

    def inside(self) -> Reader:
        """What all of them carry, in order, to be read as a chain of payloads from `first_inner`."""
        return Reader(b"".join(self.parts[number] for number in range(1, self.total + 1)))


def assembled(message: Message, whole: Reassembly) -> Message:
    """`message` with the payloads of all fragments; DecodeError when these are malformed."""
    return replace(message, payloads=read_chain(whole.first_inner, whole.inside()))
