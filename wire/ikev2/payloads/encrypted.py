"""Encrypted and Authenticated payload, still sealed (RFC 7296 §3.14)."""

from typing import ClassVar

from wire.frozen import dataclass
from wire.ikev2.constants import PayloadType


@dataclass(frozen=True, slots=True)
class Encrypted:
    """SK: always the last payload; its Next Payload field names the first of those inside.

    `body` is the initialization vector, the ciphertext and the ICV.
    """

    payload_type: ClassVar[int] = PayloadType.SK
    first_inner: int
    body: bytes

    def build(self) -> bytes:
        """The payload's body."""
        return self.body
