"""Runs one sans-IO machine in the world: events in, effects performed in order, one timer."""

from collections import deque
from collections.abc import Callable
from typing import Generic, Protocol, TypeVar

from wire.sansio import Machine, Tick

EventT = TypeVar("EventT")
EffectT = TypeVar("EffectT")


class Timer(Protocol):
    """What `call_later` gives back."""

    def cancel(self) -> None:
        """Forget the call."""


CallLater = Callable[[float, Callable[[], None]], Timer]
"""Called with seconds and what to do then, as asyncio's loop.call_later is."""


class Driver(Generic[EventT, EffectT]):
    """Feeds a machine, performs what it asks, and wakes it at its deadline.

    `clock` and `call_later` count the same seconds (loop.time and loop.call_later). An event fed while effects are
    being performed waits for the last of them.
    """

    def __init__(
        self,
        machine: Machine[EventT | Tick, EffectT],
        perform: Callable[[EffectT], None],
        *,
        clock: Callable[[], float],
        call_later: CallLater,
    ) -> None:
        self._machine = machine
        self._perform = perform
        self._clock = clock
        self._call_later = call_later
        self._waiting: deque[EventT | Tick] = deque()
        self._busy = False
        self._closed = False
        self._timer: Timer | None = None
        self._armed_for: float | None = None
        self._arm()

    def feed(self, event: EventT | Tick) -> None:
        """Give the machine one event, perform all effects of it, and set the timer anew."""
        if self._closed:
            return
        self._waiting.append(event)
        if self._busy:
            return
        self._busy = True
        try:
            while self._waiting and not self._closed:
                for effect in self._machine.handle(self._waiting.popleft(), self._clock()):
                    self._perform(effect)
        finally:
            self._busy = False
            self._arm()

    def close(self) -> None:
        """Take no more events and forget the timer."""
        self._closed = True
        self._waiting.clear()
        self._disarm()

    def _arm(self) -> None:
        deadline = None if self._closed else self._machine.deadline
        if deadline is not None and self._armed_for is not None and self._armed_for <= deadline:
            # a timer that comes early sleeps on: most deadlines move with each event, and most never come
            return
        self._disarm()
        if deadline is not None:
            self._armed_for = deadline
            self._timer = self._call_later(max(0.0, deadline - self._clock()), self._wake)

    def _disarm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._armed_for = None

    def _wake(self) -> None:
        self._timer = self._armed_for = None
        deadline = self._machine.deadline
        if deadline is None or self._clock() < deadline:
            self._arm()
        else:
            self.feed(Tick())
