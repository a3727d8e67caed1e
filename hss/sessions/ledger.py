"""The session ledger on a store: `hss.session_api.SessionLedger`, with one commit for all that waits."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from functools import partial
from pathlib import Path

from sqlalchemy import Connection, update

from hss.models import AccessGrant
from hss.session_api import AccountingRecord, ClientSeen, Grant, Session, SessionQuery
from hss.sessions.listing import add_seen, find_clients, find_session, find_sessions
from hss.sessions.pruning import PRUNINGS
from hss.sessions.recording import end_session, record_all
from hss.sessions.unavailable import unavailable
from hss.sessions.written import Written
from hss.store import schema
from hss.store.database import Database
from hss.store.location import Location


class SqlLedger:
    """`hss.session_api.SessionLedger` on `database`, which is open."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def grant(self, grant: Grant) -> None:
        """As `SessionLedger.grant`."""
        with unavailable():
            await self._database.at_once(_insert_grants, grant)

    async def record(self, record: AccountingRecord) -> bool:
        """As `SessionLedger.record`."""
        with unavailable():
            return await self._database.together(record_all, record)

    async def sessions(self, query: SessionQuery) -> tuple[Session, ...]:
        """As `SessionLedger.sessions`."""
        with unavailable():
            return await self._database.read(lambda connection: find_sessions(connection, query))

    async def session(self, number: int) -> Session | None:
        """As `SessionLedger.session`."""
        with unavailable():
            return await self._database.read(lambda connection: find_session(connection, number))

    async def limit(self, radius_class: bytes, session_timeout: int | None) -> None:
        """As `SessionLedger.limit`."""
        of_class = update(AccessGrant).where(AccessGrant.radius_class == radius_class)
        changed = of_class.values(session_timeout=session_timeout)
        with unavailable():
            await self._database.write(lambda connection: connection.execute(changed).rowcount)

    async def end(self, number: int, cause: str, at: datetime) -> None:
        """As `SessionLedger.end`."""
        with unavailable():
            await self._database.write(lambda connection: end_session(connection, number, cause, at))

    async def prune(self, before: datetime) -> int:
        """As `SessionLedger.prune`, a few rows a transaction, so that accounting goes on beside it."""
        deleted = 0
        for prune in PRUNINGS:
            while True:
                with unavailable():
                    count = await self._database.write(partial(prune, before))
                deleted += count
                if not count:
                    break
        return deleted

    async def seen(self, counted: tuple[ClientSeen, ...]) -> None:
        """As `SessionLedger.seen`."""
        with unavailable():
            await self._database.together(add_seen, counted)

    async def clients(self) -> tuple[ClientSeen, ...]:
        """As `SessionLedger.clients`."""
        with unavailable():
            return await self._database.read(find_clients)


@asynccontextmanager
async def open_database(
    location: Location, config_path: Path | str = "FILE", upgrade: str | None = None
) -> AsyncIterator[Database]:
    """The database at `location` while it is needed; SchemaOutdated or StoreUnavailable, a line that says what to do.

    `upgrade` is the command that makes or upgrades its schema, where that is not the one of the HSS.
    """
    schema.check(location, config_path, upgrade)
    database = Database(location)
    await database.open()
    try:
        yield database
    finally:
        await database.close()


@asynccontextmanager
async def open_ledger(location: Location, config_path: Path | str = "FILE") -> AsyncIterator[SqlLedger]:
    """The ledger at `location`, as `open_database`."""
    async with open_database(location, config_path) as database:
        yield SqlLedger(database)


def _insert_grants(connection: Connection, grants: Sequence[Grant]) -> list[None]:
    rows = [
        {
            "radius_class": grant.radius_class,
            "imsi": str(grant.imsi),
            "user_name": grant.user_name,
            "method": grant.method,
            "client": grant.client,
            "nas": grant.nas,
            "apn": grant.apn,
            "calling_station": grant.calling_station,
            "session_timeout": grant.session_timeout,
            "at": grant.at,
        }
        for grant in sorted(grants, key=lambda one: one.radius_class)
    ]
    _GRANTED.rows(connection, rows)
    return [None] * len(grants)


_GRANTED = Written(AccessGrant, lambda insert: insert.on_conflict_do_nothing(index_elements=["radius_class"]))
