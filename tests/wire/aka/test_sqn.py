"""SQN = SEQ‖IND of TS 33.102 Annex C.1.1, concealed as §6.3.2 says."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wire.aka.sqn import SQN_LIMIT, conceal, join_sqn, reveal, split_sqn


@given(st.integers(0, SQN_LIMIT - 1), st.integers(1, 16))
def test_sqn_is_joined_from_its_parts(sqn: int, ind_bits: int) -> None:
    assert join_sqn(*split_sqn(sqn, ind_bits), ind_bits) == sqn


@given(st.integers(0, SQN_LIMIT - 1), st.binary(min_size=6, max_size=6))
def test_concealed_sqn_is_revealed_by_the_same_ak(sqn: int, ak: bytes) -> None:
    assert reveal(conceal(sqn, ak), ak) == sqn


def test_ind_is_the_low_five_bits() -> None:
    assert split_sqn(0x61) == (3, 1)
    assert join_sqn(3, 1) == 0x61


def test_split_refuses_more_than_48_bits() -> None:
    with pytest.raises(ValueError, match="48 bits"):
        split_sqn(SQN_LIMIT)


@pytest.mark.parametrize(("seq", "ind"), [(1 << 43, 0), (0, 32), (-1, 0), (0, -1)])
def test_join_refuses_parts_that_do_not_fit(seq: int, ind: int) -> None:
    with pytest.raises(ValueError, match="bits"):
        join_sqn(seq, ind)
