"""Certificate payload (RFC 7296 §3.6)."""

from typing import ClassVar

from wire.buffer import Reader
from wire.frozen import dataclass
from wire.ikev2.constants import PayloadType


@dataclass(frozen=True, slots=True)
class Certificate:
    """One certificate, in DER for encoding 4 (X.509 - Signature); the first one sent holds the signing key."""

    payload_type: ClassVar[int] = PayloadType.CERT
    encoding: int
    data: bytes

    @classmethod
    def parse(cls, reader: Reader) -> "Certificate":
        """Read the payload's body to its end."""
        return cls(reader.u8(), reader.rest())

    def build(self) -> bytes:
        """The payload's body."""
        return bytes((self.encoding,)) + self.data
