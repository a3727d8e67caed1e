"""Errands in SQL: whichever process has the peer's connection takes them, and its result ends the wait."""

from collections.abc import Collection
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Connection, delete, insert, select, update

from hss.active_api import Errand
from hss.models import Errand as Row
from hss.sessions.unavailable import unavailable
from hss.store.database import Database

AT_ONCE = 64
"""How many errands one claim takes."""
LEASE = timedelta(seconds=10)
"""How long a claimed errand is left alone by every other process: longer than a gateway may take."""
KEPT = timedelta(seconds=60)
"""How long an errand may lie there: who left it has long gone."""


class SqlErrands:
    """`hss.active_api.Errands` on `database`, which is open."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def ask(self, via: str, request: str, now: datetime) -> int:
        """As `Errands.ask`."""
        row = insert(Row).values(via=via, request=request, created=now, not_before=now).returning(Row.id)
        with unavailable():
            return await self._database.write(lambda connection: connection.execute(row).scalar_one())

    async def result(self, number: int) -> str | None:
        """As `Errands.result`."""
        chosen = select(Row.result).where(Row.id == number)
        with unavailable():
            return await self._database.read(lambda connection: connection.scalar(chosen))

    async def withdraw(self, number: int) -> None:
        """As `Errands.withdraw`."""
        with unavailable():
            await self._database.write(
                lambda connection: connection.execute(delete(Row).where(Row.id == number)).rowcount
            )

    async def withdraw_untaken(self, number: int) -> bool:
        """As `Errands.withdraw_untaken`; who takes an errand moves its `not_before`."""
        untaken = delete(Row).where(Row.id == number, Row.not_before == Row.created)
        with unavailable():
            return await self._database.write(lambda connection: connection.execute(untaken).rowcount > 0)

    async def waiting(self, vias: Collection[str], now: datetime) -> bool:
        """As `Errands.waiting`."""
        chosen = select(Row.id).where(*_due(vias, now)).limit(1)
        with unavailable():
            return await self._database.read(lambda connection: connection.execute(chosen).first() is not None)

    async def claim(self, vias: Collection[str], now: datetime) -> tuple[Errand, ...]:
        """As `Errands.claim`; what has lain too long goes away."""
        with unavailable():
            return await self._database.write(lambda connection: _claim(connection, vias, now))

    async def finish(self, errand: Errand, result: str) -> None:
        """As `Errands.finish`."""
        # SQLite gives the number of what is gone to what comes next
        done = update(Row).where(Row.id == errand.number, Row.created == errand.created).values(result=result)
        with unavailable():
            await self._database.write(lambda connection: connection.execute(done).rowcount)


def _due(vias: Collection[str], now: datetime) -> tuple[ColumnElement[bool], ...]:
    return (Row.via.in_(sorted(vias)), Row.result.is_(None), Row.not_before <= now, Row.created > now - KEPT)


def _claim(connection: Connection, vias: Collection[str], now: datetime) -> tuple[Errand, ...]:
    connection.execute(delete(Row).where(Row.created <= now - KEPT))
    free = select(Row.id).where(*_due(vias, now)).order_by(Row.id).limit(AT_ONCE).with_for_update(skip_locked=True)
    mine = (
        update(Row)
        .where(Row.id.in_(free), Row.not_before <= now)
        .values(not_before=now + LEASE)
        .returning(Row.id, Row.via, Row.request, Row.created)
    )
    rows = sorted(connection.execute(mine).all(), key=lambda row: row.id)
    return tuple(Errand(row.id, row.via, row.request, row.created) for row in rows)
