import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.wire.diameter.samples import OCTETS
from wire.diameter.framing import Framer

STREAM = b"".join(OCTETS)


@given(st.lists(st.integers(0, len(STREAM)), max_size=12))
def test_messages_come_out_however_the_stream_is_cut(cuts: list[int]) -> None:
    framer, at, found = Framer(), 0, []
    for cut in [*sorted(cuts), len(STREAM)]:
        found += framer.feed(STREAM[at:cut])
        at = cut
    assert found == list(OCTETS)
    assert (framer.unfinished, framer.lost) == (0, None)


@pytest.mark.parametrize("length", [0, 4, 12, 19, 21, 22, 1028])
def test_an_impossible_length_ends_the_stream(length: int) -> None:
    framer = Framer(limit=1024)
    octets = b"\x01" + length.to_bytes(3, "big") + bytes(16)
    assert framer.feed(octets) == []
    assert framer.lost is not None
    assert framer.lost.header is not None
    assert framer.lost.header.length == length
    assert framer.feed(OCTETS[0]) == []
    assert framer.unfinished == 0


def test_messages_before_the_impossible_length_are_kept() -> None:
    framer = Framer()
    assert framer.feed(OCTETS[0] + bytes(20)) == [OCTETS[0]]
    assert framer.lost is not None


def test_an_impossible_length_is_seen_after_four_octets() -> None:
    framer = Framer()
    framer.feed(b"\x01\x00\x00\x00")
    assert framer.lost is not None
    assert framer.lost.header is None


def test_http_is_no_message() -> None:
    framer = Framer()
    assert framer.feed(b"GET / HTTP/1.1\r\nHost: aaa\r\n\r\n") == []
    assert framer.lost is not None


def test_another_version_is_framed_so_that_it_can_be_answered() -> None:
    octets = b"\x02" + OCTETS[0][1:]
    assert Framer().feed(octets) == [octets]


def test_nothing_is_held_beyond_the_limit() -> None:
    framer = Framer(limit=64)
    framer.feed(b"\x01\x00\x00\x40" + bytes(50))
    assert framer.unfinished == 54
    framer.limit = 32
    framer.feed(bytes(1))
    assert framer.lost is not None
