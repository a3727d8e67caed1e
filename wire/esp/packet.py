"""The ESP packet and its trailer (RFC 4303 §2)."""

from wire.buffer import Reader
from wire.errors import DecodeError
from wire.frozen import dataclass

NO_NEXT_HEADER = 59
"""The Next Header of a dummy packet, which the receiver discards without a word (RFC 4303 §2.6)."""

_ALIGNMENT = 4
HEADER_OCTETS = 8
_LEAST_SPI = 256
_PADDINGS = tuple(bytes(range(1, padding + 1)) for padding in range(256))


@dataclass(frozen=True, slots=True)
class EspPacket:
    """What is seen of a packet from outside; `sequence` is the low 32 bits, `body` IV, ciphertext and ICV."""

    spi: int
    sequence: int
    body: bytes

    @classmethod
    def parse(cls, data: bytes) -> "EspPacket":
        """Read one packet; SPI 0 never stands on the wire, the other values below 256 are reserved (RFC 4303 §2.1)."""
        reader = Reader(data)
        spi, sequence = reader.u32(), reader.u32()
        if spi < _LEAST_SPI:
            raise DecodeError(0, f"SPI {spi} is reserved")
        return cls(spi, sequence, reader.rest())

    def build(self) -> bytes:
        """The packet's octets."""
        return self.spi.to_bytes(4, "big") + self.sequence.to_bytes(4, "big") + self.body


def pad(payload: bytes, next_header: int, block_octets: int) -> bytes:
    """The plaintext of `payload`: padding 1, 2, 3 …, Pad Length, Next Header (RFC 4303 §2.4).

    The whole fills the cipher's block and ends on four octets, whichever is more.
    """
    padding = -(len(payload) + 2) % max(block_octets, _ALIGNMENT)
    return payload + _PADDINGS[padding] + bytes((padding, next_header))


def parse_trailer(data: bytes) -> tuple[bytes, int]:
    """Payload and Next Header of a plaintext; DecodeError unless its padding is 1, 2, 3 … (RFC 4303 §2.4)."""
    if len(data) < 2:
        raise DecodeError(0, f"{len(data)} octets hold no ESP trailer")
    padding, next_header = data[-2], data[-1]
    payload_octets = len(data) - 2 - padding
    if payload_octets < 0:
        raise DecodeError(len(data) - 2, f"{padding} octets of padding in {len(data)} octets")
    if data[payload_octets:-2] != _PADDINGS[padding]:
        raise DecodeError(payload_octets, "the padding is not 1, 2, 3 …")
    return data[:payload_octets], next_header
