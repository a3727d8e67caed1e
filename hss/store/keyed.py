"""A statement for the rows of some keys, which is compiled once for each of a few numbers of them.

For keys that no JSON can carry (`hss.store.rowset`): octets. It goes to the driver itself (`hss.store.driver`).
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlalchemy import BindParameter, Connection, Dialect, Select, bindparam
from sqlalchemy.sql.dml import ReturningDelete

from hss.store.driver import Parameters, executed

TOGETHER = 32
"""So many keys at most are in one statement."""

Answering = Select[*tuple[Any, ...]] | ReturningDelete[*tuple[Any, ...]]
_Convert = Callable[[Any], Any]
_Given = Mapping[str, object]
_Compiled = tuple[str, Callable[[Sequence[bytes], _Given], Parameters], list[tuple[int, _Convert]]]
"""In the driver's words, what makes its parameters, and which of its columns are read otherwise than it gives them."""


class Keyed:
    """What `made` says for the keys that it is given, any number of times each; its other parameters come with them."""

    def __init__(self, made: Callable[[Sequence[BindParameter[bytes]]], Answering]) -> None:
        self._made = made
        self._compiled: dict[tuple[str, int], _Compiled] = {}

    def rows(self, connection: Connection, keys: Sequence[bytes], **given: object) -> list[list[Any]]:
        """What it returns for `keys`, in its own order if they stand in that."""
        found: list[list[Any]] = []
        for at in range(0, len(keys), TOGETHER):
            some = keys[at : at + TOGETHER]
            # the next power of two: few statements for the driver to keep, and a key that comes twice is found once
            room = 1 << (len(some) - 1).bit_length()
            kind = connection.dialect.name, room
            if kind not in self._compiled:
                self._compiled[kind] = self._compile(connection.dialect, room)
            text, parameters, converted = self._compiled[kind]
            filled = [*some, *[some[-1]] * (room - len(some))]
            with executed(connection, text, parameters(filled, given)) as cursor:
                rows = list(map(list, cursor.fetchall()))
            for place, read in converted:
                for row in rows:
                    row[place] = read(row[place])
            found += rows
        return found

    def _compile(self, dialect: Dialect, room: int) -> _Compiled:
        names = [f"key_{place}" for place in range(room)]
        statement = self._made([bindparam(name) for name in names])
        compiled = dialect.statement_compiler(dialect, statement)
        values, places = dict(compiled.params), compiled.positiontup
        converted: list[tuple[int, _Convert]] = [
            (place, read)
            for place, column in enumerate(statement.exported_columns)
            if (read := column.type.dialect_impl(dialect).result_processor(dialect, None)) is not None
        ]

        def parameters(keys: Sequence[bytes], given: _Given) -> Parameters:
            filled = {**values, **given, **dict(zip(names, keys, strict=True))}
            return filled if places is None else [filled[name] for name in places]

        return str(compiled), parameters, converted
