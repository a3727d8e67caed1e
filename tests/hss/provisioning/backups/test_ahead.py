"""Restored subscribers and nodes are ahead of what may have been used."""

from typing import Any

import pytest

from hss.algorithms import AlgorithmSettings
from hss.counting.sqn import DELTA, SEQ_MAX, seq_max
from hss.counting.time_based import NeedsWindow, TimeBasedSequence, Turns
from hss.counting.windows import ClockRule, Window
from hss.models import Scheme
from hss.provisioning.backups.ahead import AHEAD, Ahead

SETTINGS = {
    "milenage": AlgorithmSettings("milenage"),
    "timed": AlgorithmSettings("timed", scheme=Scheme.TIME),
    "wide": AlgorithmSettings("wide", ind_bits=8),
    "narrow": AlgorithmSettings("narrow", delta=1 << 20),
}


def moved(profile: str, seq: int, time_offset: int = 0) -> tuple[int, int, int]:
    row: dict[str, Any] = {"profile": profile, "seq": seq, "time_offset": time_offset}
    ahead = Ahead(SETTINGS)
    ahead.move("subscriber", [row])
    return row["seq"], row["time_offset"], ahead.exhausted


def test_counter_moves_seq() -> None:
    assert moved("milenage", 1000) == (1000 + AHEAD, 0, 0)


def test_clock_begins_another_window_there() -> None:
    assert moved("timed", 9, -50) == (9 + AHEAD, 0, 0)
    assert moved("timed", SEQ_MAX, -50) == (SEQ_MAX, 0, 1)


def test_clock_gives_nothing_that_it_gave_after_the_backup() -> None:
    rule = ClockRule("timed", 5, DELTA, 100)
    kept = first = _window(Window(0, 0), 1, rule)
    for tick in (rule.width + 1, 2 * rule.width + 1, 3 * rule.width + 1):
        kept = _window(kept, tick, rule)
    seq, offset, _ = moved("timed", first.seq, first.offset)
    restored = _window(Window(seq, offset), 3 * rule.width + 2, rule)
    assert restored.seq - rule.width >= kept.seq


def _window(window: Window, tick: int, rule: ClockRule) -> Window:
    """The one that is opened at `tick`, because `window` does not reach so far."""
    sequence = TimeBasedSequence(low_ms=0, high_ms=1 << 50, turns=Turns())
    outcome = sequence.issue("001010000000001", rule, window, 1, tick * rule.unit_ms, turn=0)
    assert isinstance(outcome, NeedsWindow)
    return outcome.window


def test_usims_accept_what_follows() -> None:
    assert AHEAD <= DELTA // 16
    assert moved("narrow", 0) == (1 << 16, 0, 0)


@pytest.mark.parametrize(("profile", "end"), [("milenage", SEQ_MAX), ("wide", seq_max(8))])
def test_seq_ends_where_its_length_does(profile: str, end: int) -> None:
    assert moved(profile, end - AHEAD) == (end, 0, 0)
    assert moved(profile, end - AHEAD + 1) == (end, 0, 1)


def test_nodes_get_another_epoch() -> None:
    row = {"name": "aaa", "horizon": 77, "epoch": 4}
    Ahead({}).move("requesting_node", [row])
    assert row == {"name": "aaa", "horizon": 77, "epoch": 5}


def test_inds_get_another_epoch_and_a_generation_that_nobody_knows() -> None:
    freed = {"ind": 3, "horizon": 77, "epoch": 4}
    Ahead({}).move("freed_ind", [freed])
    assert freed == {"ind": 3, "horizon": 77, "epoch": 5}
    rows: list[dict[str, Any]] = [{"id": 1, "generation": 7} for _ in range(2)]
    Ahead({}).move("ind_generation", rows)
    assert len({7, rows[0]["generation"], rows[1]["generation"]}) == 3


def test_other_rows_stay() -> None:
    row = {"seq": 1, "epoch": 1}
    Ahead({}).move("audit", [row])
    assert row == {"seq": 1, "epoch": 1}
