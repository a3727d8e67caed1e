"""The transition table of an IKE SA that is up."""

from typing import get_args

from tests.upkeep_pair import pair
from wire.ikev2.upkeep.states import TRANSITIONS, Finished, Leave, Quiet, State, UpkeepEvent

STATES = set(get_args(State))


def test_table_names_states_and_events_of_this_machine() -> None:
    assert {state for state, _ in TRANSITIONS} <= STATES
    assert {event for _, event in TRANSITIONS} <= set(get_args(UpkeepEvent))
    assert {following for targets in TRANSITIONS.values() for following in targets} == STATES


def test_whatever_is_outstanding_may_come_to_the_end() -> None:
    ending = {state for (state, _), targets in TRANSITIONS.items() if Finished in targets}
    assert STATES - ending == {Finished}
    assert not [state for state, _ in TRANSITIONS if state is Finished]


def test_who_leaves_does_nothing_else() -> None:
    (leaving,) = TRANSITIONS[Quiet, Leave]
    assert {target for (state, _), targets in TRANSITIONS.items() if state is leaving for target in targets} == {
        Finished
    }


def test_every_state_says_what_it_waits_for() -> None:
    assert all(state.waiting_for for state in STATES)


def test_ike_sa_knows_the_spi_that_is_its_own() -> None:
    link = pair()
    assert (link.one.machine.sa.own_spi, link.two.machine.sa.own_spi) == (b"initiate", b"respond!")
