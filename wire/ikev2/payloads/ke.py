"""Key Exchange payload (RFC 7296 §3.4)."""

from typing import ClassVar

from wire.buffer import Reader
from wire.frozen import dataclass
from wire.ikev2.constants import PayloadType


@dataclass(frozen=True, slots=True)
class KeyExchange:
    """A Diffie-Hellman public value; its length is the group's (RFC 5903 §7, RFC 8031 §3.1)."""

    payload_type: ClassVar[int] = PayloadType.KE
    group: int
    data: bytes

    @classmethod
    def parse(cls, reader: Reader) -> "KeyExchange":
        """Read the payload's body to its end."""
        group = reader.u16()
        reader.skip(2)
        return cls(group, reader.rest())

    def build(self) -> bytes:
        """The payload's body."""
        return self.group.to_bytes(2, "big") + bytes(2) + self.data
