"""A bucket that fills evenly."""

from hypothesis import given
from hypothesis import strategies as st

from runtime.token_bucket import TokenBucket


def test_bucket_is_full_at_first_and_fills_by_its_rate() -> None:
    bucket = TokenBucket(rate=2.0, most=3.0)
    assert [bucket.take(100.0) for _ in range(4)] == [True, True, True, False]
    assert [bucket.take(100.5) for _ in range(2)] == [True, False]
    assert [bucket.take(9999.0) for _ in range(4)] == [True, True, True, False]


def test_bucket_says_how_long_to_wait_and_takes_nothing_then() -> None:
    bucket = TokenBucket(rate=2.0, most=3.0)
    assert bucket.wait(0.0, 3.0) == 0.0
    assert bucket.wait(0.0, 3.0) == 1.5
    assert bucket.wait(1.5, 3.0) == 0.0


def test_clock_that_goes_back_takes_nothing_away() -> None:
    bucket = TokenBucket(rate=1.0, most=1.0)
    assert bucket.take(10.0)
    assert not bucket.take(5.0)
    assert bucket.take(6.0)


@given(st.lists(st.tuples(st.floats(0, 1), st.floats(0, 3)), max_size=60))
def test_never_more_is_taken_than_flowed_in(steps: list[tuple[float, float]]) -> None:
    bucket, now, taken = TokenBucket(rate=2.0, most=3.0), 0.0, 0.0
    for pause, cost in steps:
        now += pause
        taken += cost if bucket.take(now, cost) else 0.0
        assert taken <= 3.0 + 2.0 * now + 1e-6
