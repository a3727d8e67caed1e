"""When the next one begins, and when none does any more."""

import pytest

from ue_sim.load.pace import Pace


def test_as_many_begin_as_there_is_room_for() -> None:
    pace = Pace(at_once=8)
    assert [pace.due(0.0, begun, under_way) for begun, under_way in ((0, 0), (8, 8), (9, 7))] == [8, 0, 1]
    assert pace.next_in(1.0, 5) is None


def test_count_is_not_exceeded() -> None:
    pace = Pace(at_once=8, count=10)
    assert pace.due(0.0, 8, 3) == 2
    assert (pace.is_over(99.0, 9), pace.is_over(0.0, 10)) == (False, True)


def test_time_is_counted_after_the_warm_up() -> None:
    pace = Pace(at_once=8, seconds=2.0, warm_up=1.0)
    assert (pace.is_over(2.9, 1), pace.is_over(3.0, 1)) == (False, True)


def test_rate_is_kept_and_what_had_no_room_is_made_up_for() -> None:
    pace = Pace(at_once=100, rate=10.0)
    assert [pace.due(elapsed, begun, 0) for elapsed, begun in ((0.0, 0), (0.05, 1), (0.1, 1), (1.0, 1))] == [
        1,
        0,
        1,
        10,
    ]
    assert pace.next_in(0.05, 1) == pytest.approx(0.05)
    assert pace.next_in(0.2, 1) == 0.0


def test_processes_do_the_whole_together() -> None:
    pace = Pace(at_once=7, rate=30.0, count=10, seconds=5.0, warm_up=1.0)
    shares = [pace.share(part, 3) for part in range(3)]
    assert [share.at_once for share in shares] == [3, 2, 2]
    assert [share.count for share in shares] == [4, 3, 3]
    assert {(share.rate, share.seconds, share.warm_up) for share in shares} == {(10.0, 5.0, 1.0)}
