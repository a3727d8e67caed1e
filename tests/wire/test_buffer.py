"""The bounded reader: nothing past a scope's end is read, and every complaint says where."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wire.buffer import Reader
from wire.errors import DecodeError
from wire.secret import Secret

OCTETS = bytes(range(1, 19))


def test_reader_takes_numbers_most_significant_octet_first() -> None:
    reader = Reader(OCTETS)
    numbers = (reader.u8(), reader.u16(), reader.u24(), reader.u32(), reader.u64())
    assert numbers == (0x01, 0x0203, 0x040506, 0x0708090A, 0x0B0C0D0E0F101112)
    assert (reader.offset, reader.remaining) == (18, 0)
    reader.finish()


@given(st.binary(max_size=64), st.lists(st.integers(0, 16), max_size=12))
def test_reader_gives_every_octet_once_and_in_order(data: bytes, counts: list[int]) -> None:
    reader = Reader(data)
    taken = [reader.take(min(count, reader.remaining)) for count in counts]
    assert b"".join(taken) + reader.rest() == data


@pytest.mark.parametrize("width", ["u8", "u16", "u24", "u32", "u64"])
def test_reader_refuses_a_number_that_is_cut_short(width: str) -> None:
    octets = {"u8": 1, "u16": 2, "u24": 3, "u32": 4, "u64": 8}[width]
    reader = Reader(bytes(octets - 1), base=20)
    with pytest.raises(DecodeError, match=f"at octet 20: {octets} octets needed, {octets - 1} left"):
        getattr(reader, width)()


@pytest.mark.parametrize("count", [-1, 5])
def test_reader_keeps_its_place_when_it_refuses(count: int) -> None:
    reader = Reader(b"abcd")
    for refused in (reader.take, reader.skip, reader.sub):
        with pytest.raises(DecodeError):
            refused(count)
    with pytest.raises(DecodeError), reader.scope(count):
        pytest.fail("the scope was opened")
    assert reader.rest() == b"abcd"


def test_reader_of_a_part_counts_from_the_outermost_octet() -> None:
    outer = Reader(OCTETS, base=100)
    outer.skip(2)
    middle = outer.sub(10)
    middle.skip(3)
    inner = middle.sub(4)
    inner.skip(4)
    assert (outer.offset, middle.offset, inner.offset) == (112, 109, 109)
    with pytest.raises(DecodeError) as caught:
        inner.u8()
    assert caught.value.offset == 109


def test_reader_of_a_part_cannot_reach_what_follows_it() -> None:
    outer = Reader(OCTETS)
    part = outer.sub(3)
    assert part.rest() == OCTETS[:3]
    with pytest.raises(DecodeError):
        part.u8()
    assert outer.u8() == OCTETS[3]


def test_scope_hides_what_follows_it_and_gives_it_back() -> None:
    reader = Reader(OCTETS)
    with reader.scope(4):
        assert reader.remaining == 4
        with reader.scope(1):
            reader.u8()
            with pytest.raises(DecodeError, match="1 octets needed, 0 left"):
                reader.u8()
        assert reader.rest() == OCTETS[1:4]
    assert reader.remaining == len(OCTETS) - 4


def test_scope_insists_that_all_of_it_is_read() -> None:
    reader = Reader(OCTETS)
    with pytest.raises(DecodeError, match="at octet 1: 3 octets left over"), reader.scope(4):
        reader.u8()


def test_scope_inside_a_scope_may_not_be_longer() -> None:
    reader = Reader(OCTETS)
    with reader.scope(4):
        reader.u8()
        inner = reader.scope(4)
        with pytest.raises(DecodeError, match="at octet 1: a length of 4 octets, 3 left"):
            inner.__enter__()
        assert reader.rest() == OCTETS[1:4]


def test_reader_says_what_is_left_over() -> None:
    reader = Reader(b"abc", base=7)
    reader.skip(1)
    with pytest.raises(DecodeError) as caught:
        reader.finish()
    assert (caught.value.offset, caught.value.reason) == (8, "2 octets left over")


def test_reader_hands_out_plain_octets_even_of_a_secret() -> None:
    # a Secret's part would hide itself from whoever builds a message of it
    assert type(Reader(Secret(b"abcd")).take(4)) is bytes
