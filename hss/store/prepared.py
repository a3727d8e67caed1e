"""A statement of SQLAlchemy that is compiled once, and then goes to the driver itself.

For the few that every login needs: what SQLAlchemy does around each execution is more than what SQLite does in it.
"""

import json
from collections.abc import Sequence
from enum import Enum
from typing import Any

from sqlalchemy import ClauseElement, Connection, Dialect

from hss.store.driver import executed
from hss.store.rowset import ROWS, Rows


class Prepared:
    """A statement whose one open parameter is ROWS; its other ones have the values that they were made with."""

    def __init__(self, statement: ClauseElement) -> None:
        self._statement = statement
        self._compiled: dict[str, tuple[str, tuple[str, ...], dict[str, Any]]] = {}

    def rows(self, connection: Connection, rows: Rows) -> Sequence[tuple[Any, ...]]:
        """What it returns for `rows`, as the driver has it: an enumeration is its word, a truth may be a number."""
        dialect = connection.dialect
        if dialect.name not in self._compiled:
            self._compiled[dialect.name] = self._compile(dialect)
        text, places, values = self._compiled[dialect.name]
        given = {**values, ROWS: json.dumps(rows)}
        with executed(connection, text, [given[name] for name in places] if places else given) as cursor:
            found: Sequence[tuple[Any, ...]] = cursor.fetchall()
        return found

    def _compile(self, dialect: Dialect) -> tuple[str, tuple[str, ...], dict[str, Any]]:
        compiled = dialect.statement_compiler(dialect, self._statement)
        values = {name: value.value if isinstance(value, Enum) else value for name, value in compiled.params.items()}
        return str(compiled), tuple(compiled.positiontup or ()), values
