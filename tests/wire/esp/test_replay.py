"""The replay window: RFC 4303 §3.4.3, and the inference of RFC 4303 §A2.2."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wire.esp.replay import Replayed, ReplayWindow


def window_at(last: int, *, size: int = 64, extended: bool = False) -> ReplayWindow:
    window = ReplayWindow(size=size, extended=extended)
    window.accept(last)
    return window


def test_window_takes_each_number_once() -> None:
    window = ReplayWindow(size=64)
    for number in (1, 2, 5, 4, 3, 70, 69, 7):
        window.check(number)
        window.accept(number)
        with pytest.raises(Replayed, match="received before"):
            window.check(number)
    assert window.last == 70


def test_window_refuses_what_is_left_of_it() -> None:
    window = window_at(100)
    window.check(37)
    with pytest.raises(Replayed, match="left of the window"):
        window.check(36)


def test_window_refuses_zero() -> None:
    with pytest.raises(Replayed, match="never sent"):
        ReplayWindow().check(0)


def test_window_forgets_all_after_a_great_leap() -> None:
    window = window_at(5)
    window.accept(5 + 64)
    window.check(6)
    with pytest.raises(Replayed):
        window.check(5)


@pytest.mark.parametrize("size", [63, 1025])
def test_window_has_limits(size: int) -> None:
    with pytest.raises(ValueError, match="not 64 to 1024"):
        ReplayWindow(size=size)


@given(st.lists(st.integers(1, 300), max_size=120), st.sampled_from([64, 128, 1024]))
def test_window_agrees_with_a_set_of_all_numbers(numbers: list[int], size: int) -> None:
    window, seen = ReplayWindow(size=size), set[int]()
    for number in numbers:
        allowed = number not in seen and number > max(seen, default=0) - size
        try:
            window.check(number)
        except Replayed:
            assert not allowed
        else:
            assert allowed
            window.accept(number)
            seen.add(number)


def test_short_numbers_are_taken_as_they_are() -> None:
    assert ReplayWindow().infer(0xFFFF_FFFF) == 0xFFFF_FFFF


ONE = 1 << 32


@pytest.mark.parametrize(
    ("last", "low", "number"),
    [
        # case A: the window is within one stretch of 2^32
        (ONE + 1000, 1000 - 63, ONE + 1000 - 63),
        (ONE + 1000, 0xFFFF_FFFF, ONE + 0xFFFF_FFFF),
        (ONE + 1000, 1000 - 64, 2 * ONE + 1000 - 64),
        (ONE + 0xFFFF_FFFF, 0, 2 * ONE),
        (100, 30, ONE + 30),
        # case B: the window reaches back into the stretch before
        (ONE + 10, 0xFFFF_FFFF, ONE - 1),
        (ONE + 10, (10 - 63) & 0xFFFF_FFFF, ONE + 10 - 63),
        (ONE + 10, (10 - 64) & 0xFFFF_FFFF, 2 * ONE - 54),
        (ONE + 10, 11, ONE + 11),
        (0, 1, 1),
        (0, 0x8000_0000, 0x8000_0000),
    ],
)
def test_high_half_is_inferred(last: int, low: int, number: int) -> None:
    assert window_at(last, extended=True).infer(low) == number


@pytest.mark.parametrize(("last", "low"), [(0, 0), (10, 0xFFFF_FFFF), (2**64 - 1, 5)])
def test_numbers_that_cannot_come_are_refused(last: int, low: int) -> None:
    with pytest.raises(Replayed):
        window_at(last, extended=True).infer(low)


@given(st.integers(1, 2**40), st.integers(-63, 2**31))
def test_inference_finds_every_number_that_may_come(last: int, step: int) -> None:
    number = last + step
    if number > 0:
        assert window_at(last, extended=True).infer(number & 0xFFFF_FFFF) == number
