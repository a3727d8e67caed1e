"""Many keys with numbers and texts as one parameter of a statement that is always the same, on both engines.

SQLite and PostgreSQL have a function json_each and an operator ->>; so the statement is compiled once, whatever it
is asked for.
"""

from collections.abc import Mapping, Sequence

from sqlalchemy import (
    JSON,
    BigInteger,
    ColumnElement,
    String,
    TableValuedAlias,
    bindparam,
    cast,
    column,
    func,
    literal_column,
)

ROWS = "rows"
"""The name of the parameter: a mapping of keys to sequences of numbers and texts."""

Rows = Mapping[str, Sequence[int | str]]


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
