"""Restored subscribers and nodes are ahead of what may have been used."""

from typing import Any

import pytest

from hss.algorithms import AlgorithmSettings
from hss.counting.sqn import DELTA, SEQ_MAX, seq_max
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


def test_clock_moves_the_offset() -> None:
    assert moved("timed", 9, -50) == (9, AHEAD - 50, 0)


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


def test_other_rows_stay() -> None:
    row = {"seq": 1, "epoch": 1}
    Ahead({}).move("audit", [row])
    assert row == {"seq": 1, "epoch": 1}
