"""Many rows of one table by one statement, which is compiled once: for SQLite once for each number of them.

What SQLAlchemy does for each row of many is more than what SQLite does for it, and where a lane's thread writes them,
it has to wait for that of the event loop between each two.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from operator import itemgetter
from typing import Any

from sqlalchemy import BindParameter, Connection, Dialect, bindparam
from sqlalchemy import Insert as AnyInsert
from sqlalchemy.sql.compiler import SQLCompiler

from hss.models import Model
from hss.sessions.recordset import of_json
from hss.sessions.upsert import Insert, insert_for
from hss.store.driver import Parameters, executed

TOGETHER = 32
"""So many rows at most are written by one statement on SQLite."""

Row = Mapping[str, Any]
"""The value of each column, by its name; the database numbers rows itself, where they have numbers."""

_Statement = tuple[str, Callable[[Sequence[Row]], Parameters]]
"""In the driver's words, and what makes its parameters of rows."""


class Written:
    """An INSERT of `model`; `settled` says what becomes of a row that is there already, and may have it return."""

    def __init__(self, model: type[Model], settled: Callable[[Insert], AnyInsert]) -> None:
        self._model = model
        self._settled = settled
        table = model.metadata.tables[model.__tablename__]
        self._columns = [column for column in table.columns if column is not table.autoincrement_column]
        self._few: dict[int, SQLCompiler] = {}
        self._compiled: dict[int, _Statement] = {}
        """By the number of rows, any number by 0."""

    def rows(self, connection: Connection, rows: Sequence[Row]) -> int:
        """Write `rows`, no two of which are of one key; how many were written or changed."""
        count = 0
        for text, given in self._statements(connection.dialect, rows):
            with executed(connection, text, given) as cursor:
                count += cursor.rowcount
        return count

    def returned(self, connection: Connection, rows: Sequence[Row]) -> list[tuple[Any, ...]]:
        """The same, and what it returns of each that was written or changed, as the driver has it."""
        found: list[tuple[Any, ...]] = []
        for text, given in self._statements(connection.dialect, rows):
            with executed(connection, text, given) as cursor:
                found += cursor.fetchall()
        return found

    def _statements(self, dialect: Dialect, rows: Sequence[Row]) -> Iterator[tuple[str, Parameters]]:
        if dialect.name != "sqlite":
            if rows:
                text, given = self._compiled.get(0) or self._of_json(dialect)
                yield text, given(rows)
            return
        for at in range(0, len(rows), TOGETHER):
            some = rows[at : at + TOGETHER]
            text, given = self._compiled.get(len(some)) or self._of_values(dialect, len(some))
            yield text, given(some)

    def _of_json(self, dialect: Dialect) -> _Statement:
        made = self._compiled[0] = of_json(dialect, self._insert(dialect), self._columns)
        return made

    def _of_values(self, dialect: Dialect, count: int) -> _Statement:
        compiled = self._of_few(dialect, min(count, 2))
        text, width = str(compiled), len(self._columns)
        if count > 2:
            second = ", (" + ", ".join("?" * width) + ")"
            if text.count(second) != 1:
                raise ValueError(f"it is not plain where a second row of {self._model.__tablename__} stands")
            text = text.replace(second, second * (count - 1))
        # what `settled` compares with stands behind the rows
        own = [compiled.params[name] for name in (compiled.positiontup or ())[min(count, 2) * width :]]
        values_of = itemgetter(*[column.name for column in self._columns])
        # only some columns are written otherwise than they are said: those are gone through, one after another
        converted = [
            (place, write)
            for place, column in enumerate(self._columns)
            if (write := column.type.dialect_impl(dialect).bind_processor(dialect)) is not None
        ]

        def given(rows: Sequence[Row]) -> Parameters:
            values: list[Any] = []
            for row in rows:
                values += values_of(row)
            for place, write in converted:
                values[place::width] = map(write, values[place::width])
            values += own
            return values

        made = self._compiled[count] = text, given
        return made

    def _of_few(self, dialect: Dialect, count: int) -> SQLCompiler:
        """It for one row or two: for many SQLAlchemy would take 40 ms, once for each number of them."""
        if count not in self._few:
            rows: list[dict[str, BindParameter[Any]]] = [
                {column.name: bindparam(f"row{place}_{column.name}") for column in self._columns}
                for place in range(count)
            ]
            self._few[count] = dialect.statement_compiler(dialect, self._insert(dialect).values(rows))
        return self._few[count]

    def _insert(self, dialect: Dialect) -> AnyInsert:
        return self._settled(insert_for(dialect.name, self._model))
