"""Nonce payload (RFC 7296 §3.9)."""

from typing import ClassVar

from wire.buffer import Reader
from wire.frozen import dataclass
from wire.ikev2.constants import PayloadType

NONCE_OCTETS = range(16, 257)


@dataclass(frozen=True, slots=True)
class Nonce:
    """Random octets of one end, 16 to 256 of them."""

    payload_type: ClassVar[int] = PayloadType.NONCE
    data: bytes

    @classmethod
    def parse(cls, reader: Reader) -> "Nonce":
        """Read the payload's body to its end; DecodeError outside 16 to 256 octets."""
        if reader.remaining not in NONCE_OCTETS:
            raise reader.error(f"a nonce of {reader.remaining} octets")
        return cls(reader.rest())

    def build(self) -> bytes:
        """The payload's body."""
        return self.data
