"""The table of the UE's transitions: closed, reachable, and never without a way out."""

from dataclasses import is_dataclass
from typing import get_args

import pytest

from ue_sim.ue_events import (
    STEP_NAMES,
    TRANSITIONS,
    DetachRequested,
    Discovering,
    Leaving,
    Off,
    OnTheNetwork,
    Step,
    UeEffect,
    UeEvent,
    UeState,
)
from wire.sansio import Tick

STATES: set[type] = set(get_args(UeState))


def following(state: type) -> set[type]:
    return {target for (source, _), targets in TRANSITIONS.items() if source is state for target in targets}


def reachable(start: type) -> set[type]:
    seen: set[type] = set()
    waiting = {start}
    while waiting:
        seen |= waiting
        waiting = set().union(*(following(state) for state in waiting)) - seen
    return seen


def test_table_names_known_states_and_events_alone() -> None:
    events = set(get_args(UeEvent))
    assert {event for _, event in TRANSITIONS} == events
    assert {state for state, _ in TRANSITIONS} == STATES
    assert all(targets and targets <= STATES for targets in TRANSITIONS.values())


def test_every_state_is_reachable_from_off() -> None:
    assert reachable(Off) == STATES


@pytest.mark.parametrize("state", sorted(STATES, key=str))
def test_every_state_leads_back_to_off(state: type) -> None:
    assert Off in reachable(state)


@pytest.mark.parametrize("state", sorted(STATES - {Off}, key=str))
def test_time_alone_ends_every_state(state: type) -> None:
    by_time = {source: targets for (source, event), targets in TRANSITIONS.items() if event is Tick}
    reached, found = {state}, by_time[state]
    while not found <= reached:
        reached |= found
        found = frozenset().union(*(by_time[one] for one in reached - {Off}))
    assert Off in reached


@pytest.mark.parametrize("state", sorted(STATES - {Off, Leaving}, key=str))
def test_user_can_leave_from_everywhere(state: type) -> None:
    assert TRANSITIONS[state, DetachRequested] <= {Leaving, Off}


def test_nobody_is_on_the_network_without_the_way_there() -> None:
    sources = {state for (state, _), targets in TRANSITIONS.items() if OnTheNetwork in targets} - {OnTheNetwork}
    assert [state.__name__ for state in sorted(sources, key=str)] == ["Connecting", "Registering"]
    assert OnTheNetwork not in following(Discovering)


def test_every_part_is_a_frozen_value() -> None:
    for kind in (*STATES, *get_args(UeEvent), *get_args(UeEffect)):
        assert is_dataclass(kind)
        parameters = vars(kind)["__dataclass_params__"]
        assert parameters.frozen or parameters.unsafe_hash, kind  # of wire.frozen, whose writes mypy refuses


def test_eight_steps_have_their_numbers_and_names() -> None:
    assert [step.value for step in Step] == list(range(1, 9))
    assert list(STEP_NAMES) == list(Step)
    assert len(set(STEP_NAMES.values())) == 8
