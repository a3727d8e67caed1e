"""Who may have left is judged by all that the tables know: RADIUS, Diameter, and who was let in a moment ago."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection

from hss.active_api import Departure, Known, Presence
from hss.sessions.active import SqlActiveSessions
from hss.sessions.ageing import _let_in_again
from hss.sessions.departures import AT_ONCE, GRACE, LEASE, SqlDepartures, presences
from hss.sessions.ledger import SqlLedger
from hss.sessions.nas_restarts import SqlNasRestarts
from hss.store.database import Database
from hss.store.engines import transaction
from hss.store.location import Location
from tests.hss.sessions.events import IMSI, NOON, granted, interim, nas_on, start, stop
from tests.hss.sessions.test_active import ONE
from tests.hss.sessions.test_nas_restarts import worked_off
from wire.identity import Imsi

SECOND = timedelta(seconds=1)


def let_in_again_of_one(connection: Connection) -> object:
    return _let_in_again(connection, [str(IMSI)])


@pytest.fixture
async def database(location: Location) -> AsyncIterator[Database]:
    opened = Database(location)
    await opened.open()
    yield opened
    await opened.close()


async def test_user_is_here_while_any_session_of_his_goes_on(database: Database) -> None:
    departures, sessions, ledger = SqlDepartures(database), SqlActiveSessions(database), SqlLedger(database)
    assert await departures.presence(IMSI, NOON) is Presence.GONE
    await ledger.grant(granted())
    assert await departures.presence(IMSI, NOON + GRACE - SECOND) is Presence.EXPECTED
    assert await departures.presence(IMSI, NOON + GRACE) is Presence.GONE
    await ledger.record(start())
    await sessions.keep(ONE, NOON)
    assert await departures.presence(IMSI, NOON) is Presence.HERE
    await sessions.end(ONE.session_id, NOON)
    assert await departures.presence(IMSI, NOON) is Presence.HERE
    await ledger.record(stop(9))
    assert await departures.presence(IMSI, NOON) is Presence.GONE


async def test_grant_whose_answer_was_lost_is_not_waited_for(database: Database) -> None:
    departures, ledger = SqlDepartures(database), SqlLedger(database)
    await ledger.grant(replace(granted(), radius_class=b"lost"))
    await ledger.grant(replace(granted(), at=NOON + SECOND))
    assert await departures.presence(IMSI, NOON + SECOND) is Presence.EXPECTED
    await ledger.record(start())
    await ledger.record(stop(9))
    assert await departures.presence(IMSI, NOON + 9 * SECOND) is Presence.GONE
    await ledger.grant(replace(granted(), radius_class=b"elsewhere", nas="another", at=NOON))
    assert await departures.presence(IMSI, NOON + 9 * SECOND) is Presence.EXPECTED


async def test_session_that_is_ending_keeps_nobody_here(database: Database) -> None:
    sessions = SqlActiveSessions(database)
    await sessions.keep(replace(ONE, ending=True), NOON)
    assert await SqlDepartures(database).presence(IMSI, NOON) is Presence.GONE


@pytest.mark.parametrize("last", ["stop", "the NAS begins anew", "the NAS knows it no more"])
async def test_end_of_accounting_is_a_departure(database: Database, last: str) -> None:
    departures, ledger = SqlDepartures(database), SqlLedger(database)
    await ledger.grant(granted())
    await ledger.record(start())
    await ledger.record(interim(5))
    assert not await departures.waiting(NOON + 60 * SECOND)
    if last == "stop":
        await ledger.record(stop(9))
    elif last == "the NAS begins anew":
        await ledger.record(nas_on(9))
        assert await departures.presence(IMSI, NOON + 9 * SECOND) is Presence.GONE, "at once, whoever asks"
        await worked_off(SqlNasRestarts(database), NOON + 9 * SECOND)
    else:
        await ledger.end(1, "unknown-to-nas", NOON + 9 * SECOND)
    assert await departures.waiting(NOON + 60 * SECOND)
    assert [(one.imsi, one.known) for one in await departures.claim(NOON + 60 * SECOND)] == [(IMSI, Known.NOTHING)]


async def test_departure_is_one_process_s_until_it_is_known(database: Database) -> None:
    departures, sessions = SqlDepartures(database), SqlActiveSessions(database)
    for number in range(2):
        session = replace(ONE, session_id=str(number))
        await sessions.keep(session, NOON)
        await sessions.end(session.session_id, NOON)
    (departure,) = await departures.claim(NOON)
    assert departure == Departure(IMSI, (1, 2), Known.NOTHING, NOON + LEASE)
    assert await departures.claim(NOON) == ()
    (again,) = await departures.claim(NOON + LEASE)
    assert again == replace(departure, until=NOON + 2 * LEASE), "whoever had it has died"
    await departures.postpone(again, NOON + 2 * LEASE, Known.TOLD)
    assert await departures.claim(NOON + LEASE) == ()
    (told,) = await departures.claim(NOON + 2 * LEASE)
    assert told == Departure(IMSI, (1, 2), Known.TOLD, NOON + 3 * LEASE)
    await departures.settle(told)
    assert not await departures.waiting(NOON + 9 * LEASE)


async def test_whoever_took_too_long_has_it_no_more(database: Database) -> None:
    departures, sessions = SqlDepartures(database), SqlActiveSessions(database)
    await sessions.keep(ONE, NOON)
    await sessions.end(ONE.session_id, NOON)
    (slow,) = await departures.claim(NOON)
    (quick,) = await departures.claim(NOON + LEASE)
    assert await departures.begin_telling(slow, NOON) is None
    await departures.postpone(slow, NOON + 9 * LEASE, Known.SEEN_GONE)
    await departures.settle(slow)
    telling = await departures.begin_telling(quick, NOON + 2 * LEASE)
    assert telling == replace(quick, until=NOON + 3 * LEASE)
    assert await departures.claim(NOON + 3 * LEASE - SECOND) == ()
    (after,) = await departures.claim(NOON + 3 * LEASE)
    assert after == replace(quick, known=Known.PERHAPS, until=NOON + 4 * LEASE)


@pytest.mark.parametrize(
    ("earlier", "later", "together"),
    [
        (Known.NOTHING, Known.NOTHING, Known.NOTHING),
        (Known.TOLD, Known.NOTHING, Known.PERHAPS),
        (Known.SEEN_GONE, Known.NOTHING, Known.PERHAPS),
        (Known.PERHAPS, Known.NOTHING, Known.PERHAPS),
        (Known.TOLD, Known.PERHAPS, Known.PERHAPS),
        (Known.TOLD, Known.SEEN_GONE, Known.TOLD),
        (Known.SEEN_GONE, Known.SEEN_GONE, Known.SEEN_GONE),
    ],
)
async def test_departures_of_a_user_are_judged_by_what_the_hss_may_know(
    database: Database, earlier: Known, later: Known, together: Known
) -> None:
    departures, sessions = SqlDepartures(database), SqlActiveSessions(database)
    for known in (earlier, later):
        await sessions.keep(ONE, NOON)
        await sessions.end(ONE.session_id, NOON)
        (departure,) = await departures.claim(NOON)
        await departures.postpone(departure, NOON + LEASE, known)
    (both,) = await departures.claim(NOON + LEASE)
    assert (both.numbers, both.known) == ((1, 2), together)


async def test_who_has_left_since_is_another_departure(database: Database) -> None:
    departures, sessions = SqlDepartures(database), SqlActiveSessions(database)
    await sessions.keep(ONE, NOON)
    await sessions.end(ONE.session_id, NOON)
    (departure,) = await departures.claim(NOON)
    await sessions.keep(ONE, NOON)
    await sessions.end(ONE.session_id, NOON)
    await departures.settle(departure)
    assert [one.imsi for one in await departures.claim(NOON)] == [IMSI]


async def test_many_are_judged_at_once_and_each_by_itself(database: Database) -> None:
    departures, sessions = SqlDepartures(database), SqlActiveSessions(database)
    users = [Imsi(f"0010100000000{number:02}") for number in range(20)]
    for number, imsi in enumerate(users):
        for name in ("a", "b"):
            await sessions.keep(replace(ONE, session_id=f"{name}{number}", imsi=imsi), NOON)
        await sessions.end(f"a{number}", NOON)
        if number % 2:
            await sessions.end(f"b{number}", NOON)
    present = await asyncio.gather(*(departures.presence(imsi, NOON) for imsi in users))
    assert present == [Presence.HERE, Presence.GONE] * 10
    claimed = await departures.claim(NOON)
    assert [len(one.numbers) for one in sorted(claimed, key=lambda one: str(one.imsi))] == [1, 2] * 10
    told = [one for one in claimed if len(one.numbers) == 2]
    others = [one for one in claimed if len(one.numbers) == 1]
    begun = await asyncio.gather(*(departures.begin_telling(one, NOON + SECOND) for one in told))
    assert begun == [replace(one, until=NOON + SECOND + LEASE) for one in told]
    await asyncio.gather(
        *(departures.settle(one) for one in others),
        *(departures.postpone(one, NOON + 60 * SECOND, Known.TOLD) for one in begun[:5] if one is not None),
        *(departures.postpone(one, NOON + 60 * SECOND, Known.SEEN_GONE) for one in told[5:]),
    )
    left = {one.imsi: one.known for one in await departures.claim(NOON + 60 * SECOND)}
    assert left == dict.fromkeys([one.imsi for one in told[:5]], Known.TOLD) | dict.fromkeys(
        [one.imsi for one in told[5:]], Known.PERHAPS
    )


async def test_of_two_who_say_at_once_what_became_of_it_the_one_whose_it_is_is_believed(database: Database) -> None:
    departures, sessions = SqlDepartures(database), SqlActiveSessions(database)
    await sessions.keep(ONE, NOON)
    await sessions.end(ONE.session_id, NOON)
    (slow,) = await departures.claim(NOON)
    (quick,) = await departures.claim(NOON + LEASE)
    until = NOON + 9 * LEASE
    await asyncio.gather(
        departures.postpone(slow, until, Known.SEEN_GONE),
        departures.postpone(quick, until, Known.TOLD),
        departures.postpone(slow, until, Known.NOTHING),
        departures.postpone(quick, until + LEASE, Known.NOTHING),
    )
    (told,) = await departures.claim(until)
    assert told == replace(quick, known=Known.TOLD, until=until + LEASE)
    await asyncio.gather(departures.settle(quick), departures.settle(told), departures.settle(slow))
    assert not await departures.waiting(until + 9 * LEASE)


async def test_claim_takes_no_more_than_some_and_those_first_that_wait_longest(database: Database) -> None:
    departures, sessions = SqlDepartures(database), SqlActiveSessions(database)
    for number in range(AT_ONCE + 3):
        at = NOON + (number + 3) % (AT_ONCE + 3) * SECOND
        session = replace(ONE, session_id=str(number), imsi=Imsi(f"001010000000{number:03}"))
        await sessions.keep(session, NOON)
        await sessions.end(session.session_id, at)
    first = await departures.claim(NOON + 999 * SECOND)
    second = await departures.claim(NOON + 999 * SECOND)
    assert (len(first), len(second)) == (AT_ONCE, 3)
    assert {str(one.imsi)[-3:] for one in second} == {f"{AT_ONCE - number:03}" for number in range(1, 4)}


@pytest.mark.parametrize("reads", [lambda connection: presences(connection, [(str(IMSI), NOON)]), let_in_again_of_one])
def test_grants_of_a_user_are_found_without_reading_those_of_others(
    database_path: Path, reads: Callable[[Connection], object]
) -> None:
    said: list[str] = []
    with transaction(database_path) as connection:
        driver: Any = connection.connection.driver_connection
        driver.set_trace_callback(said.append)
        reads(connection)
        driver.set_trace_callback(None)
        (statement,) = [one for one in said if "access_grant" in one]
        plan = [str(row) for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}")]
    grants = [step for step in plan if "access_grant" in step]
    assert grants
    assert all("ix_access_grant_imsi" in step for step in grants)
