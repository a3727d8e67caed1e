"""The initiator's transition table."""

from typing import get_args

from ue_sim.ike.events import InitiatorEvent
from ue_sim.ike.states import TRANSITIONS, Connected, Ended, Idle, State

STATES = set(get_args(State))
EVENTS = set(get_args(InitiatorEvent))


def test_table_names_states_and_events_of_this_machine() -> None:
    assert {state for state, _ in TRANSITIONS} <= STATES
    assert {event for _, event in TRANSITIONS} <= EVENTS
    assert {following for targets in TRANSITIONS.values() for following in targets} <= STATES


def test_every_state_is_reached_from_the_first() -> None:
    reached: set[type] = {Idle}
    while True:
        more = {target for (state, _), targets in TRANSITIONS.items() if state in reached for target in targets}
        if more <= reached:
            break
        reached |= more
    assert reached == STATES


def test_every_state_but_the_last_can_end() -> None:
    ending = {state for (state, _), targets in TRANSITIONS.items() if Ended in targets}
    assert STATES - ending == {Idle, Ended}
    assert Connected in ending


def test_every_state_says_what_it_waits_for() -> None:
    assert all(state.waiting_for for state in STATES)
