"""Restoring a backup into an empty store: all of it proven, or nothing of it there.

Vectors may have been issued after the backup was taken; the store that issued them knew higher SEQs than the backup
has. Were counting to go on from the backup, an SQN would be used twice. So every SEQ moves ahead by AHEAD, further
than anybody issues between a backup and the loss of its store, and less than a sixteenth of Δ (2^28), so that every
USIM still accepts what follows (TS 33.102 Annex C.2.1). A time-based profile gets the same through the subscriber's
offset, and each node another epoch, so that no process goes on with what it was granted before.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, case, delete, func, insert, select, update

from hss import schema
from hss.algorithms import AlgorithmSettings, read_settings
from hss.custody import Custodian, SealedKeys
from hss.models import RequestingNode, Scheme, Subscriber
from hss.models.record import AuditHead
from hss.provisioning.backups.container import BackupRefused
from hss.provisioning.backups.rows import RowCodec, tables
from hss.sqn import seq_max
from hss.vault import VaultError

AHEAD = 1 << 24
"""How far SEQ moves: 16 million vectors of one subscriber, or with a clock of 0.1 s, 19 days."""
ROWS = 1000
_MADE_BY_MIGRATIONS = ("algorithm_profile", "data_key", "audit_head")


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
    counts = _fill(connection, lines, tell)
    _set_sequences(connection)
    _prove_keys(connection, custodian)
    verify_audit(connection)
    return Restored(counts, _move_ahead(connection, read_settings(connection)))


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


def _fill(connection: Connection, lines: Iterator[Any], tell: Callable[[int], None]) -> dict[str, int]:
    codecs = {table.name: RowCodec(table) for table in tables()}
    counts = dict.fromkeys(codecs, 0)
    pending: list[dict[str, Any]] = []
    current = ""
    for line in lines:
        if isinstance(line, dict):
            _insert(connection, codecs, current, pending)
            if line.get("rows") != counts:
                raise BackupRefused("the backup's last line counts other rows than it has; take another copy of it")
            return counts
        name, row = line
        if name != current or len(pending) >= ROWS:
            _insert(connection, codecs, current, pending)
            tell(sum(counts.values()))
            current = name
        pending.append(codecs[name].values(row))
        counts[name] += 1
    raise BackupRefused("the backup has no last line; take another copy of it")


def _insert(connection: Connection, codecs: Mapping[str, RowCodec], name: str, pending: list[dict[str, Any]]) -> None:
    if pending:
        connection.execute(insert(codecs[name].table), pending)
        pending.clear()


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


def _move_ahead(connection: Connection, settings: Mapping[str, AlgorithmSettings]) -> int:
    exhausted = 0
    for one in settings.values():
        mine = Subscriber.profile == one.name
        ahead = min(AHEAD, one.delta // 16)
        if one.scheme is Scheme.COUNTER:
            end = seq_max(one.ind_bits)
            full = Subscriber.seq > end - ahead
            exhausted += connection.scalar(select(func.count()).select_from(Subscriber).where(mine, full)) or 0
            further = case((full, end), else_=Subscriber.seq + ahead)
            connection.execute(update(Subscriber).where(mine).values(seq=further))
        else:
            connection.execute(update(Subscriber).where(mine).values(time_offset=Subscriber.time_offset + ahead))
    connection.execute(update(RequestingNode).values(epoch=RequestingNode.epoch + 1))
    return exhausted
