"""The session ledger that the configuration names, for the daemon and for commands: a second composition root."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from hss.config import HssConfig
from hss.session_api import SessionLedger
from hss.sessions.ledger import open_ledger
from hss.store.location import Location, describe, parse_location
from hss.store.schema import upgrade
from runtime.config import ConfigError, RawConfig

UPGRADE = "akadia --config {config} aaa upgrade"


@asynccontextmanager
async def open_configured_ledger(raw: RawConfig, database: str) -> AsyncIterator[SessionLedger]:
    """The ledger in `database`, or in that of [hss] when it is ""; ConfigError or StoreError, a line each."""
    location = ledger_location(raw, database)
    helps = UPGRADE.format(config=raw.path) if database else None
    async with open_ledger(location, raw.path, helps) as ledger:
        yield ledger


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
