"""Users who may have left, in SQL: noted with the end of a session, and judged by all that the tables know of them."""

from collections.abc import Collection, Iterable
from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Connection, and_, delete, exists, insert, select, update
from sqlalchemy.orm import aliased

from hss.active_api import Departure, Known, Presence
from hss.models import AccessGrant, AccessSession, DiameterSession
from hss.models import Departure as Row
from hss.sessions.unavailable import unavailable
from hss.store.database import Database
from wire.identity import Imsi

AT_ONCE = 64
"""How many departures one claim takes."""
LEASE = timedelta(seconds=15)
"""How long a claimed departure is left alone by every other process: longer than a SAR may take."""
GRACE = timedelta(seconds=120)
"""How long after an Access-Accept its accounting is waited for."""
_LATER = aliased(AccessGrant)
_COLUMNS = {
    Known.NOTHING: {"told": False, "telling": False, "seen_gone": False},
    Known.PERHAPS: {"told": False, "telling": True, "seen_gone": False},
    Known.TOLD: {"told": True, "telling": False, "seen_gone": False},
    Known.SEEN_GONE: {"told": True, "telling": False, "seen_gone": True},
}


class SqlDepartures:
    """`hss.active_api.Departures` on `database`, which is open."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def waiting(self, now: datetime) -> bool:
        """As `Departures.waiting`."""
        chosen = select(Row.id).where(Row.not_before <= now).limit(1)
        with unavailable():
            return await self._database.read(lambda connection: connection.execute(chosen).first() is not None)

    async def claim(self, now: datetime) -> tuple[Departure, ...]:
        """As `Departures.claim`."""
        with unavailable():
            return await self._database.write(lambda connection: _claim(connection, now))

    async def presence(self, imsi: Imsi, now: datetime) -> Presence:
        """As `Departures.presence`."""
        with unavailable():
            return await self._database.read(lambda connection: presence_of(connection, str(imsi), now))

    async def begin_telling(self, departure: Departure, now: datetime) -> Departure | None:
        """As `Departures.begin_telling`."""
        until = now + LEASE
        begun = update(Row).where(_still_claimed(departure)).values(not_before=until, **_COLUMNS[Known.PERHAPS])
        with unavailable():
            count = await self._database.write(lambda connection: connection.execute(begun).rowcount)
        return replace(departure, until=until) if count == len(departure.numbers) else None

    async def postpone(self, departure: Departure, until: datetime, known: Known) -> None:
        """As `Departures.postpone`."""
        later = update(Row).where(_still_claimed(departure)).values(not_before=until, **_COLUMNS[known])
        with unavailable():
            await self._database.write(lambda connection: connection.execute(later).rowcount)

    async def settle(self, departure: Departure) -> None:
        """As `Departures.settle`."""
        settled = delete(Row).where(_still_claimed(departure))
        with unavailable():
            await self._database.write(lambda connection: connection.execute(settled).rowcount)


def note_departures(connection: Connection, left: Iterable[tuple[str, datetime]], known: Known = Known.NOTHING) -> None:
    """Have it looked into whether those who left (IMSI, when) are on the network any more.

    With PERHAPS it is those who are here although the HSS may have been told that they have left.
    """
    rows = [{"imsi": imsi, "not_before": at, **_COLUMNS[known]} for imsi, at in left]
    if rows:
        connection.execute(insert(Row), rows)


def presence_of(connection: Connection, imsi: str, now: datetime) -> Presence:
    """Whether `imsi` is on the network; a session that is ending counts no more: its gateway may be lost."""
    at_gateway = exists().where(DiameterSession.imsi == imsi, DiameterSession.ending.is_(False))
    at_nas = exists().where(AccessSession.imsi == imsi, AccessSession.ended.is_(None))
    accounted = exists().where(AccessSession.imsi == imsi, AccessSession.radius_class == AccessGrant.radius_class)
    # whose answer was lost comes again to the same NAS, and what he was first let in by is never accounted for
    again = exists().where(
        _LATER.imsi == imsi,
        _LATER.client == AccessGrant.client,
        _LATER.nas == AccessGrant.nas,
        _LATER.at > AccessGrant.at,
    )
    let_in = exists().where(and_(AccessGrant.at > now - GRACE, AccessGrant.imsi == imsi, ~accounted, ~again))
    here, expected = connection.execute(select(at_gateway | at_nas, let_in)).one()
    if here:
        return Presence.HERE
    return Presence.EXPECTED if expected else Presence.GONE


def _claim(connection: Connection, now: datetime) -> tuple[Departure, ...]:
    # what another process is claiming just now is passed over (SQLite has one writer, and takes no notice)
    due = select(Row.id).where(Row.not_before <= now).order_by(Row.not_before).limit(AT_ONCE)
    mine = (
        update(Row)
        .where(Row.id.in_(due.with_for_update(skip_locked=True)), Row.not_before <= now)
        .values(not_before=now + LEASE)
        .returning(Row.id, Row.imsi, Row.told, Row.telling, Row.seen_gone)
    )
    by_user: dict[str, dict[int, Known]] = {}
    for number, imsi, told, telling, seen_gone in connection.execute(mine):
        by_user.setdefault(imsi, {})[number] = _known(told, telling, seen_gone)
    return tuple(
        Departure(Imsi(imsi), tuple(left), _together(left.values()), now + LEASE) for imsi, left in by_user.items()
    )


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


def _still_claimed(departure: Departure) -> ColumnElement[bool]:
    return and_(Row.id.in_(departure.numbers), Row.not_before == departure.until)
