"""The table that every machine is held to."""

from dataclasses import dataclass

import pytest

from wire.sansio import Machine, Tick, Transitions, UnlistedTransition, check_transition, is_due, moves


class Shut:
    """A state."""


class Open:
    """Another."""


class AjarOpen(Open):
    """A kind of another, with no line of its own."""


class Push:
    """An event."""


TABLE: Transitions = {(Shut, Push): frozenset({Open, Shut}), (Open, Tick): frozenset({Shut})}


def test_check_passes_every_move_of_the_table() -> None:
    for (state, event), following in TABLE.items():
        for target in following:
            check_transition(TABLE, state(), event(), target())


@pytest.mark.parametrize(
    ("state", "event", "following"),
    [
        (Open, Tick, Open),
        (Open, Push, Shut),
        (Shut, Tick, Shut),
        (Shut, Push, AjarOpen),
        (AjarOpen, Tick, Shut),
    ],
    ids=["a state that may not follow", "an event of another state", "no such line", "a subclass", "from a subclass"],
)
def test_check_refuses_every_other_move_by_name(state: type, event: type, following: type) -> None:
    with pytest.raises(UnlistedTransition) as caught:
        check_transition(TABLE, state(), event(), following())
    assert str(caught.value) == f"{state.__name__} on {event.__name__} may not become {following.__name__}"


def test_every_line_has_what_makes_its_move() -> None:
    names: dict[tuple[type, type], str] = {(Shut, Push): "opened", (Open, Tick): "shut"}
    assert moves(TABLE, names) == {pair: (names[pair], following) for pair, following in TABLE.items()}


@pytest.mark.parametrize("more", [{}, {(Shut, Push): "a", (Open, Tick): "b", (Open, Push): "c"}])
def test_line_without_a_move_and_move_without_a_line_are_refused(more: dict[tuple[type, type], str]) -> None:
    with pytest.raises(ValueError, match=r"differ: .*Push"):
        moves(TABLE, more)


def test_unlisted_move_is_a_fault_of_ours_and_no_bad_input() -> None:
    assert issubclass(UnlistedTransition, AssertionError)
    assert not issubclass(UnlistedTransition, ValueError)


@dataclass
class Echo:
    """The smallest machine: says when it was told what."""

    deadline: float | None = None

    def handle(self, event: str, now: float) -> list[str]:
        self.deadline = now + 1
        return [f"{now}: {event}"]


def test_machine_is_any_class_of_this_shape() -> None:
    machine: Machine[str, str] = Echo()
    assert machine.deadline is None
    assert machine.handle("hello", 2.0) == ["2.0: hello"]
    assert machine.deadline == 3.0


def test_ticks_are_all_the_same() -> None:
    assert Tick() == Tick()
    assert len({Tick(), Tick()}) == 1


@dataclass
class Clock:
    """A part of a machine that wants a Tick at a time, or never."""

    deadline: float | None


def test_part_is_due_from_its_deadline_on() -> None:
    assert [is_due(Clock(5.0), now) for now in (4.9, 5.0, 5.1)] == [False, True, True]
    assert not is_due(Clock(None), 5.0)
    assert not is_due(None, 5.0)
