"""Sessions that nobody will ever end, in SQL: `hss.active_api.SilentSessions`."""

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime, timedelta
from functools import partial

from sqlalchemy import Connection, Row, and_, delete, func, or_, select, update

from hss.active_api import SilentSession
from hss.models import AccessGrant, AccessSession, DiameterSession
from hss.session_api import SILENT
from hss.sessions.departures import note_departures
from hss.sessions.restarted import IS_OPEN
from hss.sessions.unavailable import unavailable
from hss.store.database import Database
from wire.identity import Imsi

GRACE = timedelta(minutes=10)
"""How long after its Session-Timeout the end of a session is waited for."""
ENDING = timedelta(days=1)
"""How long a gateway that was told to end a session is waited for."""
AT_ONCE = 200
"""Sessions that one transaction ends."""
PAGE = 5000
"""Sessions that are looked at together."""

_GATEWAYS = DiameterSession
_OPEN = (
    select(
        AccessSession.id,
        AccessSession.imsi,
        AccessSession.client,
        AccessSession.updated,
        AccessGrant.session_timeout,
    )
    .outerjoin(AccessGrant, AccessGrant.radius_class == AccessSession.radius_class)
    .where(IS_OPEN)
    .order_by(AccessSession.id)
    .limit(PAGE)
)
_Candidate = Row[int, str | None, str, datetime, int | None]


class SqlSilentSessions:
    """On `database`, which is open."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def end(self, now: datetime, silence: timedelta | None) -> tuple[SilentSession, ...]:
        """As `SilentSessions.end`."""
        ended: list[SilentSession] = []
        with unavailable():
            while some := await self._database.write(partial(_end_at_gateways, now=now, silence=silence)):
                ended += some
            after = 0
            while page := await self._database.read(partial(_page, after=after, now=now)):
                after = page[-1].id
                for few in _few(page, now, silence):
                    ended += await self._database.write(partial(_end_at_nas, few=few, now=now, silence=silence))
        return tuple(ended)


def _end_at_gateways(connection: Connection, now: datetime, silence: timedelta | None) -> list[SilentSession]:
    conditions = [_GATEWAYS.until < now - GRACE, and_(_GATEWAYS.ending, _GATEWAYS.updated < now - ENDING)]
    if silence is not None:
        conditions.append(_GATEWAYS.updated < now - silence)
    # another process may be ending the same ones
    chosen = select(_GATEWAYS.session_key).where(or_(*conditions)).limit(AT_ONCE).with_for_update(skip_locked=True)
    gone = (
        delete(_GATEWAYS)
        .where(_GATEWAYS.session_key.in_(chosen))
        .returning(_GATEWAYS.session_id, _GATEWAYS.peer, _GATEWAYS.imsi, _GATEWAYS.updated, _GATEWAYS.ending)
    )
    rows = connection.execute(gone).all()
    note_departures(connection, [(row.imsi, now) for row in rows if not row.ending])
    return [SilentSession(row.session_id, row.peer, Imsi(row.imsi), row.updated) for row in rows]


def _page(connection: Connection, after: int, now: datetime) -> Sequence[_Candidate]:
    return connection.execute(_OPEN.where(AccessSession.id > after, AccessSession.updated < now - GRACE)).all()


def _few(page: Sequence[_Candidate], now: datetime, silence: timedelta | None) -> Iterator[list[_Candidate]]:
    overdue = [row for row in page if _is_overdue(row.updated, row.session_timeout, now, silence)]
    for first in range(0, len(overdue), AT_ONCE):
        yield overdue[first : first + AT_ONCE]


def _is_overdue(heard: datetime, session_timeout: int | None, now: datetime, silence: timedelta | None) -> bool:
    if silence is not None and heard < now - silence:
        return True
    return session_timeout is not None and heard < now - GRACE - timedelta(seconds=session_timeout)


def _end_at_nas(
    connection: Connection, few: Sequence[_Candidate], now: datetime, silence: timedelta | None
) -> list[SilentSession]:
    again = _let_in_again(connection, {row.imsi for row in few if row.imsi is not None})
    numbers = [
        row.id
        for row in few
        if _is_overdue(
            max(row.updated, again.get((row.imsi or "", row.client), row.updated)), row.session_timeout, now, silence
        )
    ]
    ended = (
        update(AccessSession)
        .where(AccessSession.id.in_(numbers), AccessSession.ended.is_(None), AccessSession.updated < now - GRACE)
        .values(ended=now, end_cause=SILENT)
        .returning(AccessSession.session_id, AccessSession.client, AccessSession.imsi, AccessSession.updated)
    )
    rows = connection.execute(ended).all() if numbers else []
    note_departures(connection, [(row.imsi, now) for row in rows if row.imsi is not None])
    return [
        SilentSession(row.session_id, row.client, None if row.imsi is None else Imsi(row.imsi), row.updated)
        for row in rows
    ]


def _let_in_again(connection: Connection, imsis: Collection[str]) -> dict[tuple[str, str], datetime]:
    """When each was let in last: a NAS that has a user authenticated anew need not account for it (RFC 3580 §3.17)."""
    latest = (
        select(AccessGrant.imsi, AccessGrant.client, func.max(AccessGrant.at))
        .where(AccessGrant.imsi.in_(sorted(imsis)))
        .group_by(AccessGrant.imsi, AccessGrant.client)
    )
    return {(imsi, client): at for imsi, client, at in connection.execute(latest)}
