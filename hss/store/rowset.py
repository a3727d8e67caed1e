"""Many keys with numbers, texts and moments as one parameter of a statement that is always the same, on both engines.

SQLite and PostgreSQL have a function json_each and an operator ->>; so the statement is compiled once, whatever it
is asked for.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    ColumnElement,
    Connection,
    DateTime,
    String,
    TableValuedAlias,
    bindparam,
    cast,
    column,
    func,
    literal_column,
)
from sqlalchemy.types import TypeEngine

ROWS = "rows"
"""The name of the parameter: a mapping of keys to sequences of numbers and texts."""

Rows = Mapping[str, Sequence[int | str]]

_MOMENT: TypeEngine[Any] = String().with_variant(DateTime(timezone=True), "postgresql")
_SQLITE_MOMENT = len("2026-01-01 00:00:00.000000")
"""SQLite has no moments: they are texts without a zone, which compare as moments do."""


def rowset(name: str = "wanted") -> TableValuedAlias:
    """A FROM of one row for each key of the parameter; its column `key` is the key."""
    each = func.json_each(bindparam(ROWS, type_=JSON))
    return each.table_valued(column("key", String), column("value", JSON), name=name)


def number(rows: TableValuedAlias, place: int) -> ColumnElement[int]:
    """The number at `place`, from 0 on, of a row."""
    return cast(rows.c.value.op("->>")(literal_column(str(place))), BigInteger)


def string(rows: TableValuedAlias, place: int) -> ColumnElement[str]:
    """The text at `place`, from 0 on, of a row."""
    return rows.c.value.op("->>", return_type=String())(literal_column(str(place)))


def moment(rows: TableValuedAlias, place: int) -> ColumnElement[datetime]:
    """The moment at `place`, from 0 on, of a row, where `written` put it; of the same kind as the columns' own."""
    return cast(rows.c.value.op("->>")(literal_column(str(place))), _MOMENT)


def written(connection: Connection, at: datetime) -> str:
    """What a row holds for the moment `at`."""
    text = at.astimezone(UTC).isoformat(" ", "microseconds")
    return text[:_SQLITE_MOMENT] if connection.dialect.name == "sqlite" else text
