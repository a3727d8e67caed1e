"""Users who may have left, in SQL: noted with the end of a session, and judged by all that the tables know of them."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TypeVar

from sqlalchemy import (
    BigInteger,
    Connection,
    and_,
    bindparam,
    case,
    cast,
    delete,
    exists,
    insert,
    or_,
    select,
    tuple_,
    update,
)
from sqlalchemy.orm import aliased

from hss.active_api import Departure, Known, Presence
from hss.models import AccessGrant, AccessSession, DiameterSession
from hss.models import Departure as Row
from hss.sessions.restarted import IS_OPEN
from hss.sessions.unavailable import unavailable
from hss.store.database import Database
from hss.store.prepared import Prepared
from hss.store.rowset import moment, number, rowset, string, written
from wire.identity import Imsi

WantedT = TypeVar("WantedT")

AT_ONCE = 128
"""How many departures one claim takes."""
LEASE = timedelta(seconds=15)
"""How long a claimed departure is left alone by every other process: longer than a SAR may take."""
GRACE = timedelta(seconds=120)
"""How long after an Access-Accept its accounting is waited for."""
_COLUMNS = {
    Known.NOTHING: (0, 0, 0),
    Known.PERHAPS: (0, 1, 0),
    Known.TOLD: (1, 0, 0),
    Known.SEEN_GONE: (1, 0, 1),
}
"""Of told, telling and seen_gone, whether each is so."""

Moved = tuple[Departure, datetime, Known]
"""A departure, when it is to be looked at again, and what the HSS knows of it by then."""


class SqlDepartures:
    """`hss.active_api.Departures` on `database`, which is open."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def waiting(self, now: datetime) -> bool:
        """As `Departures.waiting`."""
        with unavailable():
            return await self._database.read_at_once(_waiting, now)

    async def claim(self, now: datetime) -> tuple[Departure, ...]:
        """As `Departures.claim`."""
        with unavailable():
            return await self._database.at_once(_claim, now)

    async def presence(self, imsi: Imsi, now: datetime) -> Presence:
        """As `Departures.presence`."""
        with unavailable():
            return await self._database.read_at_once(presences, (imsi.digits, now))

    async def begin_telling(self, departure: Departure, now: datetime) -> Departure | None:
        """As `Departures.begin_telling`."""
        until = now + LEASE
        with unavailable():
            is_ours = await self._database.at_once(_move, (departure, until, Known.PERHAPS))
        return replace(departure, until=until) if is_ours else None

    async def postpone(self, departure: Departure, until: datetime, known: Known) -> None:
        """As `Departures.postpone`."""
        with unavailable():
            await self._database.at_once(_move, (departure, until, known))

    async def settle(self, departure: Departure) -> None:
        """As `Departures.settle`."""
        with unavailable():
            await self._database.at_once(_settle, departure)


def note_departures(connection: Connection, left: Iterable[tuple[str, datetime]], known: Known = Known.NOTHING) -> None:
    """Have it looked into whether those who left (IMSI, when) are on the network any more.

    With PERHAPS it is those who are here although the HSS may have been told that they have left.
    """
    columns = _COLUMNS[known]
    rows = {str(place): (imsi, written(connection, at), *columns) for place, (imsi, at) in enumerate(left)}
    if rows:
        _NOTED.rows(connection, rows)


def presences(connection: Connection, asked: Sequence[tuple[str, datetime]]) -> list[Presence]:
    """Whether each (IMSI, now) is on the network; a session that is ending counts no more: its gateway may be lost."""
    rows = {str(place): (imsi, written(connection, now - GRACE)) for place, (imsi, now) in enumerate(asked)}
    found = {place: _PRESENCES[how] for place, how in _PRESENT.rows(connection, rows)}
    return [found[place] for place in rows]


def _waiting(connection: Connection, asked: Sequence[datetime]) -> list[bool]:
    earliest = connection.execute(_EARLIEST).scalar()
    return [earliest is not None and earliest <= now for now in asked]


def _claim(connection: Connection, asked: Sequence[datetime]) -> list[tuple[Departure, ...]]:
    return [_claimed(connection, now) for now in asked]


def _claimed(connection: Connection, now: datetime) -> tuple[Departure, ...]:
    until = now + LEASE
    by_user: dict[str, dict[int, Known]] = {}
    for row, imsi, told, telling, seen_gone in connection.execute(_MINE, {"_now": now, "_until": until}):
        by_user.setdefault(imsi, {})[row] = _known(told, telling, seen_gone)
    return tuple(Departure(Imsi(imsi), tuple(left), _together(left.values()), until) for imsi, left in by_user.items())


def _move(connection: Connection, wanted: Sequence[Moved]) -> list[bool]:
    """Whether each was still its claimer's."""
    answers: list[bool] = []
    for some in _each_once(wanted, [departure for departure, _, _ in wanted]):
        rows = {
            str(row): (written(connection, departure.until), written(connection, until), *_COLUMNS[known])
            for departure, until, known in some
            for row in departure.numbers
        }
        moved = {row for (row,) in _MOVED.rows(connection, rows)}
        answers += [moved.issuperset(departure.numbers) for departure, _, _ in some]
    return answers


def _settle(connection: Connection, wanted: Sequence[Departure]) -> list[None]:
    for some in _each_once(wanted, wanted):
        rows = {str(row): (written(connection, one.until),) for one in some for row in one.numbers}
        _SETTLED.rows(connection, rows)
    return [None] * len(wanted)


def _each_once(wanted: Sequence[WantedT], departures: Sequence[Departure]) -> Iterator[Sequence[WantedT]]:
    """Runs of `wanted` in which no row is twice: who holds a claim that has lapsed does not know."""
    began, seen = 0, set[int]()
    for place, departure in enumerate(departures):
        if not seen.isdisjoint(departure.numbers):
            yield wanted[began:place]
            began, seen = place, set()
        seen.update(departure.numbers)
    yield wanted[began:]


def _known(told: bool, telling: bool, seen_gone: bool) -> Known:
    if told:
        return Known.SEEN_GONE if seen_gone else Known.TOLD
    return Known.PERHAPS if telling else Known.NOTHING


def _together(known: Collection[Known]) -> Known:
    """Of several departures of one user; whom the HSS was told of before he left again may have come meanwhile."""
    kinds = set(known)
    if len(kinds) == 1:
        return kinds.pop()
    return Known.TOLD if kinds == {Known.TOLD, Known.SEEN_GONE} else Known.PERHAPS


_WANTED = rowset()
_IMSI = string(_WANTED, 0)
_AT_GATEWAY = exists().where(DiameterSession.imsi == _IMSI, DiameterSession.ending.is_(False))
_AT_NAS = exists().where(AccessSession.imsi == _IMSI, IS_OPEN)
_ACCOUNTED = exists().where(
    AccessSession.imsi == AccessGrant.imsi, AccessSession.radius_class == AccessGrant.radius_class
)
_LATER = aliased(AccessGrant)
_AGAIN = exists().where(
    # whose answer was lost comes again to the same NAS, and what he was first let in by is never accounted for
    _LATER.imsi == AccessGrant.imsi,
    _LATER.client == AccessGrant.client,
    _LATER.nas == AccessGrant.nas,
    _LATER.at > AccessGrant.at,
)
_LET_IN = exists().where(
    and_(AccessGrant.at > moment(_WANTED, 1), AccessGrant.imsi == _IMSI, ~_ACCOUNTED, ~_AGAIN),
)
_PRESENCES = (Presence.HERE, Presence.EXPECTED, Presence.GONE)
_PRESENT = Prepared(
    select(_WANTED.c.key, case((or_(_AT_GATEWAY, _AT_NAS), 0), (_LET_IN, 1), else_=2)).select_from(_WANTED)
)
_NOTED = Prepared(
    insert(Row)
    .from_select(
        ["imsi", "not_before", "told", "telling", "seen_gone"],
        select(_IMSI, moment(_WANTED, 1), *(number(_WANTED, place) == 1 for place in (2, 3, 4))),
    )
    .returning(Row.id)
)
_EARLIEST = select(Row.not_before).order_by(Row.not_before).limit(1)
_DUE = (
    select(Row.id.label("due_id"))
    .where(Row.not_before <= bindparam("_now"))
    .order_by(Row.not_before)
    .limit(AT_ONCE)
    # what another process is claiming just now is passed over (SQLite has one writer, and takes no notice)
    .with_for_update(skip_locked=True)
    .cte("due")
)
_MINE = (
    update(Row)
    .where(Row.id == _DUE.c.due_id, Row.not_before <= bindparam("_now"))
    .values(not_before=bindparam("_until"))
    .returning(Row.id, Row.imsi, Row.told, Row.telling, Row.seen_gone)
)
_NUMBER = cast(_WANTED.c.key, BigInteger)
_MOVED = Prepared(
    update(Row)
    .where(Row.id == _NUMBER, Row.not_before == moment(_WANTED, 0))
    .values(
        not_before=moment(_WANTED, 1),
        told=number(_WANTED, 2) == 1,
        telling=number(_WANTED, 3) == 1,
        seen_gone=number(_WANTED, 4) == 1,
    )
    .returning(Row.id)
)
_SETTLED = Prepared(
    delete(Row).where(tuple_(Row.id, Row.not_before).in_(select(_NUMBER, moment(_WANTED, 0)))).returning(Row.id)
)
