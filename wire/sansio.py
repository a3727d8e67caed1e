"""The shape of every protocol end: one event in, all effects out, and a deadline."""

from collections.abc import Callable, Mapping
from typing import Protocol, TypeVar

from wire.frozen import dataclass

EventT_contra = TypeVar("EventT_contra", contravariant=True)
EffectT = TypeVar("EffectT")
MoveT = TypeVar("MoveT")

RandomBytes = Callable[[int], bytes]
"""Entropy as an argument: called with a count of octets."""

Transitions = Mapping[tuple[type, type], frozenset[type]]
"""(state, event) to the states that may follow; the diagrams of ARCHITECTURE.md are drawn from it."""

Moves = Mapping[tuple[type, type], tuple[MoveT, frozenset[type]]]
"""The same with what makes the move: one look for a server that moves some hundred thousand times in a minute."""


@dataclass(frozen=True, slots=True)
class Tick:
    """The clock passed the machine's deadline."""


@dataclass(frozen=True, slots=True)
class Failed:
    """One of several datagrams or packets broke what handled it, and the others were handled all the same.

    The outermost place logs `error` as it would log one that had come up to it; `of` says which it was, as for a log.
    """

    error: Exception
    of: str = ""


class Machine(Protocol[EventT_contra, EffectT]):
    """A protocol end without IO. `now` is in seconds on any monotonic clock, the same one for every call."""

    @property
    def deadline(self) -> float | None:
        """When it next wants a Tick, or None."""

    def handle(self, event: EventT_contra, now: float) -> list[EffectT]:
        """Take one event and return every effect of it, in order."""


class Timed(Protocol):
    """Whatever has a deadline."""

    @property
    def deadline(self) -> float | None:
        """When it next wants a Tick, or None."""


def is_due(part: Timed | None, now: float) -> bool:
    """Whether a part of a machine wants a Tick now; none that is not there does."""
    deadline = part.deadline if part is not None else None
    return deadline is not None and now >= deadline


class UnlistedTransition(AssertionError):
    """A machine moved where its table does not lead: a fault in the machine, never the peer's."""

    def __init__(self, state: type, event: type, following: type) -> None:
        super().__init__(f"{state.__name__} on {event.__name__} may not become {following.__name__}")


def check_transition(table: Transitions, state: object, event: object, following: object) -> None:
    """UnlistedTransition unless `table` lets `state` become `following` on `event`."""
    if type(following) not in table.get((type(state), type(event)), ()):
        raise UnlistedTransition(type(state), type(event), type(following))


def moves(table: Transitions, made_by: Mapping[tuple[type, type], MoveT]) -> Moves[MoveT]:
    """Each line of `table` with what makes its move; ValueError unless there is one for every line and no more."""
    if made_by.keys() != table.keys():
        raise ValueError(f"lines and moves differ: {sorted(map(str, made_by.keys() ^ table.keys()))}")
    return {pair: (made_by[pair], following) for pair, following in table.items()}
