"""Choosing SPIs that the wire does not misread (RFC 4303 §2.1, RFC 3948 §2.2)."""

from wire.ikev2.header import SPI_OCTETS
from wire.sansio import RandomBytes

ESP_SPI_OCTETS = 4
LEAST_ESP_SPI = 256
"""SPIs below are reserved (RFC 4303 §2.1)."""

_COUNT = (1 << 32) - LEAST_ESP_SPI


def ike_spi(random: RandomBytes) -> bytes:
    """8 random octets, the first not 0: four zero octets would read as the non-ESP marker (RFC 3948 §2.2)."""
    return bytes((1 + random(1)[0] % 255,)) + random(SPI_OCTETS - 1)


def esp_spi(random: RandomBytes) -> bytes:
    """4 random octets outside the reserved values."""
    return _octets(int.from_bytes(random(8), "big"))


class EspSpis:
    """Inbound SPIs for a node with many SAs: from a random start upwards, so that none comes twice in 2**32."""

    def __init__(self, random: RandomBytes) -> None:
        self._next = int.from_bytes(random(8), "big")

    def take(self) -> bytes:
        """The next 4 octets."""
        self._next += 1
        return _octets(self._next)


def _octets(number: int) -> bytes:
    return (LEAST_ESP_SPI + number % _COUNT).to_bytes(ESP_SPI_OCTETS, "big")
