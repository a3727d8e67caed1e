from typing import get_args

from wire.diameter.peer_events import Event, State
from wire.diameter.peer_table import TRANSITIONS


def test_the_table_knows_every_state_and_every_event() -> None:
    states = {state for state, _ in TRANSITIONS}
    assert states == set(get_args(State))
    assert {event for _, event in TRANSITIONS} == set(get_args(Event))
    assert {following for targets in TRANSITIONS.values() for following in targets} <= states
