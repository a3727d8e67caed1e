"""Is the peer still there? The application layer watchdog (RFC 3539 §3.4.1 and Appendix A)."""

from math import inf

from wire.frozen import dataclass
from wire.sansio import RandomBytes, Tick, Transitions, check_transition

LEAST_TWINIT = 6.0
DEFAULT_TWINIT = 30.0


@dataclass(frozen=True, slots=True)
class Initial:
    """Never connected."""


@dataclass(frozen=True, slots=True)
class Okay:
    """The connection is up; `pending` while a DWR waits for its DWA."""

    until: float
    pending: bool = False


@dataclass(frozen=True, slots=True)
class Suspect:
    """A DWR was not answered: nothing new is sent here until something arrives."""

    until: float


@dataclass(frozen=True, slots=True)
class Down:
    """The connection was lost."""


@dataclass(frozen=True, slots=True)
class Reopen:
    """Connected again, and not in use before three DWAs; `answers` is NumDWA of Appendix A."""

    until: float
    pending: bool
    answers: int


State = Initial | Okay | Suspect | Down | Reopen


@dataclass(frozen=True, slots=True)
class ConnectionOpened:
    """OnConnectionUp of Appendix A: capabilities have been exchanged."""


@dataclass(frozen=True, slots=True)
class ConnectionFailed:
    """OnConnectionDown of Appendix A."""


@dataclass(frozen=True, slots=True)
class WatchdogAnswered:
    """A DWA arrived."""


@dataclass(frozen=True, slots=True)
class TrafficArrived:
    """Any other message arrived."""


@dataclass(frozen=True, slots=True)
class Needed:
    """There is no other connection for what is to be sent."""


Event = ConnectionOpened | ConnectionFailed | WatchdogAnswered | TrafficArrived | Needed | Tick


@dataclass(frozen=True, slots=True)
class SendWatchdog:
    """Send a DWR."""


@dataclass(frozen=True, slots=True)
class FailOver:
    """Send nothing new over this connection."""


@dataclass(frozen=True, slots=True)
class FailBack:
    """The connection may be used again."""


@dataclass(frozen=True, slots=True)
class CloseConnection:
    """Give the connection up."""


Effect = SendWatchdog | FailOver | FailBack | CloseConnection

TRANSITIONS: Transitions = {
    (Initial, ConnectionOpened): frozenset({Okay}),
    (Down, ConnectionOpened): frozenset({Okay, Reopen}),
    (Okay, WatchdogAnswered): frozenset({Okay}),
    (Okay, TrafficArrived): frozenset({Okay}),
    (Okay, Tick): frozenset({Okay, Suspect}),
    (Okay, ConnectionFailed): frozenset({Down}),
    (Suspect, WatchdogAnswered): frozenset({Okay}),
    (Suspect, TrafficArrived): frozenset({Okay}),
    (Suspect, Tick): frozenset({Down}),
    (Suspect, ConnectionFailed): frozenset({Down}),
    (Reopen, WatchdogAnswered): frozenset({Reopen, Okay}),
    (Reopen, TrafficArrived): frozenset({Reopen}),
    (Reopen, Needed): frozenset({Okay}),
    (Reopen, Tick): frozenset({Reopen, Down}),
    (Reopen, ConnectionFailed): frozenset({Down}),
}


class Watchdog:
    """The watchdog of one peer, over all its connections.

    `twinit` seconds, at least six. `alternate` says that traffic went to another peer when this one failed: only then
    has REOPEN something to hold back (RFC 3539 §3.4.1 [4]); with nowhere else to send, a connection that is up again
    is used at once, and so is one in REOPEN when the others are gone as well (`Needed`). When to connect again is the
    peer machine's own timer (Tc of RFC 6733 §2.1).
    """

    def __init__(self, *, random: RandomBytes, twinit: float = DEFAULT_TWINIT, alternate: bool = False) -> None:
        self._random = random
        self._twinit = max(twinit, LEAST_TWINIT)
        self._alternate = alternate
        self._heard = -inf
        self.state: State = Initial()

    @property
    def deadline(self) -> float | None:
        """When Tw runs out."""
        return self.state.until if isinstance(self.state, Okay | Suspect | Reopen) else None

    @property
    def usable(self) -> bool:
        """Whether new requests may be sent."""
        return isinstance(self.state, Okay)

    def heard(self, now: float) -> bool:
        """What TrafficArrived is in OKAY; False in another state, where that event has more to say.

        Tw is set anew when it runs out, from here on, and not for each of many messages.
        """
        if not isinstance(self.state, Okay):
            return False
        self._heard = now
        return True

    def handle(self, event: Event, now: float) -> list[Effect]:
        """Take one event; one that a state does not know, or a Tick before its time, changes nothing."""
        early = isinstance(event, Tick) and (self.deadline is None or now < self.deadline)
        if early or (type(self.state), type(event)) not in TRANSITIONS:
            return []
        following, effects = self._following(event, now)
        check_transition(TRANSITIONS, self.state, event, following)
        self.state = following
        return effects

    def _following(self, event: Event, now: float) -> tuple[State, list[Effect]]:
        match self.state:
            case Initial():
                return Okay(self._tw(now)), []
            case Down():
                if not self._alternate:
                    return Okay(self._tw(now)), []
                return Reopen(self._tw(now), pending=True, answers=0), [SendWatchdog()]
            case Okay() as state:
                return self._from_okay(state, event, now)
            case Suspect():
                return self._from_suspect(event, now)
            case Reopen() as state:
                return self._from_reopen(state, event, now)

    def _from_okay(self, state: Okay, event: Event, now: float) -> tuple[State, list[Effect]]:
        match event:
            case WatchdogAnswered():
                return Okay(self._tw(now)), []
            case TrafficArrived():
                self._heard = now
                return state, []
            case Tick() if (until := self._tw(self._heard)) > now:
                return Okay(until, state.pending), []
            case Tick():
                if state.pending:
                    return Suspect(self._tw(now)), [FailOver()]
                return Okay(self._tw(now), pending=True), [SendWatchdog()]
            case _:
                return Down(), [FailOver()]

    def _from_suspect(self, event: Event, now: float) -> tuple[State, list[Effect]]:
        match event:
            case WatchdogAnswered():
                return Okay(self._tw(now)), [FailBack()]
            case TrafficArrived():
                return Okay(self._tw(now), pending=True), [FailBack()]
            case Tick():
                return Down(), [CloseConnection()]
            case _:
                return Down(), []

    def _from_reopen(self, state: Reopen, event: Event, now: float) -> tuple[State, list[Effect]]:
        match event:
            case WatchdogAnswered() if state.answers >= 2:
                return Okay(state.until), [FailBack()]
            case WatchdogAnswered():
                return Reopen(state.until, pending=False, answers=state.answers + 1), []
            case TrafficArrived():
                return state, []
            case Needed():
                return Okay(state.until, state.pending), [FailBack()]
            case Tick():
                return self._reopen_expired(state, now)
            case _:
                return Down(), []

    def _reopen_expired(self, state: Reopen, now: float) -> tuple[State, list[Effect]]:
        if not state.pending:
            return Reopen(self._tw(now), pending=True, answers=state.answers), [SendWatchdog()]
        if state.answers < 0:
            return Down(), [CloseConnection()]
        return Reopen(self._tw(now), pending=True, answers=-1), []

    def _tw(self, now: float) -> float:
        """RFC 3539 §3.4.1 [1]: Twinit with a jitter of two seconds either way."""
        return now + self._twinit - 2.0 + 4.0 * int.from_bytes(self._random(4), "big") / 0xFFFFFFFF
