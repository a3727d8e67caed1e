"""What is kept of sessions where the configuration says, for the daemon and for commands: a second composition root."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from aaa.config import AaaConfig
from aaa.identities.commands import KeyringDoor
from aaa.identities.config import IdentitiesConfig
from aaa.identities.epochs import Keyring
from aaa.identities.keyring_file import KeyringPath
from aaa.identities.shared_keyring import change_shared, read_shared
from hss.active_api import (
    ActiveSessions,
    ContinuedRounds,
    Departures,
    Errands,
    KeyEpochs,
    NasRestarts,
    SilentSessions,
)
from hss.config import HssConfig
from hss.failure_api import FailureLedger, Retention
from hss.keys.identity_epochs import SqlKeyEpochs, any_epoch
from hss.keys.master_key import MasterSource, open_master, parse_source
from hss.keys.vault import write_master_key
from hss.session_api import SessionLedger
from hss.sessions.active import SqlActiveSessions
from hss.sessions.ageing import SqlSilentSessions
from hss.sessions.continued import SqlContinuedRounds
from hss.sessions.departures import SqlDepartures
from hss.sessions.errands import SqlErrands
from hss.sessions.failures import SqlFailures
from hss.sessions.ledger import SqlLedger, open_database
from hss.sessions.nas_restarts import SqlNasRestarts
from hss.store.database import Database
from hss.store.errors import StoreError
from hss.store.location import Location, describe, parse_location
from hss.store.schema import upgrade
from runtime.config import ConfigError, RawConfig, read_config
from runtime.logs import get_logger

log = get_logger("aaa.app")

UPGRADE = "akadia --config {config} aaa upgrade"


@dataclass(frozen=True, slots=True)
class SharedStore:
    """What every process of every node finds in one database."""

    ledger: SessionLedger
    active: ActiveSessions
    departures: Departures
    errands: Errands
    continued: ContinuedRounds
    silent: SilentSessions
    restarts: NasRestarts
    failures: FailureLedger
    database: Database

    @classmethod
    def on(cls, database: Database, retention: Retention | None = None) -> "SharedStore":
        """On `database`, which is open, so that all of it shares commits."""
        return cls(
            SqlLedger(database),
            SqlActiveSessions(database),
            SqlDepartures(database),
            SqlErrands(database),
            SqlContinuedRounds(database),
            SqlSilentSessions(database),
            SqlNasRestarts(database),
            SqlFailures(database, retention or Retention()),
            database,
        )


@asynccontextmanager
async def open_shared(raw: RawConfig, database: str, retention: Retention | None = None) -> AsyncIterator[SharedStore]:
    """What is in `database`, or in that of [hss] when it is ""; ConfigError or StoreError, a line each."""
    location = ledger_location(raw, database)
    async with open_database(location, raw.path, UPGRADE.format(config=raw.path) if database else None) as opened:
        yield SharedStore.on(opened, retention)


async def open_if_there(
    stack: AsyncExitStack, raw: RawConfig, aaa: AaaConfig, *, is_needed: bool
) -> SharedStore | None:
    """As `open_shared` for the daemon, while `stack` is open; None and a line where there is no database.

    When one `is_needed`, that is StoreError.
    """
    try:
        if is_needed or raw.optional("hss", HssConfig) is not None:
            return await stack.enter_async_context(open_shared(raw, aaa.database, aaa.retention))
        cause = "there is no database for them"
    except StoreError as error:
        if is_needed:
            raise
        cause = str(error)
    log.warning("sessions end with their process", cause=f"{cause}; write database = in [aaa]")
    return None


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


def keyring_door(config: Path) -> KeyringDoor:
    """Where the configuration has the identity keys; ConfigError when it has none."""
    raw = read_config(config)
    identities = raw.optional("aaa.identities", IdentitiesConfig)
    if identities is not None and identities.transport_key:
        return DatabaseKeyring(raw, identities.transport_key)
    if identities is None or identities.keys is None:
        raise ConfigError(f'{config}: there are no identity keys; write [aaa.identities] with keys = "identity.keys"')
    return KeyringPath(identities.keys)


def key_epochs(shared: SharedStore, raw: RawConfig, transport_key: str) -> KeyEpochs:
    """The epochs in the shared database; ConfigError or MasterKeyRefused when the transport key cannot be had."""
    source = _transport_source(raw, transport_key)
    if isinstance(source, Path) and not source.exists():
        hint = "akadia aaa identity-keys rotate makes the first one; every other node needs a copy of it"
        raise ConfigError(f"{source}: there is no transport key; {hint}")
    return SqlKeyEpochs(shared.database, open_master(source, secrets.token_bytes))


class DatabaseKeyring:
    """The keyring in the shared database, for a command."""

    def __init__(self, raw: RawConfig, transport_key: str) -> None:
        self._raw = raw
        self._transport_key = transport_key

    def read(self) -> Keyring:
        """The keyring that is there."""
        return asyncio.run(self._done(read_shared))

    def change(self, change: Callable[[Keyring], Keyring]) -> Keyring:
        """Write what `change` makes of it; before the first epoch the transport key is made as well."""
        return asyncio.run(self._done(partial(change_shared, change=change), may_begin=True))

    async def _done(self, work: Callable[[KeyEpochs], Awaitable[Keyring]], *, may_begin: bool = False) -> Keyring:
        async with open_shared(self._raw, self._raw.section("aaa", AaaConfig).database) as shared:
            source = _transport_source(self._raw, self._transport_key)
            if may_begin and isinstance(source, Path) and not source.exists() and not await any_epoch(shared.database):
                write_master_key(source, secrets.token_bytes)
            return await work(key_epochs(shared, self._raw, self._transport_key))


def _transport_source(raw: RawConfig, text: str) -> MasterSource:
    try:
        return parse_source(text, raw.path.parent)
    except ValueError as error:
        raise ConfigError(f"{raw.path}: aaa.identities.transport_key: {error}") from None
