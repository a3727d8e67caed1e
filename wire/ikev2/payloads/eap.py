"""EAP payload (RFC 7296 §3.16)."""

from typing import ClassVar

from wire.buffer import Reader
from wire.frozen import dataclass
from wire.ikev2.constants import PayloadType


@dataclass(frozen=True, slots=True)
class EapMessage:
    """One whole EAP packet, relayed as it is."""

    payload_type: ClassVar[int] = PayloadType.EAP
    packet: bytes

    @property
    def code(self) -> int:
        """The EAP Code (RFC 3748 §4): 1 request, 2 response, 3 success, 4 failure."""
        return self.packet[0]

    @classmethod
    def parse(cls, reader: Reader) -> "EapMessage":
        """Read the payload's body; DecodeError unless it is as long as the EAP packet itself says (RFC 3748 §4)."""
        packet = reader.rest()
        if len(packet) < 4 or int.from_bytes(packet[2:4], "big") != len(packet):
            raise reader.error("the EAP packet is not as long as its payload")
        return cls(packet)

    def build(self) -> bytes:
        """The payload's body."""
        return self.packet
