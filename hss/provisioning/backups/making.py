"""Making a backup: every table as it is at one moment, keys as sealed as they are in the store."""

import json
from collections.abc import Callable

from sqlalchemy import Connection, func, select

from hss.provisioning.backups.container import BackupWriter
from hss.provisioning.backups.rows import RowCodec, tables
from hss.store import schema

ROWS = 1000
"""Rows that are in memory at a time."""


def rows_in(connection: Connection) -> int:
    """How many rows a backup has."""
    return sum(connection.execute(select(func.count()).select_from(table)).scalar_one() for table in tables())


def make(connection: Connection, writer: BackupWriter, *, tell: Callable[[int], None]) -> dict[str, int]:
    """Write everything; how many rows of each table. Run it in one reading transaction, which sees one moment.

    `tell` hears how many rows are written.
    """
    writer.write(_line({"schema": schema.head()}))
    counts: dict[str, int] = {}
    written = 0
    for table in tables():
        codec = RowCodec(table)
        chosen = select(*table.c).order_by(*table.primary_key)
        counts[table.name] = 0
        with connection.execute(chosen, execution_options={"yield_per": ROWS}) as found:
            for rows in found.partitions():
                writer.write(b"".join(codec.line(row) for row in rows))
                counts[table.name] += len(rows)
                written += len(rows)
                tell(written)
    writer.write(_line({"rows": counts}))
    writer.finish()
    return counts


def _line(fields: dict[str, object]) -> bytes:
    return json.dumps(fields).encode() + b"\n"
