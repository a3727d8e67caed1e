"""Notify payload (RFC 7296 §3.10)."""

from typing import ClassVar

from wire.buffer import Reader
from wire.frozen import dataclass
from wire.ikev2.constants import FIRST_STATUS_NOTIFY, NotifyType, PayloadType, name_of


@dataclass(frozen=True, slots=True)
class Notify:
    """An error (below 16384) or a status; `spi` and `protocol_id` are set only where it is about one SA."""

    payload_type: ClassVar[int] = PayloadType.NOTIFY
    notify_type: int
    data: bytes = b""
    protocol_id: int = 0
    spi: bytes = b""

    @property
    def is_error(self) -> bool:
        """Whether the whole request failed (RFC 7296 §3.10.1)."""
        return self.notify_type < FIRST_STATUS_NOTIFY

    @property
    def name(self) -> str:
        """The registry's name, or the number."""
        return name_of(NotifyType, self.notify_type)

    @classmethod
    def parse(cls, reader: Reader) -> "Notify":
        """Read the payload's body to its end."""
        protocol_id, spi_octets, notify_type = reader.u8(), reader.u8(), reader.u16()
        spi = reader.take(spi_octets)
        return cls(notify_type, reader.rest(), protocol_id, spi)

    def build(self) -> bytes:
        """The payload's body."""
        head = bytes((self.protocol_id, len(self.spi))) + self.notify_type.to_bytes(2, "big")
        return head + self.spi + self.data
