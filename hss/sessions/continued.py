"""Rounds of EAP that another process went on from, in SQL: `hss.active_api.ContinuedRounds`."""

from collections.abc import Collection
from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, select

from hss.models import ContinuedRound as Row
from hss.sessions.unavailable import unavailable
from hss.sessions.upsert import insert_into
from hss.store.database import Database

KEPT = timedelta(minutes=30)
"""How long a row may be asked for: longer than any conversation may last."""
AT_ONCE = 500
"""How many rounds one statement names."""


class SqlContinuedRounds:
    """On `database`, which is open."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def note(self, rounds: Collection[bytes], at: datetime) -> None:
        """As `ContinuedRounds.note`; what is old goes away."""
        with unavailable():
            await self._database.write(lambda connection: _note(connection, sorted(rounds), at))

    async def among(self, rounds: Collection[bytes]) -> frozenset[bytes]:
        """As `ContinuedRounds.among`."""
        with unavailable():
            return await self._database.read(lambda connection: _among(connection, sorted(rounds)))


def _note(connection: Connection, rounds: list[bytes], at: datetime) -> None:
    old = select(Row.round_key).where(Row.at < at - KEPT).order_by(Row.round_key).limit(AT_ONCE)
    # another process may be deleting the same ones
    connection.execute(delete(Row).where(Row.round_key.in_(old.with_for_update(skip_locked=True))))
    if rounds:
        insert = insert_into(connection, Row).on_conflict_do_nothing(index_elements=["round_key"])
        connection.execute(insert, [{"round_key": one, "at": at} for one in rounds])


def _among(connection: Connection, rounds: list[bytes]) -> frozenset[bytes]:
    found: set[bytes] = set()
    for first in range(0, len(rounds), AT_ONCE):
        chosen = select(Row.round_key).where(Row.round_key.in_(rounds[first : first + AT_ONCE]))
        found.update(bytes(key) for (key,) in connection.execute(chosen))
    return frozenset(found)
