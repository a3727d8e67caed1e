"""What the store says when it cannot: the only three words that leave the SQL edge."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout

_BUSY = ("locked", "busy")


class StoreError(Exception):
    """The store did not do it. The message is one line without any stored value."""


class StoreBusy(StoreError):
    """Too much is waiting, or another process holds the store; later it may work."""


class StoreConflict(StoreError):
    """It would break a rule of the schema: something is there already, or something it needs is not."""


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
    if isinstance(error, IntegrityError):
        return StoreConflict(cause)
    if isinstance(error, PoolTimeout) or (isinstance(error, OperationalError) and any(w in cause for w in _BUSY)):
        return StoreBusy(cause)
    return StoreUnavailable(cause)


def _cause(error: SQLAlchemyError) -> str:
    if isinstance(error, DBAPIError) and error.orig is not None:
        return (str(error.orig).splitlines() or [type(error.orig).__name__])[0]
    return type(error).__name__
