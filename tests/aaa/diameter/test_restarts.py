"""What a gateway had before it began anew is over; what it has now, what others have, and what says nothing stays."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from itertools import pairwise

import pytest
from structlog.testing import capture_logs

from aaa.diameter.restarts import Restarts
from aaa.registrar import Registrar
from aaa.user_sessions import MemoryUserSessions, UserSession
from hss.api import Assignment
from hss.session_api import LedgerUnavailable
from tests.aaa.memory_hss import MemoryHss
from tests.aaa.test_user_sessions import ONE
from tests.wire.diameter.samples import CER, numbered
from wire.diameter.message import Message
from wire.identity import Imsi

OLD, NEW = 100, 101


def session(number: int, state_id: int | None, *, peer: str = "pgw", origin_host: str = "pgw.example") -> UserSession:
    """One of its own user."""
    imsi = Imsi(f"0010100000000{number:02d}")
    return replace(
        ONE, session_id=f"pgw.example;{number}", imsi=imsi, state_id=state_id, peer=peer, origin_host=origin_host
    )


def cer(state_id: int | None, origin_host: str = "PGW.example") -> Message:
    return numbered(replace(CER, origin_host=origin_host, origin_state_id=state_id).message())


class Site:
    """Sessions, an HSS, and what hears of gateways."""

    def __init__(self, users: MemoryUserSessions | None, trusted: tuple[str, ...]) -> None:
        self.hss, self.users = MemoryHss(), MemoryUserSessions() if users is None else users
        self.registrar = Registrar(self.hss, "aaa", self.users)
        self.restarts = Restarts(self.users, self.registrar, trusted, limit=2, retry=0.01)

    async def has(self, *sessions: UserSession) -> None:
        for one in sessions:
            await self.users.keep(one)

    async def left(self, *sessions: UserSession) -> list[str]:
        """Which of `sessions` are there once all is done."""
        for _ in range(20):
            await asyncio.sleep(0.01)
        return [one.session_id for one in sessions if await self.users.find(one.session_id) is not None]


@pytest.fixture(name="make")
async def _make() -> AsyncIterator[Callable[..., Site]]:
    made: list[Site] = []

    def make(users: MemoryUserSessions | None = None, trusted: tuple[str, ...] = ("pgw", "agent")) -> Site:
        made.append(Site(users, trusted))
        return made[-1]

    yield make
    for site in made:
        await site.restarts.close()
        await site.registrar.close()


async def test_sessions_of_before_end_with_a_higher_number_in_cer(make: Callable[..., Site]) -> None:
    site = make()
    lost, kept, silent = session(1, OLD), session(2, NEW), session(3, None)
    elsewhere = session(4, OLD, origin_host="other.example")
    by_agent = session(5, OLD, peer="agent")
    await site.has(lost, kept, silent, elsewhere, by_agent)
    with capture_logs() as logs:
        site.restarts.connected("pgw", cer(NEW))
        left = await site.left(lost, kept, silent, elsewhere, by_agent)
    assert left == [one.session_id for one in (kept, silent, elsewhere, by_agent)]
    assert [(one.imsi, one.assignment) for one in site.hss.assignments] == [(lost.imsi, Assignment.USER_DEREGISTRATION)]
    (line,) = logs
    assert (line["event"], line["cause"], line["sessions"]) == ("sessions ended", "their gateway has begun anew", 1)


@pytest.mark.parametrize("state_id", [None, OLD, OLD - 1])
async def test_sessions_stay_with_a_gateway_that_only_connects_again(
    make: Callable[..., Site], state_id: int | None
) -> None:
    site = make()
    one = session(1, OLD)
    await site.has(one)
    site.restarts.connected("pgw", cer(OLD))
    site.restarts.connected("pgw", cer(state_id))
    assert await site.left(one) == [one.session_id]


async def test_sessions_behind_an_agent_end_with_a_higher_number_in_a_request(make: Callable[..., Site]) -> None:
    site = make()
    lost, direct = session(1, OLD, peer="agent"), session(2, OLD)
    await site.has(lost, direct)
    assert site.restarts.asked("agent", "pgw.example", OLD) == OLD
    assert await site.left(lost) == [lost.session_id]
    assert site.restarts.asked("agent", "PGW.example", NEW) == NEW
    assert await site.left(lost, direct) == [direct.session_id]


async def test_request_without_a_number_belongs_to_that_of_the_cer(make: Callable[..., Site]) -> None:
    site = make()
    assert site.restarts.asked("pgw", "pgw.example", None) is None
    site.restarts.connected("pgw", cer(NEW))
    assert site.restarts.asked("pgw", "pgw.example", None) == NEW


async def test_who_is_not_trusted_ends_nothing(make: Callable[..., Site]) -> None:
    site = make(trusted=())
    one = session(1, OLD)
    await site.has(one)
    site.restarts.connected("pgw", cer(NEW))
    assert site.restarts.asked("pgw", "pgw.example", NEW) is None
    assert await site.left(one) == [one.session_id]


async def test_many_gateways_behind_an_agent_are_not_all_remembered(make: Callable[..., Site]) -> None:
    site = make()
    one = session(1, OLD, peer="agent")
    await site.has(one)
    for host in ("pgw.example", "b.example", "c.example"):
        site.restarts.asked("agent", host, OLD)
    assert site.restarts.asked("agent", "pgw.example", NEW) == NEW
    assert await site.left(one) == [one.session_id], "he was forgotten, and is heard of for the first time again"


class Away(MemoryUserSessions):
    """A store that does not answer the first time."""

    asked = 0

    async def of_gateway(self, peer: str, origin_host: str, after: str = "") -> tuple[UserSession, ...]:
        self.asked += 1
        if self.asked == 1:
            raise LedgerUnavailable("the store is closed")
        return await super().of_gateway(peer, origin_host, after)


async def test_store_that_is_away_is_asked_again(make: Callable[..., Site]) -> None:
    site = make(Away())
    one = session(1, OLD)
    await site.has(one)
    with capture_logs() as logs:
        site.restarts.connected("pgw", cer(NEW))
        assert await site.left(one) == []
    assert [(line["event"], line["cause"]) for line in logs] == [
        ("sessions of a gateway not ended yet", "the store is closed"),
        ("sessions ended", "their gateway has begun anew"),
    ]


class Paged(MemoryUserSessions):
    """One session at a time, each of which takes its while to end."""

    def __init__(self) -> None:
        super().__init__()
        self.turns: list[tuple[float, float]] = []

    async def of_gateway(self, peer: str, origin_host: str, after: str = "") -> tuple[UserSession, ...]:
        found = await super().of_gateway(peer, origin_host)
        return tuple(one for one in found if one.session_id > after)[:1]

    async def end(self, session_id: str) -> bool:
        began = asyncio.get_running_loop().time()
        await asyncio.sleep(0.02)
        self.turns.append((began, asyncio.get_running_loop().time()))
        return await super().end(session_id)


async def test_others_come_first_between_some_sessions_and_the_next(make: Callable[..., Site]) -> None:
    users = Paged()
    site = make(users)
    many = [session(number, OLD) for number in range(4)]
    for one in many:
        await MemoryUserSessions.keep(users, one)
    users.turns.clear()
    with capture_logs():
        site.restarts.connected("pgw", cer(NEW))
        while await site.left(*many):
            pass
    assert len(users.turns) == 4
    for (began, ended), (next_began, _) in pairwise(users.turns):
        assert next_began - ended >= 0.9 * (ended - began)
