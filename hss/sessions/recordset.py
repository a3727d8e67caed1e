"""Rows as one parameter of a statement that is always the same, on PostgreSQL.

psycopg looks through a long statement anew each time, and goes through its parameters one by one: with 300 of them that
was half of what a batch cost us. The server reads JSON, in the types of its columns.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from enum import Enum
from typing import Any

from sqlalchemy import JSON, Column, Dialect, Insert, bindparam, column, func

from hss.store.driver import Parameters
from hss.store.rowset import ROWS


def of_json(
    dialect: Dialect, insert: Insert, columns: Sequence[Column[Any]]
) -> tuple[str, Callable[[Sequence[Mapping[str, Any]]], Parameters]]:
    """`insert` of any number of rows of `columns` in the driver's words, and what makes its parameters of them."""
    given = func.json_to_recordset(bindparam(ROWS, type_=JSON)).table_valued(
        *[column(one.name, one.type) for one in columns]
    )
    rows_of_json = given.render_derived(name="given", with_types=True).select()
    compiled = insert.from_select([one.name for one in columns], rows_of_json).compile(dialect=dialect)
    own = compiled.params

    def parameters(rows: Sequence[Mapping[str, Any]]) -> Parameters:
        return {**own, ROWS: json.dumps(rows, default=_said)}

    return str(compiled), parameters


def _said(value: object) -> str:
    """What JSON has no word for, as the server reads it."""
    if isinstance(value, bytes):
        return "\\x" + value.hex()
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Enum):
        return str(value.value)
    raise TypeError(f"no column holds a {type(value).__name__}")
