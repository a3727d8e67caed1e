"""Rounds that another process went on from are found for a while, and then they go."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select

from hss.models import ContinuedRound
from hss.session_api import LedgerUnavailable
from hss.sessions import continued
from hss.sessions.continued import KEPT, SqlContinuedRounds
from hss.store.database import Database
from tests.hss.sessions.events import NOON

ONE, TWO, THREE = (bytes([number]) * 32 for number in (1, 2, 3))


async def test_round_is_found_by_whoever_asks(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(continued, "AT_ONCE", 2)
    rounds = SqlContinuedRounds(database)
    await rounds.note((TWO, ONE), NOON)
    await rounds.note((ONE,), NOON)
    assert await rounds.among((ONE, TWO, THREE)) == {ONE, TWO}
    assert await rounds.among(()) == frozenset()


async def test_old_rounds_go(database: Database) -> None:
    rounds = SqlContinuedRounds(database)
    await rounds.note((ONE, TWO), NOON)
    await rounds.note((), NOON + KEPT)
    assert await rounds.among((ONE,)) == {ONE}
    await rounds.note((THREE,), NOON + KEPT + timedelta(seconds=1))
    count = select(func.count()).select_from(ContinuedRound)
    assert await database.read(lambda connection: connection.scalar(count)) == 1


async def test_store_that_is_closed_is_unavailable(database: Database) -> None:
    rounds = SqlContinuedRounds(database)
    await database.close()
    with pytest.raises(LedgerUnavailable):
        await rounds.among((ONE,))
