"""NASes that have begun anew, in SQL: `hss.active_api.NasRestarts`.

An Accounting-On may end very many sessions. It is one row, committed before its answer; until each session says so
itself, whoever reads sessions looks at that row too (`hss.sessions.restarted`).
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import BigInteger, Connection, bindparam, cast, delete, func, select, tuple_, update

from hss.active_api import Restart, Restarts
from hss.models import AccessSession, NasRestart
from hss.session_api import NAS_RESTARTED
from hss.sessions.departures import note_departures
from hss.sessions.restarted import IS_RESTARTED, OF_ITS_NAS, RESTARTED_AT
from hss.sessions.unavailable import unavailable
from hss.store.database import Database
from hss.store.prepared import Prepared
from hss.store.rowset import moment, rowset, string, written

AT_ONCE = 128
"""How many restarts one claim takes."""
LEASE = timedelta(seconds=15)
"""How long those are left alone by every other process."""
PAGE = 5000
"""Sessions that are looked for together: for that all that are open may have to be looked at."""


class SqlNasRestarts:
    """`hss.active_api.NasRestarts` on `database`, which is open."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def waiting(self, now: datetime) -> bool:
        """As `NasRestarts.waiting`."""
        with unavailable():
            return await self._database.read_at_once(_waiting, now)

    async def claim(self, now: datetime) -> Restarts:
        """As `NasRestarts.claim`."""
        until = now + LEASE
        claimed = _CLAIMED.values(not_before=until)
        with unavailable():
            rows = await self._database.write(lambda connection: connection.execute(claimed, {"_now": now}).all())
        return Restarts(tuple(Restart(*row) for row in rows), until)

    async def still(self, restarts: Restarts, now: datetime) -> Restarts:
        """As `NasRestarts.still`."""
        until = now + LEASE
        with unavailable():
            await self._database.together(_postpone, (restarts, until))
        return Restarts(restarts.those, until)

    async def over(self, restarts: Restarts) -> tuple[int, ...]:
        """As `NasRestarts.over`."""
        theirs = {"_until": restarts.until}
        with unavailable():
            return tuple(await self._database.read(lambda connection: connection.scalars(_OVER, theirs).all()))

    async def end(self, sessions: tuple[int, ...], now: datetime) -> None:
        """As `NasRestarts.end`."""
        with unavailable():
            await self._database.together(_end, (sessions, now))

    async def settle(self, restarts: Restarts) -> None:
        """As `NasRestarts.settle`."""
        with unavailable():
            await self._database.together(_settle, restarts)


def _waiting(connection: Connection, asked: Sequence[datetime]) -> list[bool]:
    earliest = connection.execute(_EARLIEST).scalar()
    return [earliest is not None and earliest <= now for now in asked]


def _postpone(connection: Connection, wanted: Sequence[tuple[Restarts, datetime]]) -> list[None]:
    for restarts, until in wanted:
        rows = {key: (*row, written(connection, until)) for key, row in _rows(connection, restarts).items()}
        _POSTPONED.rows(connection, rows)
    return [None] * len(wanted)


def _end(connection: Connection, wanted: Sequence[tuple[tuple[int, ...], datetime]]) -> list[None]:
    for sessions, now in wanted:
        ended = _ENDED.rows(connection, {str(number): () for number in sessions})
        note_departures(connection, [(imsi, now) for (imsi,) in ended if imsi is not None])
    return [None] * len(wanted)


def _settle(connection: Connection, wanted: Sequence[Restarts]) -> list[None]:
    for restarts in wanted:
        _SETTLED.rows(connection, _rows(connection, restarts))
    return [None] * len(wanted)


def _rows(connection: Connection, restarts: Restarts) -> dict[str, tuple[str, ...]]:
    until = written(connection, restarts.until)
    return {
        str(place): (one.client, one.nas, written(connection, one.at), until)
        for place, one in enumerate(restarts.those)
    }


_KEY = (NasRestart.client, NasRestart.nas, NasRestart.at)
_HELD = (*_KEY, NasRestart.not_before)
_EARLIEST = select(func.min(NasRestart.not_before))
_CLAIMED = (
    update(NasRestart)
    .where(
        tuple_(*_KEY).in_(
            select(*_KEY)
            .where(NasRestart.not_before <= bindparam("_now"))
            .order_by(NasRestart.not_before)
            .limit(AT_ONCE)
            # what another process is claiming just now is passed over (SQLite has one writer, and takes no notice)
            .with_for_update(skip_locked=True)
        ),
        NasRestart.not_before <= bindparam("_now"),
    )
    .returning(*_KEY)
)
_OVER = (
    select(AccessSession.id)
    .where(
        AccessSession.ended.is_(None),
        select(NasRestart.at)
        .where(*OF_ITS_NAS, NasRestart.not_before == bindparam("_until"))
        .correlate(AccessSession)
        .exists(),
    )
    .order_by(AccessSession.id)
    .limit(PAGE)
)
_WANTED = rowset()
_THOSE = (string(_WANTED, 0), string(_WANTED, 1), moment(_WANTED, 2), moment(_WANTED, 3))
_POSTPONED = Prepared(
    update(NasRestart)
    .where(*(column == given for column, given in zip(_HELD, _THOSE, strict=True)))
    .values(not_before=moment(_WANTED, 4))
    .returning(NasRestart.at)
)
_SETTLED = Prepared(delete(NasRestart).where(tuple_(*_HELD).in_(select(*_THOSE))).returning(NasRestart.at))
_ENDED = Prepared(
    update(AccessSession)
    .where(
        AccessSession.id.in_(
            select(AccessSession.id)
            .where(
                AccessSession.id.in_(select(cast(_WANTED.c.key, BigInteger))),
                AccessSession.ended.is_(None),
                IS_RESTARTED,
            )
            # who writes one of them at this moment has it first: two that wait for each other would cost a second
            .with_for_update(skip_locked=True)
        )
    )
    .values(ended=RESTARTED_AT, end_cause=NAS_RESTARTED)
    .returning(AccessSession.imsi)
)
