"""Users who come and go at several processes on one database, some of which are killed; all by chance, in virtual time.

What is asserted in the end is what the HSS is for: whoever has a session is registered, and nobody else is.
"""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from heapq import heappop, heappush
from random import Random

from aaa.departing import Departing
from aaa.ledger import SharedStore
from aaa.sql_user_sessions import SqlUserSessions
from hss.active_api import Departure, Departures, Known, Presence
from hss.api import Assignment, AssignmentRequest, HomeSubscriberServer, Profile, Refusal, ServiceRefused, VectorRequest
from tests.aaa.memory_hss import profile
from tests.aaa.test_user_sessions import ONE
from tests.hss.sessions.events import NOON
from wire.aka.vector import AuthVector
from wire.identity import Imsi

NODE = "aaa.example"
USERS = 20
PROCESSES = 3
TURNS = 4
IDLE = 5
"""Turns of the loop in which whoever can go on has done so."""
TICK = timedelta(milliseconds=20)
LOOKS = timedelta(seconds=0.3)
QUIET = timedelta(minutes=10)
"""After which everything that is ever looked at was looked at."""


@dataclass
class World:
    """The clock of everybody, which stands still while anybody is at work, and chance."""

    chance: Random
    now: datetime = NOON
    _waiting: list[tuple[datetime, float, asyncio.Future[None]]] = field(default_factory=list)
    _in_store: int = 0

    def moment(self) -> datetime:
        return self.now

    async def wait(self, wait: timedelta) -> None:
        until = asyncio.get_running_loop().create_future()
        heappush(self._waiting, (self.now + wait, self.chance.random(), until))
        await until

    async def pause(self) -> None:
        """What a busy machine may do to anybody at any time: seldom long, and never so long as a session may take."""
        await self.wait(TICK * self.chance.choice((0, 0, 1, 2, 5, 20, 60)))

    @contextmanager
    def in_store(self) -> Iterator[None]:
        """The store's threads know nothing of this clock."""
        self._in_store += 1
        try:
            yield
        finally:
            self._in_store -= 1

    async def run(self) -> None:
        while True:
            for _ in range(IDLE):
                await asyncio.sleep(0)
            if self._waiting and not self._in_store:
                self.now, _, until = heappop(self._waiting)
                if not until.done():
                    until.set_result(None)


@dataclass
class RestlessHss(HomeSubscriberServer):
    """Who is registered; a request may be done late, and its answer may be lost."""

    world: World
    registered: set[Imsi] = field(default_factory=set)

    async def vectors(self, request: VectorRequest) -> tuple[AuthVector, ...]:
        raise NotImplementedError(request)

    async def assign(self, request: AssignmentRequest) -> Profile | None:
        await self.world.pause()
        if request.assignment is Assignment.REGISTRATION:
            # one that stands is read, and not written anew
            if request.imsi not in self.registered:
                await self.world.pause()
                self.registered.add(request.imsi)
            await self.world.pause()
            return profile(imsi=request.imsi)
        self.registered.discard(request.imsi)
        await self.world.pause()
        if self.world.chance.random() < 0.1:
            raise ServiceRefused(Refusal.UNAVAILABLE, "no answer")
        return None


@dataclass
class SlowDepartures(Departures):
    """The real ones; whoever uses them is held up before and after."""

    real: Departures
    world: World

    async def waiting(self, now: datetime) -> bool:
        with self.world.in_store():
            return await self.real.waiting(now)

    async def claim(self, now: datetime) -> tuple[Departure, ...]:
        with self.world.in_store():
            claimed = await self.real.claim(now)
        await self.world.pause()
        return claimed

    async def presence(self, imsi: Imsi, now: datetime) -> Presence:
        with self.world.in_store():
            presence = await self.real.presence(imsi, now)
        await self.world.pause()
        return presence

    async def begin_telling(self, departure: Departure, now: datetime) -> Departure | None:
        with self.world.in_store():
            return await self.real.begin_telling(departure, now)

    async def postpone(self, departure: Departure, until: datetime, known: Known) -> None:
        await self.world.pause()
        with self.world.in_store():
            await self.real.postpone(departure, until, known)

    async def settle(self, departure: Departure) -> None:
        await self.world.pause()
        with self.world.in_store():
            await self.real.settle(departure)


class Crowd:
    """Everybody, on `shared`, by the chance of `seed`."""

    def __init__(self, shared: SharedStore, seed: int) -> None:
        self.world = World(Random(seed))
        self.hss = RestlessHss(self.world)
        self._departures = SlowDepartures(shared.departures, self.world)
        self._sessions = SqlUserSessions(shared.active, self.world.moment)
        self._users = [Imsi(f"0010100000001{number:02}") for number in range(USERS)]
        self._open: dict[Imsi, str] = {}

    async def live(self) -> None:
        """Until all have come and gone often enough, and nothing is left to be looked at."""
        async with asyncio.TaskGroup() as group:
            clock = group.create_task(self.world.run())
            looking = [group.create_task(self._process()) for _ in range(PROCESSES)]
            await asyncio.gather(*(self._user(imsi) for imsi in self._users))
            over = self.world.now + QUIET
            while await self.waiting() and self.world.now < over:
                await self.world.wait(timedelta(seconds=1))
            for task in (*looking, clock):
                task.cancel()

    async def waiting(self) -> bool:
        """Whether anything is left."""
        return await self._departures.waiting(self.world.now + timedelta(days=1))

    def present(self) -> set[Imsi]:
        """Who has a session."""
        return set(self._open)

    async def _user(self, imsi: Imsi) -> None:
        for turn in range(TURNS):
            if self.world.chance.random() < 0.4:
                await self._leave(imsi)
            await self.hss.assign(AssignmentRequest(imsi, NODE, Assignment.REGISTRATION))
            await self.world.pause()
            session_id = f"{imsi};{turn}"
            with self.world.in_store():
                await self._sessions.keep(replace(ONE, session_id=session_id, imsi=imsi))
            await self.world.pause()
            await self._leave(imsi)
            self._open[imsi] = session_id
            await self.world.pause()
        if self.world.chance.random() < 0.5:
            await self._leave(imsi)

    async def _leave(self, imsi: Imsi) -> None:
        before = self._open.pop(imsi, None)
        if before is not None:
            with self.world.in_store():
                await self._sessions.end(before)

    async def _process(self) -> None:
        """One after another in its place: now and then it is killed in the middle of what it does."""
        while True:
            task = asyncio.create_task(self._look_again_and_again())
            try:
                await self.world.wait(timedelta(seconds=self.world.chance.uniform(0.5, 8)))
            finally:
                task.cancel()
                with suppress(asyncio.CancelledError):
                    await task

    async def _rest(self, _seconds: float) -> None:
        await self.world.wait(TICK)

    async def _look_again_and_again(self) -> None:
        departing = Departing(self._departures, self.hss, NODE, self.world.moment, self._rest)
        while True:
            await departing.look()
            await self.world.wait(LOOKS)
