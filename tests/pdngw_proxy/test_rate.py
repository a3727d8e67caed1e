"""A limit within any stretch of time."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pdngw_proxy.rate import RateLimit


def test_limit_allows_so_many_and_no_more() -> None:
    limit = RateLimit(most=2)
    assert [limit.allow(now) for now in (0.0, 0.5, 0.9, 1.0, 1.4, 1.5)] == [True, True, False, True, False, True]


@given(st.lists(st.floats(0, 30, allow_nan=False), max_size=60), st.integers(1, 5))
def test_limit_holds_in_every_stretch(times: list[float], most: int) -> None:
    limit = RateLimit(most=most, seconds=2.0)
    allowed = [now for now in sorted(times) if limit.allow(now)]
    assert all(later >= earlier + 2.0 for earlier, later in zip(allowed, allowed[most:], strict=False))


@pytest.mark.parametrize("most", [1, 3])
def test_refused_tries_do_not_count(most: int) -> None:
    limit = RateLimit(most=most)
    assert all(limit.allow(0.0) for _ in range(most))
    assert not any(limit.allow(0.9) for _ in range(10))
    assert limit.allow(1.0)
