"""How SEQ_HE moves: forward, never past its end, never back (TS 33.102 §6.3.5, Annex C)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hss.counting.sqn import (
    DELTA,
    SEQ_MAX,
    NodesExhausted,
    OutOfReach,
    SequenceExhausted,
    allocated,
    free_ind,
    moved,
    resynchronised,
    seq_max,
    sqns,
)
from wire.aka.sqn import join_sqn, split_sqn

SEQS = st.integers(min_value=0, max_value=SEQ_MAX)
COUNTS = st.integers(min_value=1, max_value=5)


def test_limits_are_those_of_annex_c() -> None:
    assert (SEQ_MAX, seq_max(8), DELTA) == (2**43 - 1, 2**40 - 1, 2**28)


@given(last=st.integers(min_value=5, max_value=SEQ_MAX), count=COUNTS, ind=st.integers(min_value=0, max_value=31))
def test_sqns_of_a_run_are_distinct_and_rise(last: int, count: int, ind: int) -> None:
    run = sqns(last, count, ind)
    assert [split_sqn(sqn) for sqn in run] == [(seq, ind) for seq in range(last - count + 1, last + 1)]


def test_allocation_stops_at_the_last_seq() -> None:
    assert allocated(SEQ_MAX - 3, 3) == SEQ_MAX
    with pytest.raises(SequenceExhausted):
        allocated(SEQ_MAX - 2, 3)


@pytest.mark.parametrize(
    ("seq_he", "seq_ms", "following"),
    [(100, 50, 101), (100, 100, 101), (100, 5000, 5001), (0, SEQ_MAX - 1, SEQ_MAX), (DELTA + 49, 50, DELTA + 50)],
)
def test_resynchronisation_moves_only_forward(seq_he: int, seq_ms: int, following: int) -> None:
    assert resynchronised(seq_he, seq_ms, 1) == following


def test_resynchronisation_never_goes_back_to_a_usim_out_of_reach() -> None:
    with pytest.raises(OutOfReach):
        resynchronised(DELTA + 50, 50, 1)


def test_resynchronisation_never_wraps() -> None:
    with pytest.raises(SequenceExhausted):
        resynchronised(0, SEQ_MAX, 1)


@given(seq_he=SEQS, seq_ms=SEQS, count=COUNTS)
def test_what_follows_a_resynchronisation_is_accepted_by_the_usim(seq_he: int, seq_ms: int, count: int) -> None:
    try:
        following = resynchronised(seq_he, seq_ms, count)
    except (SequenceExhausted, OutOfReach):
        return
    first = following - count + 1
    # TS 33.102 Annex C.2.2: above all that it has accepted, and not too far above
    assert seq_ms < first <= following <= seq_ms + DELTA
    assert first > seq_he


@given(taken=st.sets(st.integers(min_value=0, max_value=31)))
def test_free_ind_is_nobodys(taken: set[int]) -> None:
    if len(taken) == 32:
        with pytest.raises(NodesExhausted):
            free_ind(taken)
    else:
        assert free_ind(taken) not in taken


BITS = st.integers(min_value=1, max_value=16)


@given(seq=SEQS, old=BITS, new=BITS)
def test_longer_or_shorter_ind_brings_no_sqn_again(seq: int, old: int, new: int) -> None:
    seq = min(seq, seq_max(old))
    try:
        following = allocated(moved(seq, old, new), 1, new)
    except SequenceExhausted:
        assert new > old or seq == seq_max(old)
        return
    assert join_sqn(following, 0, new) > join_sqn(seq, (1 << old) - 1, old)
