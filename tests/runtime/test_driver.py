"""The driver, on a clock that the test turns."""

from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from runtime.driver import Driver
from wire.sansio import Tick


@dataclass(eq=False)
class VirtualTimer:
    at: float
    call: Callable[[], None]
    cancelled: bool = False

    def cancel(self) -> None:
        self.cancelled = True


@dataclass
class VirtualLoop:
    now: float = 100.0
    timers: list[VirtualTimer] = field(default_factory=list)

    def time(self) -> float:
        return self.now

    def call_later(self, delay: float, call: Callable[[], None]) -> VirtualTimer:
        timer = VirtualTimer(self.now + delay, call)
        self.timers.append(timer)
        return timer

    def armed(self) -> list[float]:
        return [timer.at for timer in self.timers if not timer.cancelled]

    def advance(self, seconds: float) -> None:
        self.now += seconds
        due = [timer for timer in self.timers if timer.at <= self.now and not timer.cancelled]
        for timer in due:
            self.timers.remove(timer)
            timer.call()


class Echo:
    """Says back what it hears; a number sets its deadline that many seconds ahead."""

    def __init__(self) -> None:
        self.deadline: float | None = None
        self.heard: list[tuple[object, float]] = []

    def handle(self, event: str | float | Tick, now: float) -> list[str]:
        self.heard.append((event, now))
        if isinstance(event, Tick):
            self.deadline = None
            return ["woken"]
        if isinstance(event, float):
            self.deadline = now + event
            return []
        return [event, event.upper()]


def driver(machine: Echo, loop: VirtualLoop, perform: Callable[[str], None]) -> Driver[str | float, str]:
    return Driver(machine, perform, clock=loop.time, call_later=loop.call_later)


def test_driver_performs_every_effect_in_order() -> None:
    done: list[str] = []
    driver(Echo(), VirtualLoop(), done.append).feed("a")
    assert done == ["a", "A"]


def test_driver_wakes_the_machine_at_its_deadline() -> None:
    loop, machine, done = VirtualLoop(), Echo(), list[str]()
    driver(machine, loop, done.append).feed(3.0)
    assert loop.armed() == [103.0]
    loop.advance(2.9)
    assert done == []
    loop.advance(0.2)
    assert done == ["woken"]
    assert loop.armed() == []


def test_driver_keeps_one_timer() -> None:
    loop, machine = VirtualLoop(), Echo()
    running = driver(machine, loop, lambda _effect: None)
    running.feed(3.0)
    running.feed("x")
    assert len(loop.timers) == 1
    running.feed(9.0)
    assert loop.armed() == [103.0]
    loop.advance(3.0)
    assert loop.armed() == [109.0]
    assert (Tick() in [event for event, _ in machine.heard]) is False
    running.feed(1.0)
    assert loop.armed() == [104.0]


def test_driver_arms_for_a_machine_that_begins_with_a_deadline() -> None:
    loop, machine = VirtualLoop(), Echo()
    machine.deadline = 101.5
    driver(machine, loop, lambda _effect: None)
    assert loop.armed() == [101.5]


def test_driver_sleeps_on_when_woken_early() -> None:
    loop, machine = VirtualLoop(), Echo()
    driver(machine, loop, lambda _effect: None).feed(3.0)
    loop.timers.pop().call()
    assert machine.heard == [(3.0, 100.0)]
    assert loop.armed() == [103.0]


def test_event_fed_while_performing_waits_for_the_last_effect() -> None:
    done: list[str] = []

    def perform(effect: str) -> None:
        done.append(effect)
        if effect == "a":
            running.feed("b")

    running = driver(Echo(), VirtualLoop(), perform)
    running.feed("a")
    assert done == ["a", "A", "b", "B"]


def test_closed_driver_does_nothing_more() -> None:
    loop, machine, done = VirtualLoop(), Echo(), list[str]()
    running = driver(machine, loop, done.append)
    running.feed(3.0)
    running.close()
    running.feed("a")
    assert done == []
    assert loop.armed() == []


def test_driver_closed_by_an_effect_performs_no_later_event() -> None:
    loop, machine, done = VirtualLoop(), Echo(), list[str]()

    def perform(effect: str) -> None:
        done.append(effect)
        running.feed("late")
        running.close()

    running = driver(machine, loop, perform)
    running.feed("a")
    assert done == ["a", "A"]


def test_fault_of_a_machine_is_not_hidden() -> None:
    def perform(effect: str) -> None:
        raise RuntimeError(effect)

    running = driver(Echo(), VirtualLoop(), perform)
    with pytest.raises(RuntimeError, match="a"):
        running.feed("a")
