"""Windows follow one another without a gap in what SQL knows, and never carry SEQ out of the USIM's reach."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hss.counting.sqn import DELTA, OutOfReach, SequenceExhausted, seq_max
from hss.counting.windows import COUNT_MAX, ClockRule, Window, opened, resynchronised

RULE = ClockRule("clock", 5, DELTA, 100)
NARROW = ClockRule("narrow", 5, 5000, 100)
TICKS = st.integers(min_value=1, max_value=1 << 40)
SEQS = st.integers(min_value=0, max_value=seq_max() - RULE.width)


def test_window_is_a_small_part_of_delta() -> None:
    assert (RULE.width, NARROW.width, ClockRule("least", 5, 1, 1).width) == (DELTA // 64, 78, COUNT_MAX)


@given(seq=SEQS, tick=TICKS)
def test_window_begins_where_the_last_one_ended(seq: int, tick: int) -> None:
    window = opened(seq, tick, RULE)
    assert window.seq == seq + RULE.width
    assert window.offset != 0
    assert seq < tick + window.offset <= seq + 2


def test_last_window_ends_with_the_last_seq() -> None:
    assert opened(seq_max() - RULE.width, 1, RULE).seq == seq_max()
    with pytest.raises(SequenceExhausted):
        opened(seq_max() - RULE.width + 1, 1, RULE)


@given(
    seq=st.integers(0, 20_000), tick=st.integers(1, 20_000), into=st.integers(0, 77),
    seq_ms=st.integers(0, 40_000), count=st.integers(1, 5),
)  # fmt: skip
def test_resynchronisation_moves_only_forward_and_into_reach(
    seq: int, tick: int, into: int, seq_ms: int, count: int
) -> None:
    window = opened(seq, tick, NARROW)
    tick += into
    following = tick + window.offset
    try:
        changed = resynchronised(window, seq_ms, tick, count, NARROW)
    except OutOfReach:
        assert following + count - 1 - seq_ms > NARROW.delta
        return
    after = changed or window
    assert after.offset >= window.offset
    assert after.seq >= window.seq
    assert (changed is None) == (following > seq_ms)
    assert seq_ms < tick + after.offset <= seq_ms + NARROW.delta
    if changed is not None:
        assert tick + after.offset + count - 1 <= after.seq
        # what SQL did not know before begins above all that it knew
        assert after.seq == window.seq or tick + after.offset > window.seq


def test_offset_is_never_the_sign_of_no_window() -> None:
    assert opened(9, 10, RULE).offset == 1
    changed = resynchronised(Window(RULE.width, -5), 3, 4, 1, RULE)
    assert changed is not None
    assert changed.offset != 0
