"""PostgreSQL engines whose every wait has an end, on this side and on the server's."""

from sqlalchemy import URL, Engine, create_engine, event, text
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.pool import QueuePool

BUSY_TIMEOUT = 5.0
"""Seconds to wait for another's lock, and for a connection of the pool."""

_CONNECT_TIMEOUT = 3
_MIGRATION_LOCK = 0x616B61646961
"""The advisory lock of who changes the schema: "akadia" in ASCII."""

_SETTINGS = {
    # a commit is on disk when it returns, whatever the server's default is
    "synchronous_commit": "on",
    "statement_timeout": "4000",
    "lock_timeout": "3000",
    "idle_in_transaction_session_timeout": "10000",
    # the server's default is that of a turning disk: it would read all of 10,000 subscribers rather than find 32
    "random_page_cost": "1.1",
}
_BY_KEY = {
    # planned once, and by keys: through a small table, or one that nobody has analysed yet, the server would rather go
    # from end to end, for each login
    "plan_cache_mode": "force_generic_plan",
    "enable_seqscan": "off",
    "enable_hashjoin": "off",
    "enable_mergejoin": "off",
    "jit": "off",
}
_PATIENT = {
    # a command counts or reads whole tables, and whoever reads what it writes may take his time
    "statement_timeout": "600000",
    "idle_in_transaction_session_timeout": "600000",
}
_READ_ONLY = "SET default_transaction_read_only = on"
_MIGRATION_SETTINGS = {"synchronous_commit": "on", "lock_timeout": "10000"}


def postgres_engine(
    url: URL, *, connections: int, read_only: bool = False, patient: bool = False, by_key: bool = False
) -> Engine:
    """An engine for `url`; a connection that broke is replaced when it is next taken from the pool.

    A reader sees each transaction whole (REPEATABLE READ) and cannot write. A `patient` one is for a command, of which
    a statement may take minutes; for a lock of another it waits no longer than any. One that is `by_key` plans each
    statement once, to find its rows by their keys.
    """
    engine = _engine(url, _SETTINGS | (_PATIENT if patient else {}) | (_BY_KEY if by_key else {}), connections)
    if not read_only:
        return engine
    return engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)


def postgres_at_once_engine(url: URL, *, read_only: bool = False) -> Engine:
    """An engine of one connection on which each statement is a transaction, and finds its rows by their keys.

    It costs one trip to the server where BEGIN and COMMIT make it three; what begins and ends here does nothing.
    """
    engine = _engine(url, _SETTINGS | _BY_KEY, connections=1)
    if read_only:
        event.listen(engine, "connect", _forbid_writing)
    return engine.execution_options(isolation_level="AUTOCOMMIT")


def _forbid_writing(connection: DBAPIConnection, _record: object) -> None:
    """Not among the settings to connect with: target_session_attrs=read-write would take the server for a standby."""
    cursor = connection.cursor()
    cursor.execute(_READ_ONLY)
    cursor.close()
    connection.commit()


def _engine(url: URL, settings: dict[str, str], connections: int) -> Engine:
    return create_engine(
        url,
        connect_args=_connect_arguments(settings),
        poolclass=QueuePool,
        pool_size=connections,
        max_overflow=0,
        pool_timeout=BUSY_TIMEOUT,
        # a look costs a round trip: who is busy keeps his connection (hss.store.kept)
        pool_pre_ping=True,
        # what a failing statement carried is sealed keys and identities: not for a log
        hide_parameters=True,
    )


def postgres_migration_engine(url: URL) -> Engine:
    """An engine for changing the schema, which may take its time."""
    return create_engine(
        url, connect_args=_connect_arguments(_MIGRATION_SETTINGS), pool_size=1, max_overflow=0, hide_parameters=True
    )


MIGRATION_LOCK = text(f"SELECT pg_advisory_xact_lock({_MIGRATION_LOCK})")
"""Whoever runs this first changes the schema; the next finds it changed."""


def _connect_arguments(settings: dict[str, str]) -> dict[str, object]:
    return {
        "application_name": "akadia",
        "connect_timeout": _CONNECT_TIMEOUT,
        # a server that vanished without a word is noticed within some ten seconds
        "keepalives_idle": 5,
        "keepalives_interval": 2,
        "keepalives_count": 3,
        "tcp_user_timeout": 8000,
        "options": " ".join(f"-c {name}={value}" for name, value in settings.items()),
    }
