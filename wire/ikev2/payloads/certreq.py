"""Certificate Request payload (RFC 7296 §3.7)."""

from typing import ClassVar

from wire.buffer import Reader
from wire.frozen import dataclass
from wire.ikev2.constants import PayloadType

_HASH_OCTETS = 20


@dataclass(frozen=True, slots=True)
class CertificateRequest:
    """The trust anchors that the sender accepts: for encoding 4, SHA-1 hashes of their public keys in a row."""

    payload_type: ClassVar[int] = PayloadType.CERTREQ
    encoding: int
    data: bytes = b""

    @property
    def authorities(self) -> tuple[bytes, ...]:
        """The hashes of 20 octets; a shorter rest is left out."""
        ends = range(_HASH_OCTETS, len(self.data) + 1, _HASH_OCTETS)
        return tuple(self.data[end - _HASH_OCTETS : end] for end in ends)

    @classmethod
    def parse(cls, reader: Reader) -> "CertificateRequest":
        """Read the payload's body to its end."""
        return cls(reader.u8(), reader.rest())

    def build(self) -> bytes:
        """The payload's body."""
        return bytes((self.encoding,)) + self.data
