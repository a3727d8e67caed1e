"""Sessions of Diameter gateways: kept once, changed while they last, gone with their end, and whose they are."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from math import ceil

import pytest

from hss.active_api import GatewaySession
from hss.session_api import LedgerUnavailable
from hss.sessions.active import SOME, SqlActiveSessions
from hss.sessions.departures import AT_ONCE, SqlDepartures
from hss.store.database import Database
from hss.store.location import Location
from tests.hss.sessions.events import IMSI, NOON
from wire.identity import Imsi

ONE = GatewaySession("pgw.example;1", "pgw", "pgw.example", IMSI, '{"apn":"internet"}')
OTHER = replace(ONE, session_id="pgw.example;2", imsi=Imsi("001010000000009"))
LATER = NOON + timedelta(seconds=5)


@pytest.fixture
async def database(location: Location) -> AsyncIterator[Database]:
    opened = Database(location)
    await opened.open()
    yield opened
    await opened.close()


async def test_session_is_there_until_its_end(database: Database) -> None:
    sessions, departures = SqlActiveSessions(database), SqlDepartures(database)
    assert await sessions.keep(ONE, NOON)
    assert await sessions.keep(OTHER, NOON)
    assert await sessions.find(ONE.session_id) == ONE
    assert await sessions.of_user(IMSI) == (ONE,)
    assert await sessions.end(ONE.session_id, LATER)
    assert not await sessions.end(ONE.session_id, LATER)
    assert await sessions.find(ONE.session_id) is None
    assert await sessions.of_user(OTHER.imsi) == (OTHER,)
    assert [one.imsi for one in await departures.claim(LATER)] == [IMSI]


async def test_oldest_session_of_a_user_comes_first(database: Database) -> None:
    sessions = SqlActiveSessions(database)
    second = replace(ONE, session_id="a;2")
    await sessions.keep(ONE, NOON)
    await sessions.keep(second, LATER)
    await sessions.keep(replace(ONE, document="again"), LATER)
    assert [one.session_id for one in await sessions.of_user(IMSI)] == [ONE.session_id, second.session_id]


async def test_session_is_changed_while_it_lasts(database: Database) -> None:
    sessions, departures = SqlActiveSessions(database), SqlDepartures(database)
    ending = replace(ONE, ending=True, document="{}")
    assert not await sessions.change(ending, NOON)
    await sessions.keep(ONE, NOON)
    assert await sessions.change(ending, NOON)
    assert not await sessions.change(replace(ending, ending=False), NOON)
    assert await sessions.change(ending, NOON)
    assert await sessions.find(ONE.session_id) == ending
    assert await sessions.end(ONE.session_id, LATER)
    assert await departures.claim(LATER) == (), "the HSS itself has ended it"


@pytest.mark.parametrize("foreign", [replace(ONE, peer="epdg"), replace(ONE, origin_host="other.example")])
async def test_session_id_of_another_gateway_is_not_taken(database: Database, foreign: GatewaySession) -> None:
    sessions = SqlActiveSessions(database)
    await sessions.keep(ONE, NOON)
    assert not await sessions.keep(foreign, NOON)
    assert await sessions.keep(replace(ONE, origin_host="PGW.example", document="again"), NOON)
    found = await sessions.find(ONE.session_id)
    assert found is not None
    assert found.document == "again"


async def test_many_at_once_are_all_kept_and_all_ended(database: Database) -> None:
    sessions = SqlActiveSessions(database)
    many = [replace(ONE, session_id=f"pgw.example;{number // 2}", document=str(number)) for number in range(200)]
    assert all(await asyncio.gather(*(sessions.keep(one, NOON) for one in many)))
    kept = await sessions.of_user(IMSI)
    assert [(one.session_id, int(one.document) % 2) for one in kept] == [
        (one.session_id, 1) for one in sorted(many[::2], key=lambda one: one.session_id)
    ]
    ended = await asyncio.gather(*(sessions.end(one.session_id, LATER) for one in many))
    assert sum(ended) == 100
    assert await sessions.of_user(IMSI) == ()


async def test_another_gateway_s_session_among_many_is_the_only_one_that_is_refused(database: Database) -> None:
    sessions = SqlActiveSessions(database)
    await sessions.keep(replace(ONE, origin_host="PGW.example"), NOON)
    await sessions.keep(replace(OTHER, peer="epdg"), NOON)
    many = [ONE, OTHER, *(replace(ONE, session_id=f"new;{number}") for number in range(5))]
    assert await asyncio.gather(*(sessions.keep(one, LATER) for one in many)) == [True, False, *[True] * 5]
    found = await sessions.find(OTHER.session_id)
    assert found is not None
    assert found.peer == "epdg"


async def test_session_id_of_any_length_is_kept(database: Database) -> None:
    sessions = SqlActiveSessions(database)
    long = replace(ONE, session_id="pgw.example;" + "é" * 20_000)
    await sessions.keep(long, NOON)
    assert await sessions.find(long.session_id) == long


async def test_closed_store_keeps_nothing_and_says_so(location: Location) -> None:
    with pytest.raises(LedgerUnavailable, match="closed"):
        await SqlActiveSessions(Database(location)).keep(ONE, NOON)


async def test_sessions_of_a_gateway_come_page_by_page(database: Database) -> None:
    sessions = SqlActiveSessions(database)
    ours = {f"pgw.example;{number}" for number in range(250)}
    for name in ours:
        await sessions.keep(replace(ONE, session_id=name), NOON)
    for foreign in (replace(ONE, session_id="a", peer="epdg"), replace(ONE, session_id="b", origin_host="c.example")):
        await sessions.keep(foreign, NOON)
    found, pages, after = list[str](), 0, ""
    while page := await sessions.of_gateway("pgw", "PGW.Example", after):
        after, pages = page[-1].session_id, pages + 1
        found += [one.session_id for one in page]
    assert (len(found), set(found), pages) == (250, ours, ceil(250 / SOME))


async def test_session_is_ended_by_its_own_gateway_alone(database: Database) -> None:
    sessions, departures = SqlActiveSessions(database), SqlDepartures(database)
    ours = replace(ONE, origin_host="PGW.example")
    await sessions.keep(ours, NOON)
    assert await sessions.end_of("epdg", "pgw.example", ONE.session_id, LATER) is None
    assert await sessions.end_of("pgw", "other.example", ONE.session_id, LATER) is None
    assert await departures.claim(LATER) == ()
    assert await sessions.end_of("pgw", "pgw.EXAMPLE", ONE.session_id, LATER) == ours
    assert await sessions.end_of("pgw", "pgw.example", ONE.session_id, LATER) is None
    assert [one.imsi for one in await departures.claim(LATER)] == [IMSI]


async def test_each_of_many_gateways_ends_its_own_of_those_that_end_at_once(database: Database) -> None:
    sessions, departures = SqlActiveSessions(database), SqlDepartures(database)
    many = [
        replace(ONE, session_id=str(number), origin_host=f"{number % 7}.example", ending=number % 5 == 0)
        for number in range(150)
    ]
    for one in many:
        await sessions.keep(one, NOON)
    others = [sessions.end_of("pgw", "8.example", one.session_id, LATER) for one in many]
    ends = [sessions.end_of(one.peer, one.origin_host, one.session_id, LATER) for one in many]
    assert await asyncio.gather(*others, *ends) == [None] * 150 + many
    assert await sessions.of_user(IMSI) == ()
    (departure, *_) = await departures.claim(LATER)
    assert len(departure.numbers) == min(AT_ONCE, 120), "whom the HSS has ended has not left by himself"


async def test_who_asks_twice_at_once_has_ended_it_once(database: Database) -> None:
    sessions = SqlActiveSessions(database)
    await sessions.keep(ONE, NOON)
    name = ONE.session_id
    once, again, third = await asyncio.gather(
        sessions.end(name, LATER), sessions.end(name, LATER), sessions.end_of("pgw", "pgw.example", name, LATER)
    )
    assert (once, again, third) == (True, False, None)
    await sessions.keep(ONE, NOON)
    twice = await asyncio.gather(*(sessions.end_of("pgw", "pgw.example", name, LATER) for _ in range(2)))
    assert twice == [ONE, None]


async def test_sessions_that_are_asked_for_at_once_are_all_found(database: Database) -> None:
    sessions = SqlActiveSessions(database)
    for one in (ONE, OTHER):
        await sessions.keep(one, NOON)
    asked = [OTHER.session_id, "nobody", ONE.session_id, OTHER.session_id]
    assert await asyncio.gather(*map(sessions.find, asked)) == [OTHER, None, ONE, OTHER]
