"""The table of the peer's transitions is closed, and its end is an end."""

from typing import get_args

from ue_sim.eap.states import TRANSITIONS, Done, EapArrived, Event, PeerFailed, State


def test_table_names_every_state_and_every_event() -> None:
    states, events = set(get_args(State)), set(get_args(Event))
    assert {state for state, _ in TRANSITIONS} == states
    assert {event for _, event in TRANSITIONS} == events
    assert set().union(*TRANSITIONS.values()) == states


def test_nothing_follows_the_end() -> None:
    assert TRANSITIONS[Done, EapArrived] == frozenset({Done})
    assert PeerFailed("why").cause == "why"
