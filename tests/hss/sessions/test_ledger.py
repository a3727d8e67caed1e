"""The ledger: what waits together is committed together, and what is not kept is said."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from hss.session_api import ClientSeen, LedgerUnavailable, SessionQuery
from hss.sessions.ledger import SqlLedger, open_ledger
from hss.store.database import Database
from hss.store.location import Location
from hss.store.schema import SchemaOutdated
from tests.hss.sessions.events import CLASS, IMSI, NOON, granted, interim, start, stop


@pytest.fixture
async def ledger(location: Location) -> AsyncIterator[SqlLedger]:
    async with open_ledger(location) as opened:
        yield opened


async def test_session_has_the_imsi_of_its_grant(ledger: SqlLedger) -> None:
    await ledger.grant(granted())
    await ledger.grant(granted())
    assert await ledger.record(start())
    assert not await ledger.record(start())
    (session,) = await ledger.sessions(SessionQuery())
    assert (session.imsi, session.radius_class) == (IMSI, CLASS)
    assert await ledger.session(session.number) == session


async def test_many_records_at_once_are_all_kept(ledger: SqlLedger) -> None:
    records = [make(after, session=str(n)) for n in range(200) for after, make in ((0, start), (9, stop))]
    records += [interim(5, 100, session=str(n)) for n in range(200)]
    assert all(await asyncio.gather(*map(ledger.record, records)))
    sessions = await ledger.sessions(SessionQuery(ended=True, limit=1000))
    assert len(sessions) == 200
    assert {(one.ended is None, one.usage.octets_in) for one in sessions} == {(False, 100)}


async def test_two_servers_on_one_store_agree(location: Location) -> None:
    async with open_ledger(location) as one, open_ledger(location) as other:
        records = [start(session=str(n)) for n in range(100)]
        new = await asyncio.gather(*(ledger.record(record) for record in records for ledger in (one, other)))
        assert sum(new) == 100
        assert len(await one.sessions(SessionQuery(limit=1000))) == 100


async def test_clients_are_counted(ledger: SqlLedger) -> None:
    await ledger.seen((ClientSeen("ap", 1, 0, NOON, None),))
    assert [one.client for one in await ledger.clients()] == ["ap"]


async def test_closed_store_keeps_nothing_and_says_so(location: Location) -> None:
    database = Database(location)
    ledger = SqlLedger(database)
    with pytest.raises(LedgerUnavailable, match="closed"):
        await ledger.record(start())


async def test_ledger_needs_our_schema(tmp_path: Path) -> None:
    with pytest.raises(SchemaOutdated, match="db upgrade"):
        async with open_ledger(tmp_path / "nothing.sqlite"):
            pass


async def test_old_rows_are_deleted_and_open_sessions_stay(ledger: SqlLedger) -> None:
    await ledger.grant(granted())
    for record in (start(), start(session="2"), stop(60, session="2"), start(9000, session="3")):
        await ledger.record(record)
    assert await ledger.prune(NOON) == 0
    # a grant, three records and one ended session
    assert await ledger.prune(NOON + timedelta(seconds=1000)) == 5
    assert {one.session_id for one in await ledger.sessions(SessionQuery(ended=True))} == {"0001", "3"}
    assert await ledger.prune(NOON + timedelta(seconds=1000)) == 0
