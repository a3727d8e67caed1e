"""A run is used up from below, and nothing below what was given is given again."""

from hypothesis import given
from hypothesis import strategies as st

from hss.counting.reservations import Reservations


def test_run_is_used_up_from_below() -> None:
    runs = Reservations()
    assert runs.take("1", 1) is None
    runs.put("1", 11, 16)
    assert [runs.take("1", count) for count in (1, 3, 3, 2, 1)] == [11, 14, None, 16, None]


def test_older_run_is_not_taken_up_again() -> None:
    runs = Reservations()
    runs.put("1", 21, 30)
    runs.put("1", 11, 20)
    assert runs.take("1", 1) == 21


def test_run_that_was_dropped_stays_so() -> None:
    runs = Reservations()
    runs.put("1", 11, 20)
    runs.drop("1", 40)
    assert runs.take("1", 1) is None
    runs.put("1", 21, 30)
    assert runs.take("1", 1) is None
    runs.put("1", 41, 50)
    assert runs.take("1", 1) == 41


def test_all_runs_are_dropped_together() -> None:
    runs = Reservations()
    for imsi in "12":
        runs.put(imsi, 11, 20)
    runs.drop_all()
    assert [runs.take(imsi, 1) for imsi in "12"] == [None, None]
    assert runs.turn == 1
    runs.put("1", 21, 30)
    assert runs.take("1", 1) == 21


def test_memory_is_bounded() -> None:
    runs = Reservations(kept=2)
    for imsi in "123":
        runs.put(imsi, 1, 5)
    assert [runs.take(imsi, 1) for imsi in "123"] == [None, 1, 1]


@given(st.lists(st.tuples(st.booleans(), st.integers(1, 4)), max_size=60))
def test_what_is_taken_only_rises(steps: list[tuple[bool, int]]) -> None:
    runs, seq_he, given_out = Reservations(), 0, [0]
    for reserve, count in steps:
        if reserve:
            runs.put("1", seq_he + 1, seq_he + 8)
            seq_he += 8
        elif (last := runs.take("1", count)) is not None:
            assert last - count + 1 > given_out[-1]
            assert last <= seq_he
            given_out.append(last)
