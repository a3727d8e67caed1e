"""pcapng: what is written is read again, and nothing else passes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime import pcapng
from runtime.pcapng import Packet
from wire.errors import DecodeError

FILE = (
    pcapng.section_header()
    + pcapng.interface_description("aaa")
    + pcapng.interface_description("pdngw")
    + pcapng.enhanced_packet(1, 1_700_000_000_123_456_789, b"\x45abc", comment="first")
    + pcapng.enhanced_packet(0, 1_700_000_000_123_456_790, b"\x60defgh")
)


def test_reader_reads_what_the_writer_wrote() -> None:
    assert pcapng.parse(FILE) == (
        Packet(1_700_000_000_123_456_789, "pdngw", b"\x45abc"),
        Packet(1_700_000_000_123_456_790, "aaa", b"\x60defgh"),
    )


@given(st.lists(st.tuples(st.integers(0, 2**63), st.binary(max_size=70))), st.text(max_size=20))
def test_packets_survive_a_round_trip(packets: list[tuple[int, bytes]], name: str) -> None:
    whole = pcapng.section_header() + pcapng.interface_description(name)
    whole += b"".join(pcapng.enhanced_packet(0, time, octets) for time, octets in packets)
    assert pcapng.parse(whole) == tuple(Packet(time, name, octets) for time, octets in packets)


def test_section_header_is_as_the_draft_draws_it() -> None:
    # draft-ietf-opsawg-pcapng §4.1: type, length, magic, version 1.0, length of the section open, length.
    assert pcapng.section_header().hex() == "0a0d0d0a1c0000004d3c2b1a01000000ffffffffffffffff1c000000"


@pytest.mark.parametrize("cut", [1, 4, 11, 20, 35])
def test_reader_passes_over_a_block_that_is_cut_off(cut: int) -> None:
    assert len(pcapng.parse(FILE[:-cut])) == 1


def test_reader_passes_over_unknown_blocks_and_options() -> None:
    unknown = bytes.fromhex("05000000100000000102030410000000")
    assert len(pcapng.parse(FILE + unknown)) == 2


def test_second_section_counts_its_interfaces_anew() -> None:
    assert pcapng.parse(FILE + FILE) == pcapng.parse(FILE) * 2


@pytest.mark.parametrize(
    ("octets", "reason"),
    [
        (FILE[28:], "does not begin with a section header"),
        (FILE[:4] + b"\x1b" + FILE[5:], "a block of 27 octets"),
        (FILE[:8] + FILE[8:12][::-1] + FILE[12:], "not a little-endian section"),
        (FILE[:24] + b"\x20" + FILE[25:], "two lengths differ"),
        (pcapng.section_header() + pcapng.enhanced_packet(0, 0, b"x"), "does not describe"),
        (pcapng.section_header() + FILE[28:].replace(b"\x09\x00\x01\x00\x09", b"\x09\x00\x01\x00\x06"), "nanoseconds"),
    ],
)
def test_reader_refuses_what_is_wrong(octets: bytes, reason: str) -> None:
    with pytest.raises(DecodeError, match=reason):
        pcapng.parse(octets)


def test_empty_file_holds_no_packets() -> None:
    assert pcapng.parse(b"") == ()
