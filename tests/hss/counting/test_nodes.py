"""Each node has its IND until it is given back, and no two have the same one (TS 33.102 Annex C.1.2)."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from hss.counting.nodes import SPAN_MS, Held, claim, extend, give_back, hold, ind_of, lock_inds
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
        assert extend(connection, "aaa|one", 5, 0, 1, 1_100_000) == 1_100_000 + SPAN_MS
        # the clock went back, and whoever comes next cannot know what was used
        second = claim(connection, "aaa|one", 5, 5)
        assert (second.ind, second.epoch, second.low_ms) == (first.ind, 2, 1_100_000 + SPAN_MS)
        assert extend(connection, "aaa|one", 5, 0, 1, 9_000_000) is None
        assert extend(connection, "aaa|one", 5, 0, 2, 0) == second.high_ms + SPAN_MS


def test_ind_that_is_given_back_is_anothers_when_there_is_no_other(location: Location) -> None:
    with transaction(location) as connection:
        for name in "abc":
            ind_of(connection, name, 2)
        for name in "ab":
            give_back(connection, name, 2)
        # one that nobody has had, then the one that was freed first
        assert [hold(connection, name, 2) for name in "defc"] == [
            Held(3, 0, 2), Held(0, 1, 2), Held(1, 1, 2), Held(2, 0, 2)
        ]  # fmt: skip
        with pytest.raises(NodesExhausted, match="free that of one that is gone"):
            ind_of(connection, "a", 2)
        give_back(connection, "E", 2)
        assert hold(connection, "a", 2) == Held(0, 2, 3)


def test_clock_of_the_next_owner_begins_above_what_any_owner_may_have_used(location: Location) -> None:
    with transaction(location) as connection:
        for name in ("a|", "b|"):
            claim(connection, name, 1, 1_000_000)
        assert extend(connection, "a|", 1, 0, 1, 2_000_000) == 2_000_000 + SPAN_MS
        give_back(connection, "a|", 1)
        assert extend(connection, "a|", 1, 0, 1, 3_000_000) is None
        third = claim(connection, "c|", 1, 5)
        assert (third.ind, third.epoch, third.low_ms) == (0, 3, 2_000_000 + SPAN_MS)
        # whoever had that IND knows its epoch, which is nobody's any more; nor is the other IND in another's epoch his
        give_back(connection, "b|", 1)
        again = claim(connection, "a|", 1, 5)
        assert (again.ind, again.low_ms) == (1, 1_000_000 + SPAN_MS)
        assert extend(connection, "a|", 1, 0, again.epoch, 3_000_000) is None


def test_one_whose_clock_was_far_ahead_comes_last(location: Location) -> None:
    with transaction(location) as connection:
        claim(connection, "far|", 1, 1_000_000_000)
        ind_of(connection, "near", 1)
        for name in ("far|", "near"):
            give_back(connection, name, 1)
        assert [ind_of(connection, name, 1) for name in "ab"] == [1, 0]


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


def test_inds_that_come_and_go_at_once_are_one_nodes_each(location: Location) -> None:
    def ask(number: int) -> None:
        for turn in range(2):
            with transaction(location) as connection:
                hold(connection, f"n{number}.{turn}", 3)
            with transaction(location) as connection:
                lock_inds(connection)
                give_back(connection, f"n{number}.{turn}", 3)
        with transaction(location) as connection:
            hold(connection, f"n{number}", 3)

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(ask, range(8)))
    with transaction(location) as connection:
        assert sorted(ind_of(connection, f"n{number}", 3) for number in range(8)) == list(range(8))
        assert hold(connection, "n0", 3).generation == 16
