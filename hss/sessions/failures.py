"""`hss.failure_api.FailureLedger` on a store: written with one commit for all that waits, bounded in age and number."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import astuple
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from sqlalchemy import Connection, Row, delete, func, insert, or_, select

from hss.failure_api import DialogueLine, FailureRecord, Retention, Verdict
from hss.models import APN_LENGTH, FailedAuthentication
from hss.models.failure import CAUSE_LENGTH, CLIENT_LENGTH, SESSION_LENGTH
from hss.session_api import LedgerUnavailable
from hss.sessions.pruning import AT_ONCE, prune_failures
from hss.store.database import Database
from hss.store.errors import StoreError
from wire.identity import Imsi

_ID, _REFERENCE = FailedAuthentication.id, FailedAuthentication.reference


class SqlFailures:
    """On `database`, which is open; `retention` says how much stays."""

    def __init__(self, database: Database, retention: Retention) -> None:
        self._database = database
        self._retention = retention

    async def keep(self, records: tuple[FailureRecord, ...]) -> None:
        """As `FailureLedger.keep`."""
        with _unavailable():
            await self._database.write(partial(_keep, records, self._retention))

    async def find(self, wanted: str, limit: int) -> tuple[FailureRecord, ...]:
        """As `FailureLedger.find`."""
        with _unavailable():
            return await self._database.read(lambda connection: _find(connection, wanted, limit))


def _keep(records: Sequence[FailureRecord], retention: Retention, connection: Connection) -> None:
    # who was given no answer in time tells the same again, and it may have been kept after all
    references = [record.reference for record in records]
    known = set(connection.scalars(select(_REFERENCE).where(_REFERENCE.in_(references))))
    rows = [_row(record) for record in records if record.reference not in known]
    if rows:
        connection.execute(insert(FailedAuthentication), rows)
    prune_failures(datetime.now(UTC) - timedelta(days=retention.days), connection)
    newest = select(func.max(_ID)).scalar_subquery()
    surplus = select(_ID).where(newest - retention.records >= _ID).order_by(_ID).limit(AT_ONCE)
    # another process may be deleting the same ones
    locked = surplus.with_for_update(skip_locked=True)
    connection.execute(delete(FailedAuthentication).where(_ID.in_(locked)))


def _row(record: FailureRecord) -> dict[str, Any]:
    verdict = record.verdict
    return {
        "reference": record.reference,
        "at": record.at,
        "imsi": None if record.imsi is None else str(record.imsi),
        "session": _fit(record.session, SESSION_LENGTH),
        "client": _fit(record.client, CLIENT_LENGTH),
        "method": record.method,
        "apn": None if record.apn is None else _fit(record.apn, APN_LENGTH),
        "access": _fit(record.access, CLIENT_LENGTH),
        "ms": record.ms,
        "cause": _fit(record.cause, CAUSE_LENGTH),
        "detail": _fit(record.detail, CAUSE_LENGTH),
        "hypothesis": None if verdict is None else verdict.hypothesis,
        "certainty": None if verdict is None else verdict.certainty,
        "why": "" if verdict is None else _fit(verdict.cause, CAUSE_LENGTH),
        "dialogue": json.dumps([astuple(line) for line in record.dialogue]),
    }


def _fit(text: str, length: int) -> str:
    """What a column takes; PostgreSQL has no NUL in a text."""
    return text.replace("\0", "�")[:length]


def _find(connection: Connection, wanted: str, limit: int) -> tuple[FailureRecord, ...]:
    named = or_(
        FailedAuthentication.reference == wanted,
        FailedAuthentication.imsi == wanted,
        FailedAuthentication.client.in_((wanted, f"radius/{wanted}", f"diameter/{wanted}")),
        (FailedAuthentication.session == _fit(wanted, SESSION_LENGTH)) & (FailedAuthentication.session != ""),
    )
    rows = connection.execute(select(*FailedAuthentication.__table__.c).where(named).order_by(_ID.desc()).limit(limit))
    return tuple(_record(row) for row in rows)


def _record(row: Row[Any]) -> FailureRecord:
    lines = (
        DialogueLine(direction, message, octets, tuple((name, length) for name, length in attributes))
        for direction, message, octets, attributes in json.loads(row.dialogue)
    )
    return FailureRecord(
        reference=row.reference,
        at=row.at,
        client=row.client,
        cause=row.cause,
        detail=row.detail,
        imsi=None if row.imsi is None else Imsi(row.imsi),
        session=row.session,
        method=row.method,
        apn=row.apn,
        access=row.access,
        ms=row.ms,
        verdict=None if row.hypothesis is None else Verdict(row.hypothesis, row.certainty, row.why),
        dialogue=tuple(lines),
    )


@contextmanager
def _unavailable() -> Iterator[None]:
    try:
        yield
    except StoreError as error:
        raise LedgerUnavailable(str(error)) from None
