"""The notices that wait for AAA servers: one process claims each, and its answer ends it (TS 29.273 §8.1.2.3)."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Connection, Select, and_, delete, select, update

from hss.api import Profile
from hss.models import Notice, NoticeKind, Subscriber, SubscriberState
from hss.profiles import profile_of
from hss.registrations import forget, serving_aaa
from wire.identity import Imsi

AT_ONCE = 64
"""How many notices one claim takes."""
LEASE = timedelta(seconds=30)
"""How long a claimed notice is left alone by every other process: longer than an answer may take."""
KEPT = timedelta(hours=24)
"""How long a notice waits for an AAA server that no HSS process is connected to."""


@dataclass(frozen=True, slots=True)
class Deregister:
    """An RTR: Reason-Code and Reason-Info."""

    reason: int
    info: str | None


@dataclass(frozen=True, slots=True)
class UpdateProfile:
    """A PPR with the profile as it is now."""

    profile: Profile


@dataclass(frozen=True, slots=True)
class Due:
    """A notice that is claimed `until` then; `what` is None when it is pointless by now. `attempts` counts this one."""

    number: int
    until: datetime
    imsi: str
    aaa_name: str
    attempts: int
    what: Deregister | UpdateProfile | None


NO_APN = Deregister(0, "no APN is left")
"""What a profile without any APN comes to: Non-3GPP-User-Data could not say it."""


def waits(connection: Connection, names: Collection[str], now: datetime) -> bool:
    """Whether anything is due for one of `names`, or has waited too long for anybody."""
    if connection.execute(_due(names, now).limit(1)).first() is not None:
        return True
    return connection.execute(select(Notice.id).where(Notice.created < now - KEPT).limit(1)).first() is not None


def claim(connection: Connection, names: Collection[str], now: datetime) -> list[Due]:
    """Take what is due for `names` (AAA servers, lower case), in the order of the changes; nobody else has it then."""
    # what another process is claiming just now is passed over (SQLite has one writer, and takes no notice)
    free = _due(names, now).order_by(Notice.id).limit(AT_ONCE).with_for_update(skip_locked=True)
    mine = (
        update(Notice)
        .where(Notice.id.in_(free), Notice.not_before <= now)
        .values(not_before=now + LEASE, attempts=Notice.attempts + 1)
        .returning(Notice.id, Notice.imsi, Notice.aaa_name, Notice.kind, Notice.reason, Notice.reason_info,
                   Notice.attempts)
    )  # fmt: skip
    rows = sorted(connection.execute(mine).all(), key=lambda row: row.id)
    return [
        Due(
            row.id,
            now + LEASE,
            row.imsi,
            row.aaa_name,
            row.attempts,
            _update(connection, row.imsi, row.aaa_name)
            if row.kind is NoticeKind.UPDATE_PROFILE
            else _deregister(connection, row.imsi, row.aaa_name, Deregister(row.reason or 0, row.reason_info)),
        )
        for row in rows
    ]


def settle(connection: Connection, due: Due) -> None:
    """The notice is done with; whom an AAA server was to drop for want of any APN is not registered any more."""
    connection.execute(delete(Notice).where(_still_claimed(due)))
    if due.what is NO_APN and serving_aaa(connection, due.imsi) == due.aaa_name:
        forget(connection, due.imsi)


def postpone(connection: Connection, due: Due, until: datetime) -> None:
    """Try again, at the earliest `until`."""
    connection.execute(update(Notice).where(_still_claimed(due)).values(not_before=until))


def drop_old(connection: Connection, now: datetime) -> list[tuple[str, str]]:
    """Give up what nobody could deliver: the IMSI and the AAA server of each."""
    old = delete(Notice).where(Notice.created < now - KEPT).returning(Notice.imsi, Notice.aaa_name)
    return [(imsi, name) for imsi, name in connection.execute(old).all()]


def _still_claimed(due: Due) -> ColumnElement[bool]:
    # SQLite gives the number of what is gone to what comes next
    return and_(Notice.id == due.number, Notice.not_before == due.until)


def _due(names: Collection[str], now: datetime) -> Select[int]:
    return select(Notice.id).where(Notice.not_before <= now, Notice.aaa_name.in_(names))


def _deregister(connection: Connection, imsi: str, aaa_name: str, what: Deregister) -> Deregister | None:
    # who has registered there again since then is meant to be served
    return None if serving_aaa(connection, imsi) == aaa_name else what


def _update(connection: Connection, imsi: str, aaa_name: str) -> UpdateProfile | Deregister | None:
    state = connection.scalar(select(Subscriber.state).where(Subscriber.imsi == imsi))
    profile = profile_of(connection, Imsi(imsi))
    if serving_aaa(connection, imsi) != aaa_name or state is not SubscriberState.ENABLED or profile is None:
        # another notice says so
        return None
    return UpdateProfile(profile) if profile.apns else NO_APN
