"""The table of a binding's states is whole."""

from typing import get_args

from ue_sim.binding_states import TRANSITIONS, State
from ue_sim.mobility import NodeEvent


def test_every_state_answers_every_event() -> None:
    assert set(TRANSITIONS) == {(state, event) for state in get_args(State) for event in get_args(NodeEvent)}


def test_every_state_is_reached() -> None:
    assert set().union(*TRANSITIONS.values()) == set(get_args(State))
