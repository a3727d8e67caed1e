"""Accounting records into their tables, many in one transaction; the order in which they arrive changes no result.

A session is what its records say together: counters only rise, a Start that comes after the Stop fills in what is
missing. So retransmissions, reordering and two AAA servers at once do no harm (RFC 2866 §2, RFC 5080 §2.2.2).
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, and_, bindparam, case, func, or_, select, update
from sqlalchemy import Insert as AnyInsert

from hss.active_api import Known
from hss.models import AccessGrant, AccessSession, AccountingEntry, NasRestart, RecordKind
from hss.session_api import NAS_RESTARTED, REPLACED, SILENT, UNKNOWN_TO_NAS, AccountingRecord, AccountingStatus
from hss.sessions.departures import GRACE, note_departures
from hss.sessions.restarted import RESTARTED_AT
from hss.sessions.upsert import Insert, later
from hss.sessions.written import Row, Written
from hss.store.keyed import Keyed

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
_COUNTERS = ("seconds", "octets_in", "octets_out", "packets_in", "packets_out")
_KINDS = {status: RecordKind(status.value) for status in AccountingStatus}


class _Held(NamedTuple):
    """What is read of a session before a record of it is merged."""

    id: int
    session_key: bytes
    imsi: str | None
    radius_class: bytes | None
    updated: datetime
    ended: datetime | None
    end_cause: str | None
    seconds: int
    restarted: datetime | None
    """When its NAS began anew, which ended it, whether its row says so or not."""


def record_all(connection: Connection, records: Sequence[AccountingRecord]) -> list[bool]:
    """Keep `records`; for each whether it is new. Of those that are one and the same, the first is new."""
    fresh = _insert_entries(connection, records)
    new = []
    for record in records:
        new.append(record.fingerprint in fresh)
        fresh.discard(record.fingerprint)
    kept = [record for record, is_new in zip(records, new, strict=True) if is_new]
    for run in _runs(kept):
        _apply(connection, run)
    return new


def end_session(connection: Connection, number: int, cause: str, at: datetime) -> None:
    """Let an open session count as ended; what its NAS may still say of it says it better."""
    is_open = (AccessSession.id == number) & AccessSession.ended.is_(None)
    ended = update(AccessSession).where(is_open).values(ended=at, end_cause=cause).returning(AccessSession.imsi)
    note_departures(connection, [(imsi, at) for (imsi,) in connection.execute(ended) if imsi is not None])


def _insert_entries(connection: Connection, records: Sequence[AccountingRecord]) -> set[bytes]:
    distinct: dict[bytes, AccountingRecord] = {}
    for record in records:
        distinct.setdefault(record.fingerprint, record)
    fresh = _inserted(connection, distinct.values())
    if len(fresh) == len(distinct):
        return fresh
    repeated = _repeated(connection, [one for fingerprint, one in distinct.items() if fingerprint not in fresh])
    return fresh | _inserted(connection, repeated)


def _inserted(connection: Connection, records: Iterable[AccountingRecord]) -> set[bytes]:
    added = _ENTRIES.returned(connection, [_entry(record) for record in records])
    return {fingerprint for (fingerprint,) in added}


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


def _entry(record: AccountingRecord) -> Row:
    usage = record.usage
    return {
        "fingerprint": record.fingerprint,
        "kind": _KINDS[record.status],
        "session_key": record.session_key,
        "session_id": record.session_id,
        "client": record.client,
        "nas": record.nas,
        "at": record.at,
        "received": record.received,
        "user_name": record.user_name,
        "radius_class": record.radius_class,
        "seconds": usage.seconds,
        "octets_in": usage.octets_in,
        "octets_out": usage.octets_out,
        "packets_in": usage.packets_in,
        "packets_out": usage.packets_out,
        "end_cause": record.end_cause,
    }


def _granted(connection: Connection, records: Sequence[AccountingRecord]) -> Granted:
    classes = {record.radius_class for record in records if record.radius_class is not None}
    return {radius_class: (imsi, at) for radius_class, imsi, at in _OF_CLASS.rows(connection, sorted(classes))}


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


def _apply(connection: Connection, run: list[AccountingRecord]) -> None:
    if run[0].status in _WHOLE_NAS:
        # there may be very many sessions: each is brought to say so afterwards (`hss.sessions.nas_restarts`)
        of_nas = {"client": run[0].client, "nas": run[0].nas, "at": run[0].at, "not_before": run[0].received}
        _RESTARTED.rows(connection, [of_nas])
        return
    # two processes that lock rows do so in the same order
    run.sort(key=_key)
    beginning = [record for record in run if record.status is not AccountingStatus.STOP]
    known = _make_way(connection, beginning)
    # whose a session is, its first record has said
    granted = _granted(connection, [one for one in run if (row := known.get(_key(one))) is None or row.imsi is None])
    merged = _MERGED.returned(connection, [_row(record, granted) for record in run])
    _note_late(connection, [one for one in beginning if _key(one) not in known], granted)
    stopped = {_key(one): one.received for one in run if one.status is AccountingStatus.STOP}
    if stopped:
        left = [(imsi, stopped[key]) for key, imsi in merged if key in stopped and imsi is not None]
        note_departures(connection, left)


def _key(record: AccountingRecord) -> bytes:
    return record.session_key or b""


def _make_way(connection: Connection, beginning: Sequence[AccountingRecord]) -> dict[bytes, _Held]:
    """Set aside what had the Acct-Session-Ids of those that begin, and say which of their sessions go on.

    Who had an open one of them may have left. A session that was taken for ended goes on when its NAS still tells what
    it uses: it is counted once, and the HSS may have been told that its user has left.
    """
    # locked, and in the order in which all are, so that it is still true below
    held = map(_Held._make, _HELD.rows(connection, [_key(record) for record in beginning]))
    known = {row.session_key: row for row in held}
    if any(row.restarted is not None and row.ended is None for row in known.values()):
        known = _end_restarted(connection, beginning, known)
    replaced = [(row, one) for one in beginning if (row := known.get(_key(one))) is not None]
    resumed = {row.id: (row.imsi, one.received) for row, one in replaced if _is_resumed(row, one)}
    if resumed:
        connection.execute(_RESUME, [{"_id": number} for number in resumed])
        back = [(imsi, at) for imsi, at in resumed.values() if imsi is not None]
        note_departures(connection, back, Known.PERHAPS)
    others = [(row, one) for row, one in replaced if row.id not in resumed and _is_another(row, one)]
    if others:
        connection.execute(_SET_ASIDE, [{"_id": row.id} for row, _ in others])
        left = [(imsi, one.received) for row, one in others if row.ended is None and (imsi := row.imsi) is not None]
        note_departures(connection, left)
    for row, _ in others:
        del known[row.session_key]
    return known


def _end_restarted(
    connection: Connection, beginning: Sequence[AccountingRecord], known: Mapping[bytes, _Held]
) -> dict[bytes, _Held]:
    """`known` once those say that they are over whose NAS has begun anew: what it says now is of later."""
    heard = {_key(one): one.received for one in beginning}
    over = [row for row in known.values() if row.restarted is not None and row.ended is None]
    connection.execute(_END, [{"_id": row.id, "_at": row.restarted} for row in over])
    note_departures(connection, [(row.imsi, heard[row.session_key]) for row in over if row.imsi is not None])
    ended = {row.session_key: row._replace(ended=row.restarted, end_cause=NAS_RESTARTED) for row in over}
    return {**known, **ended}


def _note_late(connection: Connection, begun: Sequence[AccountingRecord], granted: Granted) -> None:
    """Who was let in longer ago than his accounting is waited for may have been taken for somebody who has left."""
    for one in begun:
        imsi, at = granted.get(one.radius_class or b"") or _said(one)
        if imsi is not None and at < one.received - GRACE:
            note_departures(connection, [(imsi, one.received)], Known.PERHAPS)


def _said(record: AccountingRecord) -> tuple[str | None, datetime]:
    """Whose session it is without its Class, and when he was let in as far as the record tells."""
    imsi, begun = record.imsi, record.at - timedelta(seconds=record.usage.seconds or 0)
    return (None if imsi is None else str(imsi)), begun


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


def _row(record: AccountingRecord, granted: Granted) -> Row:
    usage, at, stops = record.usage, record.at, record.status is AccountingStatus.STOP
    return {
        "session_key": record.session_key,
        "client": record.client,
        "nas": record.nas,
        "source": record.source,
        "session_id": record.session_id,
        "user_name": record.user_name,
        "imsi": (granted.get(record.radius_class or b"") or _said(record))[0],
        "radius_class": record.radius_class,
        "calling_station": record.calling_station,
        "framed_address": record.framed_address,
        "started": at - timedelta(seconds=usage.seconds) if usage.seconds else at,
        "updated": at,
        "ended": at if stops else None,
        "end_cause": record.end_cause if stops else None,
        "seconds": usage.seconds or 0,
        "octets_in": usage.octets_in or 0,
        "octets_out": usage.octets_out or 0,
        "packets_in": usage.packets_in or 0,
        "packets_out": usage.packets_out or 0,
    }


def _merging(insert: Insert) -> AnyInsert:
    """A session goes on as `_row` says; it returns whose it is."""
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
    merged = insert.on_conflict_do_update(index_elements=["session_key"], set_=values)
    return merged.returning(AccessSession.session_key, AccessSession.imsi)


_ENTRIES = Written(
    AccountingEntry,
    lambda insert: insert.on_conflict_do_nothing(index_elements=["fingerprint"]).returning(AccountingEntry.fingerprint),
)
_MERGED = Written(AccessSession, _merging)
_OF_CLASS = Keyed(
    lambda keys: select(AccessGrant.radius_class, AccessGrant.imsi, AccessGrant.at).where(
        AccessGrant.radius_class.in_(keys)
    )
)
_RESTARTED = Written(NasRestart, lambda insert: insert.on_conflict_do_nothing())
_GIVEN_UP = (
    update(AccountingEntry).where(AccountingEntry.id == bindparam("_id")).values(fingerprint=bindparam("_other"))
)
_HELD = Keyed(
    lambda keys: (
        select(*(getattr(AccessSession, name) for name in _Held._fields[:-1]), RESTARTED_AT)
        .where(AccessSession.session_key.in_(keys))
        .order_by(AccessSession.session_key)
        .with_for_update()
    )
)
_END = (
    update(AccessSession)
    .where(AccessSession.id == bindparam("_id"))
    .values(ended=bindparam("_at"), end_cause=NAS_RESTARTED)
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
