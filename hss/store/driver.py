"""A statement that goes to the driver itself: what SQLAlchemy does around each is more than what SQLite does in it."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.engine.interfaces import DBAPICursor
from sqlalchemy.exc import DBAPIError

Parameters = Sequence[Any] | Mapping[str, Any]
"""Of a statement in the driver's words: by place or by name, as the driver has it."""


@contextmanager
def executed(connection: Connection, text: str, given: Parameters) -> Iterator[DBAPICursor]:
    """The driver's cursor behind a statement in the driver's words; its errors are those of SQLAlchemy."""
    dialect = connection.dialect
    if not connection.in_transaction():
        connection.begin()
    cursor = connection.connection.cursor()
    try:
        cursor.execute(text, given)
        yield cursor
    except dialect.loaded_dbapi.Error as error:
        raise DBAPIError.instance(
            text, None, error, dialect.loaded_dbapi.Error, hide_parameters=True, dialect=dialect
        ) from error
    finally:
        cursor.close()
