"""What is found by asking: one question, repeated until it is answered or given up."""

from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from wire.sansio import Transitions, check_transition


@dataclass(frozen=True, slots=True)
class Idle:
    """Nothing asked yet."""


@dataclass(frozen=True, slots=True)
class Finished:
    """Found, or given up."""


class Repeated(Protocol):
    """A question that is out."""

    @property
    def again_at(self) -> float:
        """When it is repeated, or given up."""


AskingT = TypeVar("AskingT", bound=Repeated)
EffectT = TypeVar("EffectT")


class Search(Generic[AskingT]):
    """One search, by the table `transitions`; it begins Idle, and ends Finished."""

    def __init__(self, transitions: Transitions) -> None:
        self._transitions = transitions
        self.state: Idle | AskingT | Finished = Idle()

    @property
    def deadline(self) -> float | None:
        """When the question is repeated or given up."""
        state = self.state
        return None if isinstance(state, Idle | Finished) else state.again_at

    def _become(self, event: object, following: AskingT | Finished, effects: list[EffectT]) -> list[EffectT]:
        check_transition(self._transitions, self.state, event, following)
        self.state = following
        return effects
