"""The two directions of an ESP security association (RFC 4303 §3.3, RFC 4303 §3.4, RFC 4106).

What stands under the ICV besides what is sent: the high half of an extended sequence number, which goes into the
associated data of an AEAD (RFC 4106 §5), and behind the ciphertext otherwise (RFC 4303 §2.2.1). A counter mode is in
this house an AEAD, which fills no block.
"""

from wire.ciphers import Protector
from wire.errors import DecodeError
from wire.esp.packet import HEADER_OCTETS, EspPacket, pad, parse_trailer
from wire.esp.replay import ReplayWindow
from wire.sansio import RandomBytes


class SequenceExhausted(Exception):
    """The SA has sent its last sequence number and must be replaced (RFC 4303 §3.3.3)."""


class OutboundSa:
    """Seals packets under the peer's `spi`, each with the next sequence number from 1 on.

    A counter mode's IV is that number itself, unique under the key (RFC 4106 §3.1); a block cipher's comes from
    `random` and cannot be predicted (RFC 3602 §3).
    """

    def __init__(
        self, *, spi: int, protector: Protector, random: RandomBytes, extended: bool = False, sequence: int = 0
    ) -> None:
        self.spi = spi
        self._protector = protector
        self._counts = protector.block_octets == 1
        self._octets = spi.to_bytes(4, "big")
        self._random = random
        self._extended = extended
        self._limit = 1 << (64 if extended else 32)
        self._sequence = sequence

    @property
    def most(self) -> int:
        """The number that is never sent: 2^32, or 2^64 with extended ones (RFC 4303 §3.3.3)."""
        return self._limit

    @property
    def sequence(self) -> int:
        """The last number sent; 0 before the first."""
        return self._sequence

    def seal(self, payload: bytes, next_header: int) -> bytes:
        """The ESP packet of `payload`; SequenceExhausted when the numbers are used up."""
        number = self._sequence + 1
        if number >= self._limit:
            raise SequenceExhausted(f"SPI {self.spi:#010x} has sent {self._sequence} packets")
        self._sequence = number
        protector, octets = self._protector, number.to_bytes(8, "big")
        plaintext = pad(payload, next_header, protector.block_octets)
        visible = header = self._octets + octets[4:]
        trailer = b""
        if self._extended:
            header, trailer = (self._octets + octets, b"") if self._counts else (header, octets[:4])
        return visible + protector.seal(header=header, iv=self._iv(octets), plaintext=plaintext, trailer=trailer)

    def _iv(self, number: bytes) -> bytes:
        return number if self._counts else self._random(self._protector.iv_octets)


class InboundSa:
    """Opens packets under our own `spi`, each sequence number once."""

    def __init__(self, *, spi: int, protector: Protector, extended: bool = False, window: int = 256) -> None:
        self.spi = spi
        self._protector = protector
        self._counts = protector.block_octets == 1
        self._octets = spi.to_bytes(4, "big")
        self._extended = extended
        self._window = ReplayWindow(size=window, extended=extended)

    @property
    def sequence(self) -> int:
        """The highest number accepted; 0 before the first."""
        return self._window.last

    def open(self, octets: bytes) -> tuple[bytes, int]:
        """Payload and Next Header of a packet.

        IntegrityFailed for a wrong ICV, Replayed for a number that came before, DecodeError for another SPI or a
        trailer that the peer should not have made. Only an authentic packet moves the window (RFC 4303 §3.4.3).
        """
        if octets[:4] != self._octets or len(octets) < HEADER_OCTETS:
            raise DecodeError(0, f"SPI {EspPacket.parse(octets).spi:#010x} is not {self.spi:#010x}")
        number = self._window.infer(int.from_bytes(octets[4:8], "big"))
        self._window.check(number)
        header, trailer = octets[:8], b""
        if self._extended:
            high = (number >> 32).to_bytes(4, "big")
            header, trailer = (octets[:4] + high + octets[4:8], b"") if self._counts else (header, high)
        plaintext = self._protector.open(header=header, body=octets[8:], trailer=trailer)
        self._window.accept(number)
        return parse_trailer(plaintext)
