"""Encrypted and Authenticated Fragment payload, still sealed (RFC 7383 §2.5)."""

from typing import ClassVar

from wire.buffer import Reader
from wire.frozen import dataclass
from wire.ikev2.constants import PayloadType

FRAGMENT_HEADER_OCTETS = 4
"""Fragment Number and Total Fragments."""


@dataclass(frozen=True, slots=True)
class EncryptedFragment:
    """SKF: the only payload of its message. `number` counts from 1 to `total`.

    `first_inner` is the type of the first payload inside in fragment 1, and 0 in the others. `body` is the
    initialization vector, the ciphertext and the ICV.
    """

    payload_type: ClassVar[int] = PayloadType.SKF
    first_inner: int
    number: int
    total: int
    body: bytes

    @classmethod
    def parse(cls, first_inner: int, reader: Reader) -> "EncryptedFragment":
        """Read the payload's body; DecodeError unless the number is one of the total."""
        number, total = reader.u16(), reader.u16()
        if not 1 <= number <= total:
            raise reader.error(f"fragment {number} of {total}")
        return cls(first_inner, number, total, reader.rest())

    def build(self) -> bytes:
        """The payload's body."""
        return self.number.to_bytes(2, "big") + self.total.to_bytes(2, "big") + self.body
