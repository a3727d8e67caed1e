"""SQLAlchemy's errors become three words, and carry nothing that was stored."""

import sqlite3

import pytest
from sqlalchemy.exc import ArgumentError, DataError, IntegrityError, OperationalError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from hss.store.errors import StoreBusy, StoreConflict, StoreError, StoreUnavailable, store_errors

SECRET = b"\xde\xad\xbe\xef"


@pytest.mark.parametrize(
    ("error", "word", "said"),
    [
        (
            IntegrityError("INSERT", {"k": SECRET}, sqlite3.IntegrityError("UNIQUE constraint failed: t.x")),
            StoreConflict,
            "UNIQUE constraint failed: t.x",
        ),
        (DataError("INSERT", {"k": SECRET}, Exception("value too long")), StoreConflict, "value too long"),
        (
            OperationalError("BEGIN", {}, sqlite3.OperationalError("database is locked")),
            StoreBusy,
            "database is locked",
        ),
        (PoolTimeout(), StoreBusy, "TimeoutError"),
        (
            OperationalError("SELECT", {}, sqlite3.OperationalError("no such table: t\nmore")),
            StoreUnavailable,
            "no such table: t",
        ),
        (OperationalError("SELECT", {}, sqlite3.OperationalError()), StoreUnavailable, "OperationalError"),
        (ArgumentError("what"), StoreUnavailable, "ArgumentError"),
    ],
)
def test_error_is_translated(error: SQLAlchemyError, word: type[StoreError], said: str) -> None:
    with pytest.raises(StoreError) as caught, store_errors():
        raise error
    assert type(caught.value) is word
    assert str(caught.value) == said
    assert caught.value.__suppress_context__
    assert SECRET.hex() not in repr(caught.value)


def test_other_errors_pass() -> None:
    with pytest.raises(KeyError), store_errors():
        raise KeyError("x")
