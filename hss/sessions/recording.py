"""Accounting records into their tables, many in one transaction; the order in which they arrive changes no result.

A session is what its records say together: counters only rise, a Start that comes after the Stop fills in what is
missing. So retransmissions, reordering and two AAA servers at once do no harm (RFC 2866 §2, RFC 5080 §2.2.2).
"""

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from datetime import datetime, timedelta
from functools import cache
from hashlib import sha256
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, and_, bindparam, case, func, or_, select, update

from hss.active_api import Known
from hss.models import AccessGrant, AccessSession, AccountingEntry, RecordKind
from hss.session_api import NAS_RESTARTED, REPLACED, SILENT, UNKNOWN_TO_NAS, AccountingRecord, AccountingStatus
from hss.sessions.departures import GRACE, note_departures
from hss.sessions.upsert import Insert, insert_for, later

_LATE = timedelta(seconds=60)
"""An Interim-Update so long after the Stop belongs to a new session under the old Acct-Session-Id."""
_REPEATED, _REPEATED_BY_NAS = timedelta(hours=1), _LATE
"""Two records that say the same, so long apart, are two: without Event-Timestamp a NAS says the same each time that it
starts (RFC 2866 §5.13). A retransmission happened when the first one did, as Acct-Delay-Time says (§5.2)."""
_WHOLE_NAS = frozenset({AccountingStatus.ON, AccountingStatus.OFF})
_UNSAID = frozenset({NAS_RESTARTED, REPLACED, UNKNOWN_TO_NAS, SILENT})
"""Ends that were inferred: what the NAS says of its session is better."""
Granted = dict[bytes, tuple[str, datetime]]
"""Whose authentication each Class is of, and when he was let in."""
_Held = Row[int, bytes | None, str | None, bytes | None, datetime, datetime | None, str | None, int]
_COUNTERS = ("seconds", "octets_in", "octets_out", "packets_in", "packets_out")


def record_all(connection: Connection, records: Sequence[AccountingRecord]) -> list[bool]:
    """Keep `records`; for each whether it is new. Of those that are one and the same, the first is new."""
    fresh = _insert_entries(connection, records)
    new = []
    for record in records:
        new.append(record.fingerprint in fresh)
        fresh.discard(record.fingerprint)
    kept = [record for record, is_new in zip(records, new, strict=True) if is_new]
    granted = _granted(connection, kept)
    for run in _runs(kept):
        _apply(connection, run, granted)
    return new


def end_session(connection: Connection, number: int, cause: str, at: datetime) -> None:
    """Let an open session count as ended; what its NAS may still say of it says it better."""
    is_open = (AccessSession.id == number) & AccessSession.ended.is_(None)
    ended = update(AccessSession).where(is_open).values(ended=at, end_cause=cause).returning(AccessSession.imsi)
    note_departures(connection, [(imsi, at) for (imsi,) in connection.execute(ended) if imsi is not None])


def _insert_entries(connection: Connection, records: Sequence[AccountingRecord]) -> set[bytes]:
    distinct = {record.fingerprint: record for record in records}
    fresh = _inserted(connection, distinct.values())
    repeated = _repeated(connection, [one for fingerprint, one in distinct.items() if fingerprint not in fresh])
    return fresh | _inserted(connection, repeated)


def _inserted(connection: Connection, records: Collection[AccountingRecord]) -> set[bytes]:
    if not records:
        return set()
    insert = insert_for(connection.dialect.name, AccountingEntry).on_conflict_do_nothing(index_elements=["fingerprint"])
    added = connection.execute(insert.returning(AccountingEntry.fingerprint), [_entry(record) for record in records])
    return {bytes(fingerprint) for (fingerprint,) in added}


def _repeated(connection: Connection, records: Sequence[AccountingRecord]) -> list[AccountingRecord]:
    """Those of `records` that only say the same as one that is kept; it gives its fingerprint up for them."""
    if not records:
        return []
    columns = (AccountingEntry.fingerprint, AccountingEntry.id, AccountingEntry.at)
    alike = select(*columns).where(AccountingEntry.fingerprint.in_([one.fingerprint for one in records]))
    kept = {bytes(fingerprint): (number, at) for fingerprint, number, at in connection.execute(alike)}
    found = [one for one in records if one.fingerprint in kept and _is_repeated(kept[one.fingerprint][1], one)]
    if found:
        numbers = sorted(kept[one.fingerprint][0] for one in found)
        connection.execute(_GIVEN_UP, [{"_id": number, "_other": _given_up(number)} for number in numbers])
    return found


def _is_repeated(at: datetime, record: AccountingRecord) -> bool:
    return record.at - at > (_REPEATED_BY_NAS if record.status in _WHOLE_NAS else _REPEATED)


def _given_up(number: int) -> bytes:
    return sha256(b"given up %d" % number).digest()


def _entry(record: AccountingRecord) -> dict[str, Any]:
    return {
        "fingerprint": record.fingerprint,
        "kind": RecordKind(record.status.value),
        "session_key": record.session_key,
        "session_id": record.session_id,
        "client": record.client,
        "nas": record.nas,
        "at": record.at,
        "received": record.received,
        "user_name": record.user_name,
        "radius_class": record.radius_class,
        "end_cause": record.end_cause,
        **{name: getattr(record.usage, name) for name in _COUNTERS},
    }


def _granted(connection: Connection, records: Sequence[AccountingRecord]) -> Granted:
    classes = {record.radius_class for record in records if record.radius_class is not None}
    if not classes:
        return {}
    columns = (AccessGrant.radius_class, AccessGrant.imsi, AccessGrant.at)
    found = select(*columns).where(AccessGrant.radius_class.in_(sorted(classes)))
    return {bytes(radius_class): (imsi, at) for radius_class, imsi, at in connection.execute(found)}


def _runs(records: Sequence[AccountingRecord]) -> Iterator[list[AccountingRecord]]:
    """Records that may be kept in any order: never two of one session, and one of a whole NAS alone."""
    rounds: list[list[AccountingRecord]] = []
    seen: Counter[bytes] = Counter()
    for record in records:
        if record.session_key is None:
            yield from rounds
            yield [record]
            rounds, seen = [], Counter()
            continue
        if seen[record.session_key] == len(rounds):
            rounds.append([])
        rounds[seen[record.session_key]].append(record)
        seen[record.session_key] += 1
    yield from rounds


def _apply(connection: Connection, run: list[AccountingRecord], granted: Granted) -> None:
    if run[0].status in _WHOLE_NAS:
        ended = connection.execute(_END_OF_NAS, {"_client": run[0].client, "_nas": run[0].nas, "_at": run[0].at})
        note_departures(connection, [(imsi, run[0].received) for (imsi,) in ended if imsi is not None])
        return
    # two processes that lock rows do so in the same order
    run.sort(key=lambda record: record.session_key or b"")
    begun = _make_way(connection, [record for record in run if record.status is not AccountingStatus.STOP])
    connection.execute(_merge(connection.dialect.name), [_row(record, granted) for record in run])
    _note_late(connection, begun, granted)
    _note_stopped(connection, run)


def _note_stopped(connection: Connection, run: list[AccountingRecord]) -> None:
    stopped = {one.session_key or b"": one.received for one in run if one.status is AccountingStatus.STOP}
    if not stopped:
        return
    known = select(AccessSession.session_key, AccessSession.imsi)
    chosen = known.where(AccessSession.session_key.in_(stopped), AccessSession.imsi.is_not(None))
    found = connection.execute(chosen)
    note_departures(connection, [(imsi, stopped[bytes(key)]) for key, imsi in found if key is not None and imsi])


def _make_way(connection: Connection, beginning: Sequence[AccountingRecord]) -> list[AccountingRecord]:
    """Set aside what had the Acct-Session-Ids of those that begin, and say whose sessions are new.

    Who had an open one of them may have left. A session that was taken for ended goes on when its NAS still tells what
    it uses: it is counted once, and the HSS may have been told that its user has left.
    """
    if not beginning:
        return []
    keys = [record.session_key for record in beginning]
    held = select(*_HELD).where(AccessSession.session_key.in_(keys)).order_by(AccessSession.session_key)
    # locked, and in the order in which all are, so that it is still true below
    known = {bytes(row.session_key): row for row in connection.execute(held.with_for_update())}
    replaced = [(known[key], one) for one in beginning if (key := one.session_key or b"") in known]
    resumed = {row.id: (row.imsi, one.received) for row, one in replaced if _is_resumed(row, one)}
    if resumed:
        connection.execute(_RESUME, [{"_id": number} for number in resumed])
        note_departures(connection, [back for back in resumed.values() if back[0] is not None], Known.PERHAPS)
    others = [(row, one) for row, one in replaced if row.id not in resumed and _is_another(row, one)]
    if others:
        connection.execute(_SET_ASIDE, [{"_id": row.id} for row, _ in others])
        left = [(row.imsi, one.received) for row, one in others if row.ended is None and row.imsi is not None]
        note_departures(connection, left)
    return [one for one in beginning if (one.session_key or b"") not in known] + [one for _, one in others]


def _note_late(connection: Connection, begun: Sequence[AccountingRecord], granted: Granted) -> None:
    """Who was let in longer ago than his accounting is waited for may have been taken for somebody who has left."""
    for one in begun:
        imsi, at = granted.get(one.radius_class or b"", (None, one.received))
        if imsi is not None and at < one.received - GRACE:
            note_departures(connection, [(imsi, one.received)], Known.PERHAPS)


def _is_another(row: _Held, record: AccountingRecord) -> bool:
    """Whether the session of `row` is an earlier one than that of `record`, a Start or an Interim-Update."""
    starts, is_known = record.status is AccountingStatus.START, None not in {row.radius_class, record.radius_class}
    if row.ended is None:
        differs = is_known and row.radius_class != record.radius_class
        return starts and differs and bool(row.updated < record.at)
    # what comes behind its own Stop has the same Class, and need not say its Acct-Delay-Time (RFC 2866 §5.13)
    is_same = is_known and row.radius_class == record.radius_class
    if is_same and not starts and record.usage.seconds is not None and record.usage.seconds <= row.seconds:
        return False
    may_be_late = not starts or is_same
    return bool(row.ended < (record.at - _LATE if may_be_late else record.at))


def _is_resumed(row: _Held, record: AccountingRecord) -> bool:
    """Whether `record` says that the session of `row`, which nobody has said to be over, goes on."""
    if record.status is not AccountingStatus.INTERIM or row.ended is None or row.end_cause not in _UNSAID:
        return False
    return bool(row.radius_class == record.radius_class and row.ended < record.at - _LATE)


def _row(record: AccountingRecord, granted: Granted) -> dict[str, Any]:
    usage, stops = record.usage, record.status is AccountingStatus.STOP
    return {
        "session_key": record.session_key,
        "client": record.client,
        "nas": record.nas,
        "source": record.source,
        "session_id": record.session_id,
        "user_name": record.user_name,
        "imsi": granted.get(record.radius_class or b"", (None,))[0],
        "radius_class": record.radius_class,
        "calling_station": record.calling_station,
        "framed_address": record.framed_address,
        "started": record.at - timedelta(seconds=usage.seconds or 0),
        "updated": record.at,
        "ended": record.at if stops else None,
        "end_cause": record.end_cause if stops else None,
        **{name: getattr(usage, name) or 0 for name in _COUNTERS},
    }


@cache
def _merge(dialect: str) -> Insert:
    insert = insert_for(dialect, AccessSession)
    old, new = AccessSession, insert.excluded
    unsaid = or_(*(old.end_cause == cause for cause in sorted(_UNSAID)))
    stops = and_(new.ended.is_not(None), or_(old.ended.is_(None), unsaid))
    values: dict[str, ColumnElement[Any]] = {
        "source": new.source,
        "user_name": func.coalesce(new.user_name, old.user_name),
        "imsi": func.coalesce(old.imsi, new.imsi),
        "radius_class": func.coalesce(new.radius_class, old.radius_class),
        "calling_station": func.coalesce(new.calling_station, old.calling_station),
        "framed_address": func.coalesce(new.framed_address, old.framed_address),
        "started": func.coalesce(old.started, new.started),
        "updated": later(old.updated.expression, new.updated),
        "ended": case((stops, new.ended), else_=old.ended),
        "end_cause": case((stops, new.end_cause), else_=old.end_cause),
        **{name: later(getattr(old, name).expression, new[name]) for name in _COUNTERS},
    }
    return insert.on_conflict_do_update(index_elements=["session_key"], set_=values)


_END_OF_NAS = (
    update(AccessSession)
    .where(
        AccessSession.client == bindparam("_client"),
        AccessSession.nas == bindparam("_nas"),
        AccessSession.ended.is_(None),
        AccessSession.updated <= bindparam("_at"),
    )
    .values(ended=bindparam("_at"), end_cause=NAS_RESTARTED)
    .returning(AccessSession.imsi)
)

_GIVEN_UP = (
    update(AccountingEntry).where(AccountingEntry.id == bindparam("_id")).values(fingerprint=bindparam("_other"))
)
_HELD = (
    AccessSession.id,
    AccessSession.session_key,
    AccessSession.imsi,
    AccessSession.radius_class,
    AccessSession.updated,
    AccessSession.ended,
    AccessSession.end_cause,
    AccessSession.seconds,
)
_RESUME = update(AccessSession).where(AccessSession.id == bindparam("_id")).values(ended=None, end_cause=None)
_SET_ASIDE = (
    update(AccessSession)
    .where(AccessSession.id == bindparam("_id"))
    .values(
        session_key=None,
        ended=func.coalesce(AccessSession.ended, AccessSession.updated),
        end_cause=func.coalesce(AccessSession.end_cause, REPLACED),
    )
)
