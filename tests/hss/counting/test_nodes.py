"""Each node has its IND, once and for ever (TS 33.102 Annex C.1.2)."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from hss.counting.nodes import SPAN_MS, claim, extend, ind_of
from hss.counting.sqn import NodesExhausted
from hss.store.engines import transaction
from hss.store.location import Location


def test_node_keeps_its_ind(location: Location) -> None:
    with transaction(location) as connection:
        assert [ind_of(connection, name) for name in ("aaa1", "aaa2", "AAA1", "aaa3")] == [0, 1, 0, 2]
    with transaction(location) as connection:
        assert [ind_of(connection, name) for name in ("aaa3", "aaa1")] == [2, 0]


def test_thirty_third_node_gets_none(location: Location) -> None:
    with transaction(location) as connection:
        assert sorted(ind_of(connection, f"aaa{number}") for number in range(32)) == list(range(32))
        with pytest.raises(NodesExhausted):
            ind_of(connection, "one too many")
        assert ind_of(connection, "aaa31") == 31


def test_each_length_of_ind_is_given_out_for_itself(location: Location) -> None:
    with transaction(location) as connection:
        assert [ind_of(connection, name, 3) for name in "abcdefgh"] == list(range(8))
        with pytest.raises(NodesExhausted, match="8 nodes have an IND of 3 bits each"):
            ind_of(connection, "i", 3)
        assert ind_of(connection, "i", 4) == 0


def test_node_that_is_taken_over_begins_above_all_that_was_used(location: Location) -> None:
    with transaction(location) as connection:
        first = claim(connection, "AAA|one", 5, 1_000_000)
        assert (first.epoch, first.low_ms, first.high_ms) == (1, 1_000_000, 1_000_000 + SPAN_MS)
        assert extend(connection, "aaa|one", 5, 1, 1_100_000) == 1_100_000 + SPAN_MS
        # the clock went back, and whoever comes next cannot know what was used
        second = claim(connection, "aaa|one", 5, 5)
        assert (second.ind, second.epoch, second.low_ms) == (first.ind, 2, 1_100_000 + SPAN_MS)
        assert extend(connection, "aaa|one", 5, 1, 9_000_000) is None
        assert extend(connection, "aaa|one", 5, 2, 0) == second.high_ms + SPAN_MS


@pytest.mark.parametrize("name", ["", "a" * 321])
def test_node_needs_a_name(location: Location, name: str) -> None:
    with transaction(location) as connection, pytest.raises(ValueError, match="1 to 320"):
        ind_of(connection, name)


def test_processes_that_ask_at_once_get_an_ind_each(location: Location) -> None:
    def ask(number: int) -> int:
        with transaction(location) as connection:
            return ind_of(connection, f"at-once-{number}")

    with ThreadPoolExecutor(8) as threads:
        assert sorted(threads.map(ask, range(24))) == list(range(24))
