"""A token bucket for each kind of line."""

from runtime.log_limit import LogLimit


def test_limit_lets_a_burst_through_and_counts_the_rest() -> None:
    limit = LogLimit(burst=3, rate=1.0)
    assert [limit.allow("stranger", 0.0) for _ in range(5)] == [0, 0, 0, None, None]
    assert limit.allow("stranger", 1.0) == 2
    assert limit.allow("stranger", 1.0) is None


def test_limit_keeps_kinds_apart() -> None:
    limit = LogLimit(burst=1, rate=1.0)
    assert limit.allow("one", 0.0) == 0
    assert limit.allow("one", 0.0) is None
    assert limit.allow("two", 0.0) == 0


def test_limit_is_bounded_whatever_the_kinds() -> None:
    limit = LogLimit(burst=1, rate=0.0, kinds=4)
    allowed = [limit.allow(str(kind), 0.0) for kind in range(100)]
    assert allowed.count(0) == 5
    assert len(limit._seen) == 5


def test_limit_never_saves_more_than_a_burst() -> None:
    limit = LogLimit(burst=2, rate=1.0)
    assert limit.allow("kind", 0.0) == 0
    assert [limit.allow("kind", 1000.0) for _ in range(3)] == [0, 0, None]
