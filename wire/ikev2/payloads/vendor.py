"""Vendor ID payload (RFC 7296 §3.12)."""

from typing import ClassVar

from wire.buffer import Reader
from wire.frozen import dataclass
from wire.ikev2.constants import PayloadType


@dataclass(frozen=True, slots=True)
class VendorId:
    """What one implementation says to its like; never a reason to behave otherwise."""

    payload_type: ClassVar[int] = PayloadType.VENDOR
    data: bytes

    @classmethod
    def parse(cls, reader: Reader) -> "VendorId":
        """Read the payload's body to its end."""
        return cls(reader.rest())

    def build(self) -> bytes:
        """The payload's body."""
        return self.data
