"""The responder's transition table."""

from typing import get_args

from pdngw_proxy.ike.events import ResponderEvent
from pdngw_proxy.ike.states import TRANSITIONS, Ended, Fresh, State

STATES = set(get_args(State))
EVENTS = set(get_args(ResponderEvent))


def test_table_names_states_and_events_of_this_machine() -> None:
    assert {state for state, _ in TRANSITIONS} <= STATES
    assert {event for _, event in TRANSITIONS} <= EVENTS
    assert {following for targets in TRANSITIONS.values() for following in targets} <= STATES


def test_every_state_is_reached_from_the_first() -> None:
    reached: set[type] = {Fresh}
    while True:
        more = {target for (state, _), targets in TRANSITIONS.items() if state in reached for target in targets}
        if more <= reached:
            break
        reached |= more
    assert reached == STATES


def test_nothing_follows_the_end() -> None:
    assert not [state for state, _ in TRANSITIONS if state is Ended]


def test_every_state_says_what_it_waits_for() -> None:
    assert all(state.waiting_for for state in STATES)
