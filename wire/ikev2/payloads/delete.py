"""Delete payload (RFC 7296 §3.11)."""

from typing import ClassVar

from wire.buffer import Reader
from wire.frozen import dataclass
from wire.ikev2.constants import PayloadType


@dataclass(frozen=True, slots=True)
class Delete:
    """SAs that the sender has deleted: their SPIs as its own inbound ones, or none for the IKE SA itself."""

    payload_type: ClassVar[int] = PayloadType.DELETE
    protocol_id: int
    spis: tuple[bytes, ...] = ()
    spi_octets: int = 0

    @classmethod
    def parse(cls, reader: Reader) -> "Delete":
        """Read the payload's body; DecodeError unless the SPIs fill it exactly."""
        protocol_id, spi_octets, count = reader.u8(), reader.u8(), reader.u16()
        if count and not spi_octets:
            raise reader.error("SPIs of no octets")
        spis = tuple(reader.take(spi_octets) for _ in range(count))
        reader.finish()
        return cls(protocol_id, spis, spi_octets)

    def build(self) -> bytes:
        """The payload's body."""
        head = bytes((self.protocol_id, self.spi_octets)) + len(self.spis).to_bytes(2, "big")
        return head + b"".join(self.spis)
