"""The IKE header."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wire.buffer import Reader
from wire.errors import DecodeError
from wire.ikev2.header import HEADER_OCTETS, Header, UnsupportedMajorVersion

HEADERS = st.builds(
    Header,
    spi_i=st.binary(min_size=8, max_size=8),
    spi_r=st.binary(min_size=8, max_size=8),
    next_payload=st.integers(0, 255),
    exchange=st.integers(0, 255),
    initiator=st.booleans(),
    response=st.booleans(),
    message_id=st.integers(0, 0xFFFFFFFF),
    length=st.integers(0, 0xFFFFFFFF),
)


@given(HEADERS)
def test_header_survives_the_round_trip(header: Header) -> None:
    built = header.build()
    assert len(built) == HEADER_OCTETS
    assert Header.parse(Reader(built)) == header


@pytest.mark.parametrize("version", [0x10, 0x30])
def test_parser_refuses_another_major_version(version: int) -> None:
    data = bytes(17) + bytes((version,)) + bytes(10)
    with pytest.raises(UnsupportedMajorVersion) as refused:
        Header.parse(Reader(data))
    assert refused.value.offset == 17


def test_parser_takes_any_minor_version() -> None:
    assert Header.parse(Reader(bytes(17) + b"\x25" + bytes(10))).exchange == 0


def test_parser_refuses_every_shorter_header() -> None:
    data = bytes(17) + b"\x20" + bytes(10)
    for length in range(HEADER_OCTETS):
        with pytest.raises(DecodeError):
            Header.parse(Reader(data[:length]))
