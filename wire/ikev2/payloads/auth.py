"""Authentication payload (RFC 7296 §3.8)."""

from typing import ClassVar

from wire.buffer import Reader
from wire.frozen import dataclass
from wire.ikev2.constants import PayloadType


@dataclass(frozen=True, slots=True)
class Authentication:
    """The proof of one end's identity; what `data` holds depends on `method`."""

    payload_type: ClassVar[int] = PayloadType.AUTH
    method: int
    data: bytes

    @classmethod
    def parse(cls, reader: Reader) -> "Authentication":
        """Read the payload's body to its end."""
        method = reader.u8()
        reader.skip(3)
        return cls(method, reader.rest())

    def build(self) -> bytes:
        """The payload's body."""
        return bytes((self.method, 0, 0, 0)) + self.data
