"""Rows of every table as lines of JSON, the same for both engines."""

import base64
import json
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from enum import Enum as PythonEnum
from typing import Any

from sqlalchemy import Enum, LargeBinary, Table
from sqlalchemy.types import TypeDecorator

from hss.models import Model
from hss.provisioning.backups.container import BackupRefused

Value = Any


def tables() -> list[Table]:
    """Every table of the schema, each after those that it refers to."""
    return list(Model.metadata.sorted_tables)


class RowCodec:
    """Writes and reads the rows of one table."""

    def __init__(self, table: Table) -> None:
        self.table = table
        self._names = [column.name for column in table.c]
        self._write = [_writer(column.type) for column in table.c]
        self._read = [_reader(column.type) for column in table.c]

    def line(self, row: Sequence[Value]) -> bytes:
        """One row as a line."""
        values = [
            write(value) if write and value is not None else value
            for write, value in zip(self._write, row, strict=True)
        ]
        return json.dumps([self.table.name, values], separators=(",", ":")).encode() + b"\n"

    def values(self, row: Sequence[Value]) -> dict[str, Value]:
        """What a line held, by column."""
        if len(row) != len(self._names):
            raise BackupRefused(f"the backup's table {self.table.name} has other columns than this program's")
        return {
            name: read(value) if read and value is not None else value
            for name, read, value in zip(self._names, self._read, row, strict=True)
        }


def lines(chunks: Iterator[bytes]) -> Iterator[list[Value]]:
    """The lines of a backup, across its chunks."""
    rest = b""
    for chunk in chunks:
        *whole, rest = (rest + chunk).split(b"\n")
        for line in whole:
            yield json.loads(line)


def _writer(kind: object) -> Callable[[Value], Value] | None:
    if isinstance(kind, LargeBinary):
        return lambda value: base64.b64encode(value).decode()
    if isinstance(kind, Enum):
        return _word
    return datetime.isoformat if isinstance(kind, TypeDecorator) else None


def _reader(kind: object) -> Callable[[Value], Value] | None:
    if isinstance(kind, LargeBinary):
        return base64.b64decode
    if isinstance(kind, Enum) and kind.enum_class is not None:
        return kind.enum_class
    return datetime.fromisoformat if isinstance(kind, TypeDecorator) else None


def _word(value: PythonEnum) -> Value:
    return value.value
