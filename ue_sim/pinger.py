"""A series of ICMP echo requests through the tunnel, each awaited for a limited time (RFC 4443 §4.1, RFC 792)."""

from dataclasses import dataclass, replace
from typing import assert_never

from ue_sim.stack import EchoAnswered, EchoFailed
from wire.ip.checksum import IpAddress
from wire.sansio import Tick, Transitions, check_transition


@dataclass(frozen=True, slots=True, kw_only=True)
class PingRequested:
    """Send `count` echo requests, `interval` seconds apart, and wait `timeout` seconds for each reply."""

    destination: IpAddress
    identifier: int
    count: int = 5
    interval: float = 0.2
    timeout: float = 2.0
    data: bytes = bytes(range(56))


PingerEvent = PingRequested | EchoAnswered | EchoFailed | Tick


@dataclass(frozen=True, slots=True)
class SendEcho:
    """Send one echo request."""

    destination: IpAddress
    identifier: int
    sequence: int
    data: bytes


@dataclass(frozen=True, slots=True)
class EchoTimed:
    """One reply came, after `round_trip` seconds."""

    sequence: int
    round_trip: float


@dataclass(frozen=True, slots=True)
class EchoMissed:
    """One request has no reply; `cause` in one line."""

    sequence: int
    cause: str


@dataclass(frozen=True, slots=True)
class PingFinished:
    """The series is over; `round_trips` in seconds, one for each reply in the order of arrival."""

    sent: int
    received: int
    round_trips: tuple[float, ...]


PingerEffect = SendEcho | EchoTimed | EchoMissed | PingFinished


@dataclass(frozen=True, slots=True)
class Quiet:
    """No series is on."""


@dataclass(frozen=True, slots=True)
class Pinging:
    """A series: how many requests were sent, which await a reply as (sequence, sent at), and what came back."""

    request: PingRequested
    next_at: float
    sent: int = 0
    waiting: tuple[tuple[int, float], ...] = ()
    round_trips: tuple[float, ...] = ()


State = Quiet | Pinging

TRANSITIONS: Transitions = {
    (Quiet, PingRequested): frozenset({Pinging}),
    (Quiet, EchoAnswered): frozenset({Quiet}),
    (Quiet, EchoFailed): frozenset({Quiet}),
    (Quiet, Tick): frozenset({Quiet}),
    (Pinging, PingRequested): frozenset({Pinging}),
    (Pinging, EchoAnswered): frozenset({Pinging, Quiet}),
    (Pinging, EchoFailed): frozenset({Pinging, Quiet}),
    (Pinging, Tick): frozenset({Pinging, Quiet}),
}


class Pinger:
    """One series at a time; a new request ends the older series without a word."""

    def __init__(self) -> None:
        self.state: State = Quiet()

    @property
    def deadline(self) -> float | None:
        """When the next request goes, or the oldest one is given up."""
        if isinstance(self.state, Quiet):
            return None
        times = [sent_at + self.state.request.timeout for _, sent_at in self.state.waiting]
        if self.state.sent < self.state.request.count:
            times.append(self.state.next_at)
        return min(times, default=self.state.next_at)

    @property
    def identifier(self) -> int | None:
        """That of the series that is on, or None."""
        return self.state.request.identifier if isinstance(self.state, Pinging) else None

    def handle(self, event: PingerEvent, now: float) -> list[PingerEffect]:
        """Take one event and return its effects."""
        before = self.state
        effects = self._dispatch(event, now)
        check_transition(TRANSITIONS, before, event, self.state)
        return effects

    def _dispatch(self, event: PingerEvent, now: float) -> list[PingerEffect]:
        if isinstance(event, PingRequested):
            return self._advance(Pinging(event, now), now)
        state = self.state
        if isinstance(state, Quiet):
            return []
        match event:
            case EchoAnswered(source, identifier, sequence, _):
                if source != state.request.destination or identifier != state.request.identifier:
                    return []
                return self._answered(state, sequence, now)
            case EchoFailed(identifier, sequence, cause):
                return self._failed(state, identifier, sequence, cause, now)
            case Tick():
                return self._advance(state, now)
        assert_never(event)

    def _answered(self, state: Pinging, sequence: int, now: float) -> list[PingerEffect]:
        sent_at = dict(state.waiting).get(sequence)
        if sent_at is None:
            return []
        state = replace(
            state, waiting=_without(state.waiting, sequence), round_trips=(*state.round_trips, now - sent_at)
        )
        return [EchoTimed(sequence, now - sent_at), *self._advance(state, now)]

    def _failed(self, state: Pinging, identifier: int, sequence: int, cause: str, now: float) -> list[PingerEffect]:
        if identifier != state.request.identifier or sequence not in dict(state.waiting):
            return []
        state = replace(state, waiting=_without(state.waiting, sequence))
        return [EchoMissed(sequence, cause), *self._advance(state, now)]

    def _advance(self, state: Pinging, now: float) -> list[PingerEffect]:
        """Give up what is overdue, send what is due, and end the series when nothing is left."""
        request = state.request
        effects: list[PingerEffect] = []
        for sequence, sent_at in state.waiting:
            if now >= sent_at + request.timeout:
                effects.append(EchoMissed(sequence, f"no echo reply within {request.timeout:g} s"))
                state = replace(state, waiting=_without(state.waiting, sequence))
        if state.sent < request.count and now >= state.next_at:
            sequence = (state.sent + 1) & 0xFFFF
            effects.append(SendEcho(request.destination, request.identifier, sequence, request.data))
            waiting = (*state.waiting, (sequence, now))
            state = replace(state, sent=state.sent + 1, waiting=waiting, next_at=now + request.interval)
        if state.waiting or state.sent < request.count:
            self.state = state
            return effects
        self.state = Quiet()
        return [*effects, PingFinished(state.sent, len(state.round_trips), state.round_trips)]


def _without(waiting: tuple[tuple[int, float], ...], sequence: int) -> tuple[tuple[int, float], ...]:
    return tuple(entry for entry in waiting if entry[0] != sequence)
