"""Sessions of a NAS that has begun anew are brought to say so some at a time, with rests between for who logs in."""

from datetime import datetime, timedelta

from aaa.ledger import SharedStore
from aaa.nas_restarts import HELD, SOME, RestartedNases
from hss.active_api import Restart, Restarts
from hss.session_api import SessionQuery
from tests.hss.sessions.events import NOON, nas_on, start


class Watched:
    """Restarts of one NAS with so many sessions, which take `takes` each time that some are ended."""

    def __init__(self, sessions: int, takes: timedelta = timedelta(0)) -> None:
        self.now, self.until, self.takes = NOON, NOON, takes
        self.left = list(range(sessions))
        self.settled: list[Restarts] = []
        self.ended: list[int] = []
        self.kept_since: list[datetime] = []

    async def waiting(self, now: datetime) -> bool:
        return not self.settled and self.until <= now

    async def claim(self, now: datetime) -> Restarts:
        return await self.still(Restarts((Restart("lab", "ap1", NOON),), now), now)

    async def still(self, restarts: Restarts, now: datetime) -> Restarts:
        self.until = now + timedelta(seconds=15)
        self.kept_since.append(now)
        return Restarts(restarts.those, self.until)

    async def over(self, restarts: Restarts) -> tuple[int, ...]:
        assert restarts.until == self.until
        return tuple(self.left[:100])

    async def end(self, sessions: tuple[int, ...], now: datetime) -> None:
        assert now < self.until
        self.ended.append(len(sessions))
        # somebody was writing the first of the first ones
        del self.left[1 if len(self.ended) == 1 else 0 : len(sessions)]
        self.now += self.takes

    async def settle(self, restarts: Restarts) -> None:
        assert not self.left
        self.settled.append(restarts)


async def test_some_are_ended_at_a_time_with_a_rest_between(shared: SharedStore) -> None:
    for number in range(SOME + 1):
        await shared.ledger.record(start(session=str(number)))
    await shared.ledger.record(nas_on(60))
    rests = []

    async def rest(seconds: float) -> None:
        rests.append(seconds)

    nases = RestartedNases(shared.restarts, lambda: NOON + timedelta(minutes=1), rest)
    await nases.look()
    assert len(rests) == 2
    assert all(0 < one < 0.5 for one in rests)
    assert await shared.ledger.sessions(SessionQuery()) == ()
    assert not await shared.restarts.waiting(NOON + timedelta(days=1))
    await nases.look()
    assert len(rests) == 2


async def test_what_somebody_was_writing_is_ended_with_the_next_ones() -> None:
    watched = Watched(3 * SOME + 5)
    await RestartedNases(watched, lambda: watched.now, _no_rest).look()
    assert sum(watched.ended) == 3 * SOME + 6
    assert max(watched.ended) == SOME
    assert len(watched.settled) == 1


async def test_very_many_stay_with_the_process_that_has_them() -> None:
    watched = Watched(10 * SOME, timedelta(seconds=3))
    await RestartedNases(watched, lambda: watched.now, _no_rest).look()
    assert len(watched.kept_since) > 4
    apart = [two - one for one, two in zip(watched.kept_since, watched.kept_since[1:], strict=False)]
    assert all(HELD < one < 2 * HELD for one in apart)


async def test_nothing_is_done_where_another_process_was_first() -> None:
    class Taken(Watched):
        async def claim(self, now: datetime) -> Restarts:
            return Restarts((), now)

    watched = Taken(3)
    await RestartedNases(watched, lambda: NOON, _no_rest).look()
    assert (watched.ended, watched.settled) == ([], [])


async def _no_rest(_seconds: float) -> None:
    pass
