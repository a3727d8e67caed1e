"""When a server is given up, and when it is asked again."""

from itertools import product

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
    State,
)
from tests.transitions import entries
from wire.sansio import Tick


def health(*events: tuple[Event, float], probes: bool = True) -> tuple[Health, list[Effect]]:
    one = Health(misses=3, probe_every=10.0, probes=probes)
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


def test_server_that_cannot_be_probed_is_tried_again() -> None:
    # RFC 5997 §4.1: there are servers that do not support Status-Server
    one, effects = health(MISSED, MISSED, MISSED, (Tick(), 14.0), probes=False)
    assert (effects, one.deadline) == ([Died()], 15.0)
    assert (one.handle(Tick(), 15.0), one.state) == ([Revived()], Alive(2))
    assert one.handle(AnswerMissed(), 16.0) == [Died()]
    assert (one.deadline, one.handle(Tick(), 26.0)) == (26.0, [Revived()])
    assert (one.handle(AnswerArrived(), 27.0), one.state) == ([], Alive())


def test_late_answer_revives_it() -> None:
    one, effects = health(MISSED, MISSED, MISSED, (AnswerArrived(), 6.0))
    assert (effects, one.state) == ([Died(), Revived()], Alive())


def test_every_transition_is_taken() -> None:
    seen = set()
    begins: tuple[State, ...] = (Alive(2), Alive(), Dead(5.0), Dead(99.0), Probing())
    for begin, probes in product(begins, (True, False)):
        for event in (AnswerArrived(), AnswerMissed(), ProbeMissed(), Tick()):
            one, _ = health(probes=probes)
            one.state = begin
            one.handle(event, 6.0)
            seen.add((type(begin).__name__, type(event).__name__, type(one.state).__name__))
    assert seen == entries(TRANSITIONS)
