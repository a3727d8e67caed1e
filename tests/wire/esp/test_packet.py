"""ESP packets and their trailer, with the paddings of Linux and of draft-mcgrew-gcm-test."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wire.errors import DecodeError
from wire.esp.packet import EspPacket, pad, parse_trailer

SETS = json.loads((Path(__file__).parents[2] / "vectors" / "ikev2.json").read_text(encoding="utf-8"))
LINUX = SETS["esp_linux_generated"]
BLOCKS = {"AES-CBC": 16, "AES-GCM": 1}


@given(st.integers(256, 2**32 - 1), st.integers(0, 2**32 - 1), st.binary(max_size=60))
def test_packet_survives_a_round_trip(spi: int, sequence: int, body: bytes) -> None:
    packet = EspPacket(spi, sequence, body)
    assert EspPacket.parse(packet.build()) == packet


@given(st.binary(max_size=80), st.integers(0, 255), st.sampled_from([1, 4, 8, 16]))
def test_padding_survives_a_round_trip(payload: bytes, next_header: int, block: int) -> None:
    plaintext = pad(payload, next_header, block)
    assert len(plaintext) % max(block, 4) == 0
    assert parse_trailer(plaintext) == (payload, next_header)


@pytest.mark.parametrize("vector", LINUX, ids=lambda vector: vector["title"])
def test_padding_is_the_one_that_linux_makes(vector: dict[str, str]) -> None:
    plaintext = bytes.fromhex(vector["plaintext"])
    payload, next_header = parse_trailer(plaintext)
    assert (len(payload), next_header) == (84, 4)
    assert pad(payload, next_header, BLOCKS[vector["crypt"]]) == plaintext


@pytest.mark.parametrize("vector", LINUX, ids=lambda vector: vector["title"])
def test_packet_of_linux_shows_spi_and_sequence(vector: dict[str, str]) -> None:
    packet = EspPacket.parse(bytes.fromhex(vector["esp_packet"]))
    assert (packet.spi, packet.sequence) == (0x222, 1)


@pytest.mark.parametrize("octets", ["", "0000", "00000100", "0000010000000000"[:14]])
def test_parser_refuses_a_packet_without_header(octets: str) -> None:
    with pytest.raises(DecodeError):
        EspPacket.parse(bytes.fromhex(octets))


@pytest.mark.parametrize("spi", [0, 1, 255])
def test_parser_refuses_a_reserved_spi(spi: int) -> None:
    with pytest.raises(DecodeError, match="reserved"):
        EspPacket.parse(spi.to_bytes(4, "big") + bytes(20))


@pytest.mark.parametrize(
    ("plaintext", "offset"), [("", 0), ("04", 0), ("0304", 0), ("aa010304", 2), ("aa02010204", 1), ("0102010203", 1)]
)
def test_parser_says_where_a_trailer_is_wrong(plaintext: str, offset: int) -> None:
    with pytest.raises(DecodeError) as caught:
        parse_trailer(bytes.fromhex(plaintext))
    assert caught.value.offset == offset
