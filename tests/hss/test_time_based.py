"""No SEQ twice and none below another, whatever the clock does, whoever dies and whoever takes over."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from hss.nodes import SPAN_MS
from hss.time_based import (
    RUN_AHEAD_MS,
    ClockBehind,
    NeedsGrant,
    TimeBasedSequence,
    offset_after_resynchronisation,
    offset_for,
    seq_for,
)

UNIT = 100
NOW = 1_000_000


def sequence(low_ms: int = NOW, high_ms: int = NOW + SPAN_MS) -> TimeBasedSequence:
    return TimeBasedSequence(unit_ms=UNIT, low_ms=low_ms, high_ms=high_ms)


def test_seq_is_the_tick_and_the_offset() -> None:
    assert sequence().issue("1", 0, 1, NOW + 5 * UNIT) == NOW // UNIT + 5
    assert sequence().issue("1", 1000, 1, NOW + 5 * UNIT) == NOW // UNIT + 1005


def test_vectors_of_one_tick_follow_each_other() -> None:
    one = sequence()
    now = NOW + 10 * UNIT
    assert [one.issue("1", 0, count, now) for count in (1, 3, 1)] == [10010, 10013, 10014]
    assert one.issue("2", 0, 1, now) == 10010
    assert one.issue("1", 0, 1, now + UNIT) == 10015
    assert one.issue("1", 0, 1, now + 50 * UNIT) == 10060


def test_clock_that_goes_back_changes_nothing() -> None:
    one = sequence()
    assert one.issue("1", 0, 1, NOW + 20 * UNIT) == 10020
    assert one.issue("1", 0, 1, NOW - 500 * UNIT) == 10021
    # somebody who was not there before gets nothing from before either
    assert one.issue("2", 0, 1, NOW - 500 * UNIT) == 10020


def test_node_begins_after_what_its_predecessor_may_have_used() -> None:
    assert sequence(low_ms=NOW + 7 * UNIT).issue("1", 0, 1, NOW) == 10008


def test_moments_that_are_not_granted_are_not_used() -> None:
    one = sequence(high_ms=NOW + 2 * UNIT)
    assert one.issue("1", 0, 1, NOW + 2 * UNIT) == 10002
    needed = one.issue("1", 0, 2, NOW + 2 * UNIT)
    assert needed == NeedsGrant(NOW + 4 * UNIT)
    one.granted(NOW + 4 * UNIT)
    assert one.issue("1", 0, 2, NOW + 2 * UNIT) == 10004


def test_node_waits_for_a_clock_that_is_too_far_behind() -> None:
    one = sequence(high_ms=NOW + 10 * RUN_AHEAD_MS)
    one.issue("1", 0, 1, NOW + RUN_AHEAD_MS + 10_000)
    with pytest.raises(ClockBehind, match=r"the clock is 3610 s behind what this node has used; set it right, or wait"):
        one.issue("1", 0, 1, NOW)
    assert one.issue("1", 0, 1, NOW + 20_000) == (NOW + RUN_AHEAD_MS + 10_000) // UNIT + 1


def test_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hss.time_based.REMEMBERED", 3)
    one = sequence()
    for imsi in "123":
        one.issue(imsi, 0, 1, NOW + UNIT)
    with pytest.raises(ClockBehind):
        one.issue("4", 0, 1, NOW + UNIT)
    assert one.issue("1", 0, 1, NOW + UNIT) == 10002
    # the clock has passed 2 and 3, not yet what 1 has used up
    assert one.issue("4", 0, 1, NOW + 2 * UNIT) == 10002
    assert one.issue("1", 0, 1, NOW + 2 * UNIT) == 10003


@given(st.integers(0, 1 << 40), st.integers(0, 1 << 42), st.integers(0, 1 << 40))
def test_offset_moves_only_forward_and_far_enough(offset: int, seq_ms: int, now: int) -> None:
    moved = offset_after_resynchronisation(offset, seq_ms, now, UNIT)
    assert moved >= offset
    assert now // UNIT + moved > seq_ms


@given(st.integers(0, 1 << 42), st.integers(0, 1 << 40), st.integers(0, 10_000_000))
def test_profile_that_changes_never_goes_back(seq: int, now: int, ahead: int) -> None:
    offset = offset_for(seq, now, UNIT)
    assert now // UNIT + offset > seq
    horizon = now + ahead
    # whatever a node has issued lies at or below its horizon
    assert seq_for(offset, horizon, UNIT) >= horizon // UNIT + offset


class Nodes(RuleBasedStateMachine):
    """One node: processes that die, clocks that jump, a USIM's AUTS; SQL's grants are kept here."""

    def __init__(self) -> None:
        super().__init__()
        self.now = NOW
        self.horizon = 0
        self.offsets = {"1": 0, "2": 0}
        self.issued: dict[str, list[int]] = {"1": [], "2": []}
        self.process = self.taken_over()

    def taken_over(self) -> TimeBasedSequence:
        low = max(self.horizon, self.now)
        self.horizon = low + SPAN_MS
        return sequence(low, self.horizon)

    @rule(imsi=st.sampled_from("12"), count=st.integers(1, 5))
    def issue(self, imsi: str, count: int) -> None:
        try:
            last = self.process.issue(imsi, self.offsets[imsi], count, self.now)
            if isinstance(last, NeedsGrant):
                self.horizon = max(self.horizon, last.until_ms) + SPAN_MS
                self.process.granted(self.horizon)
                last = self.process.issue(imsi, self.offsets[imsi], count, self.now)
        except ClockBehind:
            return
        assert isinstance(last, int)
        self.issued[imsi] += range(last - count + 1, last + 1)

    @rule(by=st.integers(-10 * RUN_AHEAD_MS, 10 * RUN_AHEAD_MS) | st.integers(-300, 300))
    def jump(self, by: int) -> None:
        self.now = max(0, self.now + by)

    @rule()
    def kill(self) -> None:
        self.process = self.taken_over()

    @rule(imsi=st.sampled_from("12"), ahead=st.integers(-50, 1 << 20))
    def resynchronise(self, imsi: str, ahead: int) -> None:
        seq_ms = max([0, *self.issued[imsi]]) + ahead
        self.offsets[imsi] = offset_after_resynchronisation(self.offsets[imsi], max(0, seq_ms), self.now, UNIT)

    @invariant()
    def nothing_twice_and_nothing_below(self) -> None:
        for seqs in self.issued.values():
            assert all(one < other for one, other in pairwise(seqs))


TestNodes = Nodes.TestCase
