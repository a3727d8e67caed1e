"""The shape of a search, by one that asks for a word."""

from dataclasses import dataclass

import pytest

from ue_sim.search import Finished, Idle, Search
from wire.sansio import UnlistedTransition


@dataclass(frozen=True)
class Asking:
    again_at: float


class Wanted:
    """An event."""


class Answered:
    """Another."""


class Word(Search[Asking]):
    def __init__(self) -> None:
        super().__init__({(Idle, Wanted): frozenset({Asking}), (Asking, Answered): frozenset({Finished})})


def test_search_waits_while_it_asks_and_no_longer() -> None:
    word = Word()
    assert (word.state, word.deadline) == (Idle(), None)
    assert word._become(Wanted(), Asking(3.0), ["ask"]) == ["ask"]
    assert word.deadline == 3.0
    assert word._become(Answered(), Finished(), ["told"]) == ["told"]
    assert isinstance(word.state, Finished)
    assert word.deadline is None


def test_search_is_held_to_its_table() -> None:
    word = Word()
    with pytest.raises(UnlistedTransition):
        word._become(Wanted(), Finished(), [])
    assert word.state == Idle()
