"""Many rows of one table by one statement, which is compiled once for each number of them.

What SQLAlchemy does for each row of many is more than what SQLite does for it, and where a lane's thread writes them,
it has to wait for that of the event loop between each two.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlalchemy import BindParameter, Connection, Dialect, bindparam

from hss.models import Model
from hss.sessions.upsert import Insert, insert_for
from hss.store.driver import Parameters, executed

TOGETHER = 32
"""So many rows at most are written by one statement."""

Row = Mapping[str, Any]
"""The value of each column, by its name."""


class Written:
    """An INSERT of `model`; `settled` says what becomes of a row that is there already."""

    def __init__(self, model: type[Model], settled: Callable[[Insert], Insert]) -> None:
        self._model = model
        self._settled = settled
        self._compiled: dict[tuple[str, int], tuple[str, Callable[[Sequence[Row]], Parameters]]] = {}

    def rows(self, connection: Connection, rows: Sequence[Row]) -> int:
        """Write `rows`, no two of which are of one key; how many were written or changed."""
        count = 0
        for at in range(0, len(rows), TOGETHER):
            some = rows[at : at + TOGETHER]
            kind = connection.dialect.name, len(some)
            if kind not in self._compiled:
                self._compiled[kind] = self._compile(connection.dialect, len(some))
            text, given = self._compiled[kind]
            with executed(connection, text, given(some)) as cursor:
                count += cursor.rowcount
        return count

    def _compile(self, dialect: Dialect, count: int) -> tuple[str, Callable[[Sequence[Row]], Parameters]]:
        """The statement for `count` rows in the driver's words, and what makes its parameters of them."""
        columns = list(self._model.__table__.columns)
        names = [f"{column.name}_{place}" for place in range(count) for column in columns]
        open_rows: list[dict[str, BindParameter[Any]]] = [
            {column.name: bindparam(f"{column.name}_{place}") for column in columns} for place in range(count)
        ]
        statement = self._settled(insert_for(dialect.name, self._model)).values(open_rows)
        compiled = statement.compile(dialect=dialect)
        written = [
            (column.name, column.type.dialect_impl(dialect).bind_processor(dialect) or _as_it_is) for column in columns
        ]

        def given(rows: Sequence[Row]) -> Parameters:
            values = [write(row[name]) for row in rows for name, write in written]
            return values if compiled.positional else dict(zip(names, values, strict=True))

        return str(compiled), given


def _as_it_is(value: object) -> object:
    return value
