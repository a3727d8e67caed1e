"""An import in SQL: where it is, and a chunk of its rows with the place where it goes on, in one transaction."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Boolean, Connection, Integer, String, bindparam, func, insert, select, update

from hss.api import ApnProfile
from hss.keys.custody import Custodian
from hss.models import Apn, AuditHead, BatchState, ImportBatch, Subscriber, SubscriberState
from hss.provisioning.change import NotThere, ProvisioningRefused
from hss.provisioning.importing.causes import Cause
from hss.provisioning.importing.rows import NewRow
from hss.provisioning.importing.source import Chunk
from hss.store.rowset import ROWS, rowset

FILE_NAME_LENGTH = 255


class ImportRefused(ProvisioningRefused):
    """The import cannot begin or go on; one line that says what to do instead."""


@dataclass(frozen=True, slots=True)
class Batch:
    """One import: the columns of `hss.models.ImportBatch`."""

    id: int
    file_name: str
    file_digest: bytes
    mapping: str
    state: BatchState
    position: int
    line: int
    added: int
    refused: int
    actor: str
    started: datetime
    finished: datetime | None


@dataclass(frozen=True, slots=True)
class Refused:
    """A row for quarantine; `imsi` only where it is one."""

    line: int
    imsi: str | None
    cause: Cause
    message: str


_COLUMNS = tuple(ImportBatch.__table__.c)
_WANTED = rowset()
_THERE = select(Subscriber.imsi, Subscriber.batch_id).join(_WANTED, Subscriber.imsi == _WANTED.c.key)
_ADD_APN = insert(Apn).from_select(
    ["imsi", "context_id", "name", "pdn_type", "is_default"],
    select(
        _WANTED.c.key,
        bindparam("number", type_=Integer),
        bindparam("apn", type_=String),
        bindparam("pdn", type_=Integer),
        bindparam("default", type_=Boolean),
    ),
)


def described(batch: Batch) -> dict[str, Any]:
    """`batch` as names and values, as the audit trail keeps it."""
    return {
        "import": batch.id,
        "state": batch.state.value,
        "file": batch.file_name,
        "sha256": batch.file_digest.hex(),
        "mapping": batch.mapping,
        "lines": batch.line,
        "added": batch.added,
        "refused": batch.refused,
        "actor": batch.actor,
        "started": batch.started.isoformat(),
        "finished": batch.finished.isoformat() if batch.finished else None,
    }


def take_turn(connection: Connection) -> None:
    """Nobody else begins an import until the transaction ends: of one file there would be two, and each half of it."""
    # the row whose lock puts the entries of the audit trail in order: who begins tells that
    connection.execute(select(AuditHead.id).with_for_update()).all()


def find(connection: Connection, digest: bytes, mapping: str) -> Batch | None:
    """The batch of this file and mapping that runs or is done; None when there is none, or it was rolled back."""
    same = (ImportBatch.file_digest == digest, ImportBatch.mapping == mapping)
    rows = select(*_COLUMNS).where(*same, ImportBatch.state != BatchState.ROLLED_BACK).order_by(ImportBatch.id)
    row = connection.execute(rows).mappings().first()
    return None if row is None else Batch(**row)


def get(connection: Connection, number: int) -> Batch:
    """The batch of this number; NotThere when there is none."""
    row = connection.execute(select(*_COLUMNS).where(ImportBatch.id == number)).mappings().first()
    if row is None:
        raise NotThere(f"there is no import {number}; see them with: akadia import list")
    return Batch(**row)


def listed(connection: Connection, limit: int) -> list[Batch]:
    """The last `limit` batches, the newest first."""
    rows = connection.execute(select(*_COLUMNS).order_by(ImportBatch.id.desc()).limit(limit)).mappings()
    return [Batch(**row) for row in rows]


def begin(
    connection: Connection, *, file_name: str, digest: bytes, mapping: str, actor: str, position: int, line: int
) -> Batch:
    """A new batch, whose first row is behind `position`."""
    values = {
        "file_name": file_name[-FILE_NAME_LENGTH:],
        "file_digest": digest,
        "mapping": mapping,
        "state": BatchState.RUNNING,
        "position": position,
        "line": line,
        "actor": actor,
    }
    number = connection.execute(insert(ImportBatch).values(**values).returning(ImportBatch.id)).scalar_one()
    return get(connection, number)


def existing(connection: Connection, imsis: Sequence[str]) -> dict[str, int | None]:
    """Which of `imsis` are there, each with the batch that brought it."""
    rows = connection.execute(_THERE, {ROWS: dict.fromkeys(imsis, ())})
    return {row.imsi: row.batch_id for row in rows}


def write(
    connection: Connection,
    custodian: Custodian,
    batch: Batch,
    chunk: Chunk,
    rows: Sequence[NewRow],
    refused: Sequence[Refused],
) -> tuple[Batch, list[Refused]]:
    """Add the rows of one chunk, and how far the batch is now: all of it or nothing, in the caller's transaction.

    Returns the batch as it is then, and what is refused, `refused` before included. StoreConflict when somebody else
    adds the same subscriber at this moment: write the chunk again.
    """
    custodian.keyring.prepare(connection)
    there = existing(connection, [row.imsi for row in rows])
    wanted: dict[str, NewRow] = {}
    everything = list(refused)
    for row in rows:
        if row.imsi in wanted or row.imsi in there:
            own = row.imsi in wanted or there[row.imsi] == batch.id
            everything.append(already(row.line, row.imsi, own=own))
        else:
            wanted[row.imsi] = row
    if wanted:
        connection.execute(insert(Subscriber), [_subscriber(custodian, row, batch.id) for row in wanted.values()])
        _add_apns(connection, list(wanted.values()))
    everything.sort(key=lambda each: each.line)
    return _advance(connection, batch, chunk, added=len(wanted), refused=len(everything)), everything


def already(line: int, imsi: str, *, own: bool) -> Refused:
    """A subscriber that is there, from this file (`own`) or from elsewhere."""
    if own:
        return Refused(line, imsi, Cause.TWICE, "the file has this IMSI on an earlier line")
    return Refused(line, imsi, Cause.EXISTS, "the subscriber is there already; it stays as it is")


def finish(connection: Connection, batch: Batch, state: BatchState) -> None:
    """The batch has come to `state`; ImportRefused when another process has changed it meanwhile."""
    done = update(ImportBatch).values(state=state, finished=func.current_timestamp())
    _require_own(connection.execute(done.where(*_as_it_was(batch))).rowcount, batch)


def _advance(connection: Connection, batch: Batch, chunk: Chunk, *, added: int, refused: int) -> Batch:
    after = replace(
        batch,
        position=chunk.position,
        line=chunk.line,
        added=batch.added + added,
        refused=batch.refused + refused,
    )
    values = {"position": after.position, "line": after.line, "added": after.added, "refused": after.refused}
    changed = connection.execute(update(ImportBatch).where(*_as_it_was(batch)).values(**values))
    _require_own(changed.rowcount, batch)
    return after


def _as_it_was(batch: Batch) -> tuple[Any, ...]:
    return ImportBatch.id == batch.id, ImportBatch.position == batch.position, ImportBatch.state == batch.state


def _require_own(count: int, batch: Batch) -> None:
    if count == 0:
        raise ImportRefused(f"import {batch.id} is in another process's hands; let that one finish")


def _subscriber(custodian: Custodian, row: NewRow, batch: int) -> dict[str, Any]:
    return {
        "imsi": row.imsi,
        **custodian.columns(row.imsi, row.keys, row.settings),
        "profile": row.settings.name,
        "amf": row.amf,
        "seq": 0,
        "time_offset": 0,
        "state": SubscriberState.ENABLED,
        "msisdn": row.msisdn,
        "revision": 1,
        "batch_id": batch,
    }


def _add_apns(connection: Connection, rows: Sequence[NewRow]) -> None:
    """One statement for all who have the same APN: most of a file's rows do."""
    alike: dict[tuple[ApnProfile, ...], list[str]] = defaultdict(list)
    for row in rows:
        alike[row.apns].append(row.imsi)
    for apns, imsis in alike.items():
        for apn in apns:
            values = {"number": apn.context_id, "apn": apn.name, "pdn": apn.pdn_type.value}
            wanted = {ROWS: dict.fromkeys(imsis, ()), "default": apn.context_id == 1}
            connection.execute(_ADD_APN, values | wanted)
