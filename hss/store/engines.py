"""Engines for a store wherever it is; and SQLite ones that keep their word: WAL, synchronous=FULL, BEGIN IMMEDIATE.

A deferred BEGIN that reads and then writes fails at once when another process has written between, and the driver's
own default begins no transaction before a SELECT at all; so the driver begins nothing (`isolation_level=None`) and
each engine says its BEGIN itself.
"""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

from sqlalchemy import URL, Connection, Engine, create_engine, event
from sqlalchemy.exc import OperationalError
from sqlalchemy.pool import ConnectionPoolEntry, QueuePool

from hss.store.errors import StoreUnavailable, store_errors
from hss.store.location import Location
from hss.store.postgres import BUSY_TIMEOUT, postgres_engine, postgres_migration_engine

Begin = Callable[[], AbstractContextManager[Connection]]
"""Begins a transaction, which ends with the block."""


def writer_engine(location: Location, *, waits: bool = True, log_pages: int = 1000) -> Engine:
    """An engine whose transactions are on disk when they end; SQLite's are exclusive from their first statement.

    On PostgreSQL, where daemons have engines of their own, it is for commands.

    SQLite `waits` for others who hold the database, or fails at once; a commit behind which its log has `log_pages`
    writes it back, none does with 0.
    """
    if isinstance(location, URL):
        return postgres_engine(location, connections=1, patient=True)
    # temp_store: a statement that changes more than 16 pages would make a file for the case that it fails half-way
    pragmas = ("foreign_keys=ON", "synchronous=FULL", "temp_store=MEMORY", f"wal_autocheckpoint={log_pages}")
    return _engine(location, "BEGIN IMMEDIATE", pragmas, 1, waits=waits)


def reader_engine(location: Location, connections: int = 2, *, waits: bool = True) -> Engine:
    """An engine that cannot write and sees each transaction whole; on PostgreSQL for commands."""
    if isinstance(location, URL):
        return postgres_engine(location, connections=connections, read_only=True, patient=True)
    return _engine(location, "BEGIN", ("query_only=ON",), connections, waits=waits)


def migration_engine(location: Location) -> Engine:
    """An engine for changing the schema; it makes a SQLite file, readable by its owner alone.

    SQLite's foreign keys are off, because a table that is rebuilt would take its children with it.
    """
    if isinstance(location, URL):
        return postgres_migration_engine(location)
    location.touch(mode=0o600)
    return _engine(location, "BEGIN IMMEDIATE", ("journal_mode=WAL", "synchronous=FULL"), connections=1)


def sqlite_connection(path: Path, *, waits: bool = True) -> sqlite3.Connection:
    """The driver's own connection to a file that is there, for any thread; sqlite3.Error when it cannot be opened."""
    return sqlite3.connect(
        f"file:{quote(str(path.absolute()))}?mode=rw",
        uri=True,
        timeout=BUSY_TIMEOUT if waits else 0,
        isolation_level=None,
        check_same_thread=False,
    )


def _engine(path: Path, begin: str, pragmas: tuple[str, ...], connections: int, *, waits: bool = True) -> Engine:
    engine = create_engine(
        "sqlite://",
        creator=lambda: sqlite_connection(path, waits=waits),
        poolclass=QueuePool,
        pool_size=connections,
        max_overflow=0,
        pool_timeout=BUSY_TIMEOUT,
        # what a failing statement carried is sealed keys and identities: not for a log
        hide_parameters=True,
    )

    def prepare(connection: sqlite3.Connection, _entry: ConnectionPoolEntry) -> None:
        for pragma in pragmas:
            connection.execute(f"PRAGMA {pragma}")

    def say_begin(connection: Connection) -> None:
        # by the driver's own connection: through SQLAlchemy a BEGIN costs ten times what it does
        driver: Any = connection.connection.driver_connection
        try:
            driver.execute(begin)
        except sqlite3.Error as error:
            raise OperationalError(begin, None, error) from error

    event.listen(engine, "connect", prepare)
    event.listen(engine, "begin", say_begin)
    return engine


@contextmanager
def transaction(location: Location, *, read_only: bool = False) -> Iterator[Connection]:
    """One transaction on the database at `location`, for a command that runs and ends; StoreError when it fails.

    Unless it is `read_only`, nobody else may write meanwhile: wait for nothing inside.
    """
    with transactions(location, read_only=read_only) as begin, begin() as connection:
        yield connection


@contextmanager
def transactions(location: Location, *, read_only: bool = False) -> Iterator[Begin]:
    """Begins one `transaction` after the other, on a connection that is kept between them."""
    require_store(location)
    engine = reader_engine(location) if read_only else writer_engine(location)

    @contextmanager
    def begin() -> Iterator[Connection]:
        with store_errors(), engine.begin() as connection:
            yield connection

    try:
        yield begin
    finally:
        engine.dispose()


def require_store(location: Location) -> None:
    """StoreUnavailable unless there is a database file; a PostgreSQL server says itself what is missing."""
    if isinstance(location, Path) and location.is_dir():
        raise StoreUnavailable(f"{location}: is a folder; name a file in it as database")
    if isinstance(location, Path) and not location.is_file():
        raise StoreUnavailable(f"{location}: there is no database; make it with: akadia --config FILE db upgrade")
