"""Sequence numbers modulo 2^16, with the example of RFC 6275 §9.5.1."""

from hypothesis import given
from hypothesis import strategies as st

from wire.mip6.sequence import following, is_newer

NUMBERS = st.integers(0, 65535)


def test_numbers_before_fifteen_are_those_of_the_specification() -> None:
    old = {number for number in range(65536) if not is_newer(number, 15)}
    assert old == set(range(16)) | set(range(32783, 65536))


@given(NUMBERS)
def test_following_number_is_newer(last: int) -> None:
    assert is_newer(following(last), last)
    assert not is_newer(last, following(last))


@given(NUMBERS, NUMBERS)
def test_no_two_numbers_are_newer_than_each_other(one: int, other: int) -> None:
    assert not (is_newer(one, other) and is_newer(other, one))
