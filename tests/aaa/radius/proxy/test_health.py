"""When a server is given up, and when it is asked again."""

from aaa.radius.proxy.health import (
    TRANSITIONS,
    Alive,
    AnswerArrived,
    AnswerMissed,
    Dead,
    Died,
    Effect,
    Event,
    Health,
    ProbeMissed,
    Probing,
    Revived,
    SendProbe,
)
from tests.transitions import entries
from wire.sansio import Tick


def health(*events: tuple[Event, float]) -> tuple[Health, list[Effect]]:
    one = Health(misses=3, probe_every=10.0)
    return one, [effect for event, now in events for effect in one.handle(event, now)]


MISSED = (AnswerMissed(), 5.0)


def test_server_dies_after_so_many_misses_in_a_row() -> None:
    one, effects = health(MISSED, MISSED, (AnswerArrived(), 5.0), MISSED, MISSED)
    assert (one.lives, one.state, effects, one.deadline) == (True, Alive(2), [], None)
    assert one.handle(AnswerMissed(), 6.0) == [Died()]
    assert (one.lives, one.state, one.deadline) == (False, Dead(6.0), 6.0)


def test_dead_server_is_probed_until_it_answers() -> None:
    one, effects = health(MISSED, MISSED, MISSED, (Tick(), 5.0))
    assert (effects, one.state, one.deadline) == ([Died(), SendProbe()], Probing(), None)
    assert one.handle(ProbeMissed(), 8.0) == []
    assert one.deadline == 18.0
    assert one.handle(Tick(), 17.0) == []
    assert one.handle(Tick(), 18.0) == [SendProbe()]
    assert one.handle(AnswerArrived(), 19.0) == [Revived()]
    assert one.lives


def test_late_answer_revives_it() -> None:
    one, effects = health(MISSED, MISSED, MISSED, (AnswerArrived(), 6.0))
    assert (effects, one.state) == ([Died(), Revived()], Alive())


def test_every_transition_is_taken() -> None:
    seen = set()
    for begin in (Alive(2), Alive(), Dead(5.0), Dead(99.0), Probing()):
        for event in (AnswerArrived(), AnswerMissed(), ProbeMissed(), Tick()):
            one, _ = health()
            one.state = begin
            one.handle(event, 6.0)
            seen.add((type(begin).__name__, type(event).__name__, type(one.state).__name__))
    assert seen == entries(TRANSITIONS)
