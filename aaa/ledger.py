"""What is kept of sessions where the configuration says, for the daemon and for commands: a second composition root."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from hss.active_api import ActiveSessions, Departures, Errands
from hss.config import HssConfig
from hss.failure_api import FailureLedger, Retention
from hss.session_api import SessionLedger
from hss.sessions.active import SqlActiveSessions
from hss.sessions.departures import SqlDepartures
from hss.sessions.errands import SqlErrands
from hss.sessions.failures import SqlFailures
from hss.sessions.ledger import SqlLedger, open_database
from hss.store.database import Database
from hss.store.location import Location, describe, parse_location
from hss.store.schema import upgrade
from runtime.config import ConfigError, RawConfig

UPGRADE = "akadia --config {config} aaa upgrade"


@dataclass(frozen=True, slots=True)
class SharedStore:
    """What every process of every node finds in one database."""

    ledger: SessionLedger
    active: ActiveSessions
    departures: Departures
    errands: Errands
    failures: FailureLedger

    @classmethod
    def on(cls, database: Database, retention: Retention | None = None) -> "SharedStore":
        """On `database`, which is open, so that all of it shares commits."""
        return cls(
            SqlLedger(database),
            SqlActiveSessions(database),
            SqlDepartures(database),
            SqlErrands(database),
            SqlFailures(database, retention or Retention()),
        )


@asynccontextmanager
async def open_shared(raw: RawConfig, database: str, retention: Retention | None = None) -> AsyncIterator[SharedStore]:
    """What is in `database`, or in that of [hss] when it is ""; ConfigError or StoreError, a line each."""
    location = ledger_location(raw, database)
    async with open_database(location, raw.path, UPGRADE.format(config=raw.path) if database else None) as opened:
        yield SharedStore.on(opened, retention)


@asynccontextmanager
async def open_configured_ledger(raw: RawConfig, database: str) -> AsyncIterator[SessionLedger]:
    """The ledger alone, as `open_shared`."""
    async with open_shared(raw, database) as shared:
        yield shared.ledger


def ledger_location(raw: RawConfig, database: str) -> Location:
    """Where it is; ConfigError when nothing says so."""
    if not database:
        return raw.section("hss", HssConfig).database
    try:
        return parse_location(database, raw.path.parent)
    except ValueError as error:
        raise ConfigError(f"{raw.path}: aaa.database: {error}") from None


def upgrade_ledger(raw: RawConfig, database: str) -> str:
    """Make the ledger's database, or bring it to our schema; where it is. StoreError when that fails."""
    location = ledger_location(raw, database)
    upgrade(location)
    return describe(location)
