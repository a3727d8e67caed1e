"""Whether a server lives: dead after so many requests without an answer, alive again when Status-Server is answered.

RFC 5997 §4.3, RFC 3539 §3.4 in spirit. One that knows no Status-Server (RFC 5997 §4.1) is tried again after a while.
"""

from dataclasses import dataclass

from wire.sansio import Tick, Transitions, check_transition


@dataclass(frozen=True, slots=True)
class AnswerArrived:
    """It has answered a request, or a probe."""


@dataclass(frozen=True, slots=True)
class AnswerMissed:
    """It has left a request unanswered."""


@dataclass(frozen=True, slots=True)
class ProbeMissed:
    """It has left a probe unanswered."""


Event = AnswerArrived | AnswerMissed | ProbeMissed | Tick


@dataclass(frozen=True, slots=True)
class SendProbe:
    """Ask it by Status-Server whether it lives."""


@dataclass(frozen=True, slots=True)
class Died:
    """It is given no requests from now on."""


@dataclass(frozen=True, slots=True)
class Revived:
    """It is given requests again."""


Effect = SendProbe | Died | Revived


@dataclass(frozen=True, slots=True)
class Alive:
    """It has left `missed` requests in a row unanswered."""

    missed: int = 0


@dataclass(frozen=True, slots=True)
class Dead:
    """It is asked at `probe_at` whether it lives, or given requests again where it cannot be asked."""

    probe_at: float


@dataclass(frozen=True, slots=True)
class Probing:
    """It was asked whether it lives."""


State = Alive | Dead | Probing

TRANSITIONS: Transitions = {
    (Alive, AnswerArrived): frozenset({Alive}),
    (Alive, AnswerMissed): frozenset({Alive, Dead}),
    (Alive, ProbeMissed): frozenset({Alive}),
    (Alive, Tick): frozenset({Alive}),
    (Dead, AnswerArrived): frozenset({Alive}),
    (Dead, AnswerMissed): frozenset({Dead}),
    (Dead, ProbeMissed): frozenset({Dead}),
    (Dead, Tick): frozenset({Dead, Probing, Alive}),
    (Probing, AnswerArrived): frozenset({Alive}),
    (Probing, AnswerMissed): frozenset({Probing}),
    (Probing, ProbeMissed): frozenset({Dead}),
    (Probing, Tick): frozenset({Probing}),
}


class Health:
    """The health of one server; it is believed to live until it proves otherwise.

    Without `probes` it is believed again `probe_every` seconds after it died, until it leaves one more unanswered.
    """

    def __init__(self, *, misses: int, probe_every: float, probes: bool = True) -> None:
        self._misses = misses
        self._probe_every = probe_every
        self._probes = probes
        self.state: State = Alive()

    @property
    def lives(self) -> bool:
        """Whether it is given requests."""
        return isinstance(self.state, Alive)

    @property
    def deadline(self) -> float | None:
        """When it is to be asked whether it lives."""
        return self.state.probe_at if isinstance(self.state, Dead) else None

    def handle(self, event: Event, now: float) -> list[Effect]:
        """Take one event."""
        following, effects = self._react(event, now)
        check_transition(TRANSITIONS, self.state, event, following)
        self.state = following
        return effects

    def _react(self, event: Event, now: float) -> tuple[State, list[Effect]]:
        match self.state, event:
            case Alive(), AnswerArrived():
                return Alive(), []
            case Alive(missed), AnswerMissed() if missed + 1 >= self._misses:
                return Dead(now if self._probes else now + self._probe_every), [Died()]
            case Alive(missed), AnswerMissed():
                return Alive(missed + 1), []
            case ((Dead() | Probing()), AnswerArrived()):
                return Alive(), [Revived()]
            case Dead(probe_at), Tick() if now >= probe_at and not self._probes:
                return Alive(self._misses - 1), [Revived()]
            case Dead(probe_at), Tick() if now >= probe_at:
                return Probing(), [SendProbe()]
            case Probing(), ProbeMissed():
                return Dead(now + self._probe_every), []
            case state, _:
                return state, []
