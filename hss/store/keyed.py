"""A statement for the rows of some keys, which is compiled once for each number of them and goes to the driver itself.

For keys that no JSON can carry (`hss.store.rowset`): octets.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlalchemy import BindParameter, ClauseElement, Connection, Dialect, bindparam

from hss.store.driver import Parameters, executed

TOGETHER = 32
"""So many keys at most are in one statement."""

_Compiled = tuple[str, Callable[[Sequence[bytes], Mapping[str, Any]], Parameters]]


class Keyed:
    """What `made` says for the keys that it is given; its other open parameters are given with the keys."""

    def __init__(self, made: Callable[[Sequence[BindParameter[bytes]]], ClauseElement]) -> None:
        self._made = made
        self._compiled: dict[tuple[str, int], _Compiled] = {}

    def rows(self, connection: Connection, keys: Sequence[bytes], **given: object) -> list[tuple[Any, ...]]:
        """What it returns for `keys`, as the driver has it: a truth may be a number."""
        found: list[tuple[Any, ...]] = []
        for at in range(0, len(keys), TOGETHER):
            some = keys[at : at + TOGETHER]
            kind = connection.dialect.name, len(some)
            if kind not in self._compiled:
                self._compiled[kind] = self._compile(connection.dialect, len(some))
            text, parameters = self._compiled[kind]
            with executed(connection, text, parameters(some, given)) as cursor:
                found += cursor.fetchall()
        return found

    def _compile(self, dialect: Dialect, count: int) -> _Compiled:
        """The statement for `count` keys in the driver's words, and what makes its parameters."""
        names = [f"key_{place}" for place in range(count)]
        compiled = dialect.statement_compiler(dialect, self._made([bindparam(name) for name in names]))
        values, places = dict(compiled.params), compiled.positiontup

        def parameters(keys: Sequence[bytes], given: Mapping[str, Any]) -> Parameters:
            filled = {**values, **given, **dict(zip(names, keys, strict=True))}
            return filled if places is None else [filled[name] for name in places]

        return str(compiled), parameters
