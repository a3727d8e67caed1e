"""Every subscriber as text, by IMSI, as it was at one moment: everything but keys."""

import csv
import io
import json
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from sqlalchemy import Connection, RowMapping, func, select

from hss.models import Apn, Subscriber

ROWS = 1000
"""Subscribers that are in memory at a time."""

# what is not named here, K and OPc above all, cannot come out
_COLUMNS = (
    Subscriber.imsi,
    Subscriber.msisdn,
    Subscriber.state,
    Subscriber.profile,
    Subscriber.amf,
    Subscriber.seq,
    Subscriber.time_offset,
    Subscriber.k_check,
    Subscriber.opc_check,
    Subscriber.revision,
    Subscriber.batch_id,
    Subscriber.created,
    Subscriber.updated,
)
_APN_COLUMNS = tuple(column for column in Apn.__table__.c if column.name != "imsi")


def count(connection: Connection) -> int:
    """How many subscribers there are."""
    return connection.execute(select(func.count()).select_from(Subscriber)).scalar_one()


def exported(connection: Connection) -> Iterator[list[dict[str, Any]]]:
    """The subscribers in portions, each with the list of its APNs; run it in one reading transaction."""
    last = ""
    while True:
        chosen = select(*_COLUMNS).where(Subscriber.imsi > last).order_by(Subscriber.imsi).limit(ROWS)
        rows = connection.execute(chosen).mappings().all()
        if not rows:
            return
        apns = _apns(connection, last, rows[-1]["imsi"])
        yield [_fields(row) | {"apns": apns.get(row["imsi"], [])} for row in rows]
        last = rows[-1]["imsi"]


def as_json_lines(portion: Sequence[dict[str, Any]]) -> str:
    """A JSON object on each line."""
    return "".join(f"{json.dumps(each)}\n" for each in portion)


def csv_writer() -> Callable[[Sequence[dict[str, Any]]], str]:
    """Writes portions as CSV (RFC 4180), the names in front; APNs are JSON in one column."""
    text = io.StringIO()
    names = [*(column.key for column in _COLUMNS), "apns"]
    writer = csv.DictWriter(text, names, lineterminator="\n")
    writer.writeheader()

    def write(portion: Sequence[dict[str, Any]]) -> str:
        writer.writerows(each | {"apns": json.dumps(each["apns"])} for each in portion)
        written = text.getvalue()
        text.seek(0)
        text.truncate()
        return written

    return write


def _apns(connection: Connection, after: str, until: str) -> dict[str, list[dict[str, Any]]]:
    between = (Apn.imsi > after, Apn.imsi <= until)
    rows = connection.execute(select(Apn.imsi, *_APN_COLUMNS).where(*between).order_by(Apn.imsi, Apn.context_id))
    found: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for imsi, *values in rows:
        found[imsi].append({column.name: value for column, value in zip(_APN_COLUMNS, values, strict=True)})
    return found


def _fields(row: RowMapping) -> dict[str, Any]:
    return {
        **row,
        "state": row["state"].value,
        "amf": f"{row['amf']:04x}",
        "k_check": row["k_check"].hex() if row["k_check"] else None,
        "opc_check": row["opc_check"].hex() if row["opc_check"] else None,
        "created": row["created"].isoformat(),
        "updated": row["updated"].isoformat(),
    }
