"""Sessions that nobody ends are over after their Session-Timeout or a long silence, and their users may have left."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from hss.active_api import GatewaySession, SilentSession
from hss.session_api import SILENT, LedgerUnavailable, SessionQuery
from hss.sessions import ageing
from hss.sessions.active import SqlActiveSessions
from hss.sessions.ageing import ENDING, GRACE, SqlSilentSessions
from hss.sessions.departures import SqlDepartures
from hss.sessions.ledger import SqlLedger
from hss.store.database import Database
from tests.hss.sessions.events import IMSI, NOON, granted, interim, start, stop
from wire.identity import Imsi

HOUR = timedelta(hours=1)
SECOND = timedelta(seconds=1)
WEEK = timedelta(days=7)
OTHER = Imsi("001010000000002")
AT_GATEWAY = GatewaySession("gw;1", "pgw", "pgw.example", IMSI, "{}", until=NOON + HOUR)


class Store:
    """Everything that is kept of sessions."""

    def __init__(self, database: Database) -> None:
        self.active, self.ledger = SqlActiveSessions(database), SqlLedger(database)
        self.departures, self.silent = SqlDepartures(database), SqlSilentSessions(database)

    async def left(self, now: datetime) -> list[Imsi]:
        return [one.imsi for one in await self.departures.claim(now)]


@pytest.fixture(name="store")
def _store(database: Database) -> Store:
    return Store(database)


async def test_gateway_s_session_is_over_after_its_time(store: Store) -> None:
    await store.active.keep(AT_GATEWAY, NOON)
    await store.active.keep(replace(AT_GATEWAY, session_id="gw;2", imsi=OTHER, until=None), NOON)
    late = NOON + HOUR + GRACE
    assert await store.silent.end(late, None) == ()
    late += SECOND
    assert await store.silent.end(late, None) == (SilentSession("gw;1", "pgw", IMSI, NOON),)
    assert await store.active.find("gw;1") is None
    assert await store.left(late) == [IMSI]
    assert await store.silent.end(NOON + WEEK, None) == ()
    assert len(await store.silent.end(NOON + WEEK + SECOND, WEEK)) == 1


async def test_session_whose_gateway_never_answered_an_asr_is_over_after_a_day(store: Store) -> None:
    await store.active.keep(replace(AT_GATEWAY, ending=True, until=None), NOON)
    assert await store.silent.end(NOON + ENDING, None) == ()
    assert len(await store.silent.end(NOON + ENDING + SECOND, None)) == 1
    # the HSS has ended it, and need not hear of it
    assert await store.left(NOON + WEEK) == []


async def test_nas_s_session_is_over_when_its_accounting_falls_silent(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ageing, "PAGE", 1)
    await store.ledger.grant(replace(granted(), session_timeout=3600))
    for record in (start(), start(session="0002", radius_class=None), start(session="0003"), stop(1, session="0003")):
        await store.ledger.record(record)
    await store.ledger.record(interim(1800))
    late = NOON + HOUR + GRACE + SECOND
    assert await store.silent.end(late, None) == (), "its NAS has spoken of it in its last hour"
    late += timedelta(seconds=1800)
    (ended,) = await store.silent.end(late, None)
    assert (ended.session_id, ended.client, ended.imsi) == ("0001", "lab", IMSI)
    assert await store.left(late) == [IMSI]
    causes = {one.session_id: one.end_cause for one in await store.ledger.sessions(SessionQuery(ended=True))}
    assert causes["0001"] == SILENT
    assert causes["0002"] is None
    # a Stop that comes all the same says it better
    await store.ledger.record(stop(3600))
    causes = {one.session_id: one.end_cause for one in await store.ledger.sessions(SessionQuery(ended=True))}
    assert causes["0001"] == "user-request"
    assert [one.session_id for one in await store.silent.end(NOON + WEEK + SECOND, WEEK)] == ["0002"]


async def test_user_who_was_authenticated_anew_is_there(store: Store) -> None:
    await store.ledger.grant(replace(granted(), session_timeout=3600))
    await store.ledger.record(start())
    again = replace(granted(), radius_class=b"again", at=NOON + HOUR, session_timeout=3600)
    await store.ledger.grant(again)
    assert await store.silent.end(NOON + HOUR + GRACE + SECOND, None) == ()
    assert len(await store.silent.end(NOON + 2 * HOUR + GRACE + SECOND, None)) == 1


async def test_store_that_is_closed_is_unavailable(store: Store, database: Database) -> None:
    await database.close()
    with pytest.raises(LedgerUnavailable):
        await store.silent.end(NOON, None)
