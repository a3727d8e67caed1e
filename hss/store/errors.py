"""What the store says when it cannot: the only words that leave the SQL edge."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, OperationalError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout

_BUSY = ("locked", "busy")
_DEADLOCKS = frozenset({"40001", "40P01"})
"""PostgreSQL's SQLSTATEs of a transaction that gives way to another: serialisation, deadlock."""
_BUSY_STATES = frozenset({"53300", "55P03", "57014", "57P03"})
"""PostgreSQL's SQLSTATEs of what may work later: connections, lock, time-out, starting up."""


class StoreError(Exception):
    """The store did not do it. The message is one line without any stored value."""


class StoreBusy(StoreError):
    """Too much is waiting, or another process holds the store; later it may work."""


class StoreDeadlock(StoreBusy):
    """Two transactions waited for each other and this one was undone; at once, and alone, it mostly works."""


class StoreConflict(StoreError):
    """It would break a rule of the schema: something is there already or missing, or a value has no room there."""


class StoreUnavailable(StoreError):
    """The store is not there, or not whole."""


@contextmanager
def store_errors() -> Iterator[None]:
    """Turn every SQLAlchemy error inside into a StoreError that carries neither statement nor parameters."""
    try:
        yield
    except SQLAlchemyError as error:
        raise _translated(error) from None


def _translated(error: SQLAlchemyError) -> StoreError:
    cause = _cause(error)
    if isinstance(error, IntegrityError | DataError):
        return StoreConflict(cause)
    if isinstance(error, DBAPIError) and getattr(error.orig, "sqlstate", None) in _DEADLOCKS:
        return StoreDeadlock(cause)
    if isinstance(error, PoolTimeout) or _is_busy(error, cause):
        return StoreBusy(cause)
    return StoreUnavailable(cause)


def _is_busy(error: SQLAlchemyError, cause: str) -> bool:
    if isinstance(error, DBAPIError) and getattr(error.orig, "sqlstate", None) in _BUSY_STATES:
        return True
    return isinstance(error, OperationalError) and any(word in cause for word in _BUSY)


def _cause(error: SQLAlchemyError) -> str:
    if isinstance(error, DBAPIError) and error.orig is not None:
        return (str(error.orig).splitlines() or [type(error.orig).__name__])[0]
    return type(error).__name__
