"""The table of the server's transitions is closed, and its end is an end."""

from typing import get_args

from aaa.eap.aka_table import TRANSITIONS
from aaa.eap.events import EapArrived, Event
from aaa.eap.states import AkaState, Chosen, Done


def test_table_names_every_state_and_every_event() -> None:
    states = set(get_args(AkaState))
    assert {state for state, _ in TRANSITIONS} == states
    assert {event for _, event in TRANSITIONS} == set(get_args(Event))
    assert set().union(*TRANSITIONS.values()) == states - {Chosen}


def test_nothing_follows_the_end() -> None:
    assert [following for (state, _), following in TRANSITIONS.items() if state is Done] == [frozenset({Done})]
    assert TRANSITIONS[Done, EapArrived] == frozenset({Done})
