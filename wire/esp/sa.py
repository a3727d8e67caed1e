"""The two directions of an ESP security association (RFC 4303 §3.3, RFC 4303 §3.4, RFC 4106)."""

from wire.ciphers import Protector
from wire.errors import DecodeError
from wire.esp.packet import EspPacket, pad, parse_trailer
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
        header, trailer = _authenticated(self.spi, number, self._extended, self._protector)
        plaintext = pad(payload, next_header, self._protector.block_octets)
        body = self._protector.seal(header=header, iv=self._iv(number), plaintext=plaintext, trailer=trailer)
        return EspPacket(self.spi, number & 0xFFFF_FFFF, body).build()

    def _iv(self, number: int) -> bytes:
        if _counts(self._protector):
            return number.to_bytes(self._protector.iv_octets, "big")
        return self._random(self._protector.iv_octets)


class InboundSa:
    """Opens packets under our own `spi`, each sequence number once."""

    def __init__(self, *, spi: int, protector: Protector, extended: bool = False, window: int = 256) -> None:
        self.spi = spi
        self._protector = protector
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
        packet = EspPacket.parse(octets)
        if packet.spi != self.spi:
            raise DecodeError(0, f"SPI {packet.spi:#010x} is not {self.spi:#010x}")
        number = self._window.infer(packet.sequence)
        self._window.check(number)
        header, trailer = _authenticated(self.spi, number, self._extended, self._protector)
        plaintext = self._protector.open(header=header, body=packet.body, trailer=trailer)
        self._window.accept(number)
        return parse_trailer(plaintext)


def _counts(protector: Protector) -> bool:
    """Whether the cipher is a counter mode, which in this house is an AEAD: it fills no block."""
    return protector.block_octets == 1


def _authenticated(spi: int, number: int, extended: bool, protector: Protector) -> tuple[bytes, bytes]:
    """What stands before the IV under the ICV, and what follows the ciphertext unsent.

    The high half of an extended number goes into the associated data of an AEAD (RFC 4106 §5), and behind the
    ciphertext otherwise (RFC 4303 §2.2.1).
    """
    low = (number & 0xFFFF_FFFF).to_bytes(4, "big")
    high = (number >> 32).to_bytes(4, "big")
    if not extended:
        return spi.to_bytes(4, "big") + low, b""
    if _counts(protector):
        return spi.to_bytes(4, "big") + high + low, b""
    return spi.to_bytes(4, "big") + low, high
