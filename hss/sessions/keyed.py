"""Rows found by many values of one column, by a statement that is compiled once for each of a few numbers of them."""

from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import Connection, Dialect, Select, bindparam
from sqlalchemy.orm import InstrumentedAttribute

from hss.sessions.written import TOGETHER
from hss.store.driver import Parameters, executed

_Convert = Callable[[Any], Any]
_Statement = tuple[str, Callable[[Sequence[Any]], Parameters], list[tuple[int, _Convert]]]
"""In the driver's words, what makes its parameters of keys, and which of its columns are read otherwise than given."""


class Keyed:
    """`statement`, for rows whose `key` is one of those asked for."""

    def __init__(self, statement: Select[*tuple[Any, ...]], key: InstrumentedAttribute[Any]) -> None:
        self._statement = statement
        self._key = key
        self._compiled: dict[tuple[str, int], _Statement] = {}

    def rows(self, connection: Connection, keys: Sequence[Any]) -> list[list[Any]]:
        """What it finds for `keys`: in their order as far as the statement has an order, if they stand in that."""
        found: list[list[Any]] = []
        for at in range(0, len(keys), TOGETHER):
            some = keys[at : at + TOGETHER]
            # the next power of two: few statements for the driver to keep, and a key that comes twice is found once
            room = 1 << (len(some) - 1).bit_length()
            kind = connection.dialect.name, room
            if kind not in self._compiled:
                self._compiled[kind] = self._compile(connection.dialect, room)
            text, given, converted = self._compiled[kind]
            with executed(connection, text, given([*some, *[some[-1]] * (room - len(some))])) as cursor:
                rows = list(map(list, cursor.fetchall()))
            for place, read in converted:
                for row in rows:
                    row[place] = read(row[place])
            found += rows
        return found

    def _compile(self, dialect: Dialect, room: int) -> _Statement:
        names = [f"key_{place}" for place in range(room)]
        compiled = self._statement.where(self._key.in_([bindparam(name) for name in names])).compile(dialect=dialect)
        written = self._key.type.dialect_impl(dialect).bind_processor(dialect)
        converted: list[tuple[int, _Convert]] = [
            (place, read)
            for place, column in enumerate(self._statement.selected_columns)
            if (read := column.type.dialect_impl(dialect).result_processor(dialect, None)) is not None
        ]

        def given(keys: Sequence[Any]) -> Parameters:
            values = keys if written is None else list(map(written, keys))
            return values if compiled.positional else dict(zip(names, values, strict=True))

        return str(compiled), given, converted
