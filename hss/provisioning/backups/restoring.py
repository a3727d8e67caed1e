"""Restoring a backup into an empty store: all of it proven, or nothing of it there."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, delete, func, insert, select

from hss.algorithms import read_settings
from hss.keys.custody import Custodian, SealedKeys
from hss.keys.vault import VaultError
from hss.models import Subscriber
from hss.models.record import AuditHead
from hss.provisioning.backups.ahead import MOVED, Ahead
from hss.provisioning.backups.container import BackupRefused
from hss.provisioning.backups.rows import RowCodec, tables
from hss.store import schema

ROWS = 1000
_MADE_BY_MIGRATIONS = ("algorithm_profile", "data_key", "audit_head", "ind_generation")


@dataclass(frozen=True, slots=True)
class Restored:
    """What is there now: rows by table; `exhausted` are subscribers whose SEQ had no room left to move."""

    rows: Mapping[str, int]
    exhausted: int


def restore(
    connection: Connection,
    lines: Iterator[Any],
    *,
    custodian: Custodian,
    verify_audit: Callable[[Connection], None],
    tell: Callable[[int], None],
) -> Restored:
    """Put everything back, prove it, and move SEQ ahead, in the caller's transaction: when it raises, nothing stays.

    BackupRefused when the store holds anything, has another schema, or when a row's keys do not open.
    """
    _require_empty(connection)
    _require_schema(next(lines, None))
    filler = _Filler(connection)
    filler.fill(lines, tell)
    _set_sequences(connection)
    _prove_keys(connection, custodian)
    verify_audit(connection)
    return Restored(filler.counts, filler.ahead.exhausted if filler.ahead else 0)


def _require_empty(connection: Connection) -> None:
    for table in tables():
        if table.name not in _MADE_BY_MIGRATIONS and connection.execute(select(*table.c).limit(1)).first() is not None:
            raise BackupRefused(f"the store holds {table.name} rows; restore into an empty one (akadia db upgrade)")
    if (connection.scalar(select(AuditHead.number)) or 0) > 0:
        raise BackupRefused("the store has an audit trail; restore into an empty one (akadia db upgrade)")
    for table in reversed(tables()):
        connection.execute(delete(table))


def _require_schema(line: object) -> None:
    found = line.get("schema") if isinstance(line, dict) else None
    if found != schema.head():
        raise BackupRefused(
            f"the backup has schema {found}, this program {schema.head()}; restore it with the program that made it"
        )


class _Filler:
    """Inserts the rows of a backup, many at a time; SEQ has moved ahead when they are there."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._codecs = {table.name: RowCodec(table) for table in tables()}
        self._pending: list[dict[str, Any]] = []
        self._current = ""
        self.counts = dict.fromkeys(self._codecs, 0)
        self.ahead: Ahead | None = None

    def fill(self, lines: Iterator[Any], tell: Callable[[int], None]) -> None:
        """Insert every row up to the last line, which counts them."""
        for line in lines:
            if isinstance(line, dict):
                self._flush()
                if line.get("rows") != self.counts:
                    raise BackupRefused("the backup's last line counts other rows than it has; take another copy of it")
                return
            name, row = line
            if name != self._current or len(self._pending) >= ROWS:
                self._flush()
                tell(sum(self.counts.values()))
                self._current = name
            self._pending.append(self._codecs[name].values(row))
            self.counts[name] += 1
        raise BackupRefused("the backup has no last line; take another copy of it")

    def _flush(self) -> None:
        if not self._pending:
            return
        if self.ahead is None and self._current in MOVED:
            # a table comes after those that it refers to, so the profiles are there
            self.ahead = Ahead(read_settings(self._connection))
        if self.ahead is not None:
            self.ahead.move(self._current, self._pending)
        self._connection.execute(insert(self._codecs[self._current].table), self._pending)
        self._pending.clear()


def _set_sequences(connection: Connection) -> None:
    """PostgreSQL counts its generated numbers apart from the rows that were put back."""
    if connection.dialect.name != "postgresql":
        return
    for table in tables():
        column = table.autoincrement_column
        if column is not None:
            last = connection.execute(select(func.max(column))).scalar()
            if last is not None:
                connection.execute(select(func.setval(func.pg_get_serial_sequence(table.name, column.name), last)))


def _prove_keys(connection: Connection, custodian: Custodian) -> None:
    columns = [getattr(Subscriber, name) for name in SealedKeys.__dataclass_fields__]
    chosen = select(*columns).order_by(Subscriber.imsi)
    custodian.keyring.load(connection)
    with connection.execute(chosen, execution_options={"yield_per": ROWS}) as rows:
        for row in rows:
            try:
                custodian.open(SealedKeys(*row))
            except VaultError as error:
                raise BackupRefused(f"a subscriber's keys do not open: {error}") from None
