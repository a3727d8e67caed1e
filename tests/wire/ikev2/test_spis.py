"""SPIs that the wire does not misread."""

from random import Random

import pytest

from wire.ikev2.spis import LEAST_ESP_SPI, EspSpis, esp_spi, ike_spi


@pytest.mark.parametrize("octet", [0, 255])
def test_spis_are_usable_whatever_the_entropy(octet: int) -> None:
    def constant(count: int) -> bytes:
        return bytes((octet,)) * count

    assert len(ike_spi(constant)) == 8
    assert ike_spi(constant)[0] != 0
    assert len(esp_spi(constant)) == 4
    assert int.from_bytes(esp_spi(constant), "big") >= LEAST_ESP_SPI


def test_node_gives_no_spi_twice() -> None:
    spis = EspSpis(Random(3).randbytes)
    given = [spis.take() for _ in range(1000)]
    assert len(set(given)) == 1000
    assert all(int.from_bytes(spi, "big") >= LEAST_ESP_SPI for spi in given)


def test_node_passes_over_the_reserved_values_when_it_wraps() -> None:
    spis = EspSpis(lambda count: ((1 << 32) - LEAST_ESP_SPI - 2).to_bytes(count, "big"))
    assert [spis.take().hex() for _ in range(2)] == ["ffffffff", "00000100"]
