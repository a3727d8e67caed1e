import pytest

from wire.diameter.watchdog import (
    TRANSITIONS,
    CloseConnection,
    ConnectionFailed,
    ConnectionOpened,
    Down,
    Effect,
    Event,
    FailBack,
    FailOver,
    Initial,
    Needed,
    Okay,
    Reopen,
    SendWatchdog,
    State,
    Suspect,
    TrafficArrived,
    Watchdog,
    WatchdogAnswered,
)
from wire.sansio import Tick

LATE = 1e9
TAKEN: set[tuple[type, type, type]] = set()


def middle(count: int) -> bytes:
    """The jitter in the middle: Tw is Twinit."""
    return b"\x7f\xff\xff\xff"[:count]


def watchdog(*, alternate: bool = True) -> Watchdog:
    return Watchdog(random=middle, twinit=30.0, alternate=alternate)


def step(dog: Watchdog, event: Event, now: float = LATE) -> list[Effect]:
    before = type(dog.state)
    effects = dog.handle(event, now)
    TAKEN.add((before, type(event), type(dog.state)))
    return effects


def at(state: State, *, alternate: bool = True) -> Watchdog:
    dog = watchdog(alternate=alternate)
    dog.state = state
    return dog


# Appendix A of RFC 3539, line by line, and Needed, which it has not
LINES: list[tuple[State, Event, list[Effect], type[State]]] = [
    (Initial(), ConnectionOpened(), [], Okay),
    (Down(), ConnectionOpened(), [SendWatchdog()], Reopen),
    (Okay(10), WatchdogAnswered(), [], Okay),
    (Okay(10), TrafficArrived(), [], Okay),
    (Okay(10), Tick(), [SendWatchdog()], Okay),
    (Okay(10, pending=True), Tick(), [FailOver()], Suspect),
    (Okay(10), ConnectionFailed(), [FailOver()], Down),
    (Suspect(10), WatchdogAnswered(), [FailBack()], Okay),
    (Suspect(10), TrafficArrived(), [FailBack()], Okay),
    (Suspect(10), Tick(), [CloseConnection()], Down),
    (Suspect(10), ConnectionFailed(), [], Down),
    (Reopen(10, pending=True, answers=0), WatchdogAnswered(), [], Reopen),
    (Reopen(10, pending=True, answers=2), WatchdogAnswered(), [FailBack()], Okay),
    (Reopen(10, pending=True, answers=0), TrafficArrived(), [], Reopen),
    (Reopen(10, pending=True, answers=0), Needed(), [FailBack()], Okay),
    (Reopen(10, pending=False, answers=1), Tick(), [SendWatchdog()], Reopen),
    (Reopen(10, pending=True, answers=1), Tick(), [], Reopen),
    (Reopen(10, pending=True, answers=-1), Tick(), [CloseConnection()], Down),
    (Reopen(10, pending=True, answers=0), ConnectionFailed(), [], Down),
]


@pytest.mark.parametrize(("state", "event", "effects", "following"), LINES)
def test_every_line_of_appendix_a_is_followed(
    state: State, event: Event, effects: list[Effect], following: type[State]
) -> None:
    dog = at(state)
    assert step(dog, event) == effects
    assert type(dog.state) is following


def test_without_an_alternate_a_new_connection_is_used_at_once() -> None:
    dog = at(Down(), alternate=False)
    assert step(dog, ConnectionOpened()) == []
    assert dog.usable


def test_every_entry_of_the_table_is_taken() -> None:
    for state, event, _, _ in LINES:
        step(at(state), event)
    step(at(Down(), alternate=False), ConnectionOpened())
    listed = {(state, event, target) for (state, event), targets in TRANSITIONS.items() for target in targets}
    assert listed - TAKEN == set()


def test_silence_is_answered_by_dwr_then_suspicion_then_the_end() -> None:
    dog = watchdog()
    dog.handle(ConnectionOpened(), 0.0)
    assert dog.deadline == pytest.approx(30.0)
    assert dog.handle(Tick(), 29.9) == []
    assert dog.handle(Tick(), 30.0) == [SendWatchdog()]
    usable = [dog.usable]
    assert dog.handle(Tick(), 60.1) == [FailOver()]
    usable.append(dog.usable)
    assert usable == [True, False]
    assert dog.handle(Tick(), 61.0) == []
    assert dog.handle(Tick(), 90.2) == [CloseConnection()]
    assert dog.deadline is None


def test_traffic_keeps_the_connection_and_leaves_a_pending_dwr_pending() -> None:
    dog = watchdog()
    dog.handle(ConnectionOpened(), 0.0)
    dog.handle(Tick(), 30.0)
    dog.handle(TrafficArrived(), 40.0)
    assert dog.handle(Tick(), 70.1) == [FailOver()]


def test_three_answers_bring_a_reopened_connection_back() -> None:
    dog = at(Down())
    dog.handle(ConnectionOpened(), 0.0)
    for _ in range(2):
        dog.handle(WatchdogAnswered(), 1.0)
        assert not dog.usable
    assert dog.handle(WatchdogAnswered(), 2.0) == [FailBack()]


@pytest.mark.parametrize(("octets", "least", "most"), [(b"\x00", 28.0, 28.0), (b"\xff", 32.0, 32.0)])
def test_jitter_is_two_seconds_either_way(octets: bytes, least: float, most: float) -> None:
    dog = Watchdog(random=lambda count: octets * count)
    dog.handle(ConnectionOpened(), 0.0)
    assert dog.deadline is not None
    assert least <= dog.deadline <= most


def test_twinit_is_never_under_six_seconds() -> None:
    dog = Watchdog(random=lambda count: b"\x00" * count, twinit=1.0)
    dog.handle(ConnectionOpened(), 0.0)
    assert dog.deadline == 4.0


def test_an_event_that_a_state_does_not_know_changes_nothing() -> None:
    dog = watchdog()
    assert dog.handle(WatchdogAnswered(), 0.0) == []
    assert dog.state == Initial()


def test_traffic_sets_tw_anew_when_it_runs_out() -> None:
    dog = watchdog()
    dog.handle(ConnectionOpened(), 0.0)
    assert dog.heard(10.0)
    dog.handle(TrafficArrived(), 20.0)
    assert dog.deadline == pytest.approx(30.0)
    assert dog.handle(Tick(), 30.0) == []
    assert dog.deadline == pytest.approx(50.0)
    assert dog.handle(Tick(), 50.0) == [SendWatchdog()]


@pytest.mark.parametrize("state", [Initial(), Suspect(10), Down(), Reopen(10, pending=True, answers=0)])
def test_traffic_is_an_event_where_it_decides_something(state: State) -> None:
    dog = at(state)
    assert not dog.heard(5.0)
    assert dog.state == state
