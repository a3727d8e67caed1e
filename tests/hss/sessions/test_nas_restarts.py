"""A NAS that has begun anew has no session of before, from the moment that its Accounting-On is kept."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, func, select

from hss.active_api import NasRestarts, Presence, Restart, Restarts
from hss.models import AccessSession, Departure, NasRestart
from hss.session_api import AccountingRecord, AccountingStatus, LedgerUnavailable, SessionQuery, Usage
from hss.sessions import nas_restarts
from hss.sessions.ageing import SqlSilentSessions
from hss.sessions.departures import SqlDepartures
from hss.sessions.ledger import SqlLedger
from hss.sessions.listing import find_sessions
from hss.sessions.nas_restarts import AT_ONCE, LEASE, SqlNasRestarts, _end, _settle
from hss.sessions.recording import record_all
from hss.store.database import Database
from hss.store.engines import transaction, writer_engine
from hss.store.location import Location
from tests.hss.sessions.events import CLASS, IMSI, NOON, event, granted, interim, nas_on, start, stop

SECOND = timedelta(seconds=1)


def later(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


async def worked_off(restarts: NasRestarts, now: datetime) -> list[int]:
    """Have all that waits say so; how many sessions each look for some found."""
    found = []
    while (claimed := await restarts.claim(now)).those:
        while over := await restarts.over(claimed):
            found.append(len(over))
            await restarts.end(over, now)
        await restarts.settle(claimed)
    return found


async def begun(ledger: SqlLedger, count: int, **more: object) -> None:
    for number in range(count):
        await ledger.record(start(number / 1000, session=f"{number:04}", **more))


def rows_ended(location: Location) -> int:
    """How many rows say themselves that their session is over."""
    with transaction(location) as connection:
        return connection.scalar(select(func.count(AccessSession.ended))) or 0


def count(location: Location, table: type[Departure | NasRestart]) -> int:
    with transaction(location) as connection:
        return connection.scalar(select(func.count()).select_from(table)) or 0


async def test_sessions_are_over_at_once_and_their_rows_say_so_page_by_page(
    database: Database, location: Location, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(nas_restarts, "_OVER", nas_restarts._OVER.limit(10))
    ledger, restarts = SqlLedger(database), SqlNasRestarts(database)
    await ledger.grant(granted())
    await begun(ledger, 25)
    await begun(ledger, 3, nas="ap2")
    assert not await restarts.waiting(later(100))
    assert await ledger.record(nas_on(100))
    assert await restarts.waiting(later(100))
    assert rows_ended(location) == 0
    assert {one.nas for one in await ledger.sessions(SessionQuery())} == {"ap2"}
    over = await ledger.sessions(SessionQuery(ended=True))
    assert [(one.ended, one.end_cause) for one in over if one.nas == "ap1"] == [(later(100), "nas-restarted")] * 25
    assert await worked_off(restarts, later(100)) == [10, 10, 5]
    assert (rows_ended(location), count(location, Departure), count(location, NasRestart)) == (25, 25, 0)
    assert await ledger.sessions(SessionQuery(ended=True)) == over, "and nobody sees a difference"
    assert not await restarts.waiting(later(1000))


async def test_session_that_begins_after_it_goes_on(database: Database, location: Location) -> None:
    ledger, restarts, departures = SqlLedger(database), SqlNasRestarts(database), SqlDepartures(database)
    await ledger.grant(granted())
    await ledger.record(start())
    await ledger.record(nas_on(100))
    assert await departures.presence(IMSI, later(100)) is Presence.GONE
    await ledger.record(start(100.001, session="0002"))
    await ledger.record(replace(start(100.002, radius_class=b"another"), imsi=IMSI))
    for _ in range(2):
        assert await departures.presence(IMSI, later(100)) is Presence.HERE
        assert [one.session_id for one in await ledger.sessions(SessionQuery())] == ["0001", "0002"]
        await worked_off(restarts, later(101))
    assert rows_ended(location) == 1


async def test_process_that_is_killed_between_two_pages_leaves_the_rest_to_another(
    database: Database, location: Location
) -> None:
    ledger, restarts = SqlLedger(database), SqlNasRestarts(database)
    await ledger.grant(granted())
    await begun(ledger, 8)
    await ledger.record(nas_on(100))
    claimed = await restarts.claim(later(100))
    assert claimed == Restarts((Restart("lab", "ap1", later(100)),), later(100) + LEASE)
    await restarts.end((await restarts.over(claimed))[:3], later(100))
    assert not await restarts.waiting(later(101)), "while it may live"
    assert (await restarts.claim(later(101))).those == ()
    assert await ledger.sessions(SessionQuery()) == ()
    another = Database(location)
    await another.open()
    after = later(100) + LEASE
    assert await SqlNasRestarts(another).waiting(after)
    assert await worked_off(SqlNasRestarts(another), after) == [5]
    await another.close()
    assert (rows_ended(location), count(location, Departure), count(location, NasRestart)) == (8, 8, 0)


async def test_process_that_was_held_up_takes_nothing_from_the_one_that_went_on(
    database: Database, location: Location
) -> None:
    ledger, restarts = SqlLedger(database), SqlNasRestarts(database)
    await begun(ledger, 2)
    await ledger.record(nas_on(100))
    held_up = await restarts.claim(later(100))
    held_up = await restarts.still(held_up, later(110))
    assert not await restarts.waiting(later(100) + LEASE), "it had said that it still has them"
    other = await restarts.claim(held_up.until)
    assert other.those == held_up.those
    assert await restarts.over(held_up) == ()
    await restarts.still(held_up, later(1000))
    await restarts.settle(held_up)
    assert len(await restarts.over(other)) == 2
    assert await restarts.waiting(other.until)
    assert count(location, NasRestart) == 1


async def test_on_that_comes_again_does_nothing_more(database: Database, location: Location) -> None:
    ledger, restarts = SqlLedger(database), SqlNasRestarts(database)
    await begun(ledger, 2)
    on = nas_on(100)
    assert [await ledger.record(on), await ledger.record(on)] == [True, False]
    await ledger.record(start(101, session="0009"))
    assert await worked_off(restarts, later(101)) == [2]
    assert not await ledger.record(replace(on, received=later(150)))
    assert not await restarts.waiting(later(150))
    assert [one.session_id for one in await ledger.sessions(SessionQuery())] == ["0009"]
    assert count(location, NasRestart) == 0


async def test_off_and_the_on_behind_it_end_each_what_was_there(database: Database) -> None:
    ledger, restarts = SqlLedger(database), SqlNasRestarts(database)
    await begun(ledger, 2)
    await ledger.record(event(AccountingStatus.OFF, 100))
    await ledger.record(start(110, session="0009"))
    await ledger.record(nas_on(130))
    ended = {one.session_id: one.ended for one in await ledger.sessions(SessionQuery(ended=True))}
    assert ended == {"0000": later(100), "0001": later(100), "0009": later(130)}
    await worked_off(restarts, later(131))
    assert {one.session_id: one.ended for one in await ledger.sessions(SessionQuery(ended=True))} == ended


async def test_very_many_are_taken_some_at_a_time(database: Database, location: Location) -> None:
    ledger, restarts = SqlLedger(database), SqlNasRestarts(database)
    for number in range(AT_ONCE + 1):
        await ledger.record(nas_on(100, nas=f"ap{number}"))
    assert [len((await restarts.claim(later(100))).those) for _ in range(3)] == [AT_ONCE, 1, 0]
    await worked_off(restarts, later(100) + LEASE)
    assert count(location, NasRestart) == 0


async def test_session_of_it_is_not_ended_for_its_silence(database: Database) -> None:
    ledger = SqlLedger(database)
    await begun(ledger, 1)
    await ledger.record(nas_on(100))
    week = timedelta(days=7)
    assert await SqlSilentSessions(database).end(NOON + 2 * week, week) == ()
    assert [one.end_cause for one in await ledger.sessions(SessionQuery(ended=True))] == ["nas-restarted"]


async def test_store_that_is_closed_says_so(database: Database) -> None:
    await database.close()
    restarts, none = SqlNasRestarts(database), Restarts((), NOON)
    for asked in (restarts.waiting(NOON), restarts.claim(NOON), restarts.still(none, NOON), restarts.over(none)):
        with pytest.raises(LedgerUnavailable):
            await asked
    for done in (restarts.end((1,), NOON), restarts.settle(none)):
        with pytest.raises(LedgerUnavailable):
            await done


_events = st.builds(
    event,
    st.sampled_from([AccountingStatus.START, AccountingStatus.INTERIM, AccountingStatus.STOP, AccountingStatus.ON]),
    st.integers(0, 300),
    session=st.sampled_from(["0001", "0002"]),
    radius_class=st.sampled_from([CLASS, b"another", None]),
    usage=st.builds(Usage, st.none() | st.integers(0, 200)),
    end_cause=st.sampled_from([None, "user-request"]),
)


def done_at_once(connection: Connection) -> None:
    """Have the rows say so in this transaction, as all Accounting-Ons did that the rows of sessions alone told of."""
    numbers = tuple(connection.scalars(select(AccessSession.id)))
    _end(connection, [(numbers, NOON)])
    those = [Restart(*row) for row in connection.execute(select(NasRestart.client, NasRestart.nas, NasRestart.at))]
    for until in connection.scalars(select(NasRestart.not_before)).all():
        _settle(connection, [Restarts(tuple(those), until)])


def told(connection: Connection, records: Sequence[AccountingRecord], worked: Sequence[bool]) -> object:
    """What anybody is told of sessions after `records`, where rows are worked off after some of them."""
    with connection.begin() as undone:
        for record, now in zip(records, worked, strict=True):
            record_all(connection, [record])
            if now:
                done_at_once(connection)
        found = find_sessions(connection, SessionQuery(ended=True))
        going_on = find_sessions(connection, SessionQuery())
        undone.rollback()
    return sorted(map(repr, (replace(one, number=0) for one in found))), len(going_on)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(_events, min_size=2, max_size=10, unique_by=lambda one: one.at), st.data())
def test_nobody_can_tell_when_the_rows_were_worked_off(
    location: Location, said: list[AccountingRecord], data: st.DataObject
) -> None:
    records = sorted(said, key=lambda one: one.at)
    when = data.draw(st.lists(st.booleans(), min_size=len(records), max_size=len(records)))
    engine = writer_engine(location)
    with engine.connect() as connection:
        assert told(connection, records, when) == told(connection, records, [True] * len(records))
    engine.dispose()


async def test_late_stop_says_better_how_a_session_ended(database: Database, location: Location) -> None:
    ledger, restarts = SqlLedger(database), SqlNasRestarts(database)
    await ledger.grant(granted())
    await ledger.record(start())
    await ledger.record(nas_on(100))
    await ledger.record(stop(90, 7))
    assert await worked_off(restarts, later(101)) == []
    (session,) = await ledger.sessions(SessionQuery(ended=True))
    assert (session.end_cause, session.ended, count(location, Departure)) == ("user-request", later(90), 1)


async def test_session_goes_on_that_its_nas_still_tells_of(database: Database) -> None:
    ledger, restarts = SqlLedger(database), SqlNasRestarts(database)
    await ledger.record(start())
    await ledger.record(nas_on(100))
    await ledger.record(interim(130))
    assert await ledger.sessions(SessionQuery()) == (), "what comes so soon may be of before"
    await ledger.record(interim(190))
    await worked_off(restarts, later(200))
    assert [one.session_id for one in await ledger.sessions(SessionQuery())] == ["0001"]
