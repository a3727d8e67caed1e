"""An errand goes to one process that has the connection, and its result to the one that waits."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from hss.active_api import Errand
from hss.sessions.errands import KEPT, LEASE, SqlErrands
from hss.store.database import Database
from hss.store.location import Location
from tests.hss.sessions.events import NOON


@pytest.fixture
async def errands(location: Location) -> AsyncIterator[SqlErrands]:
    database = Database(location)
    await database.open()
    yield SqlErrands(database)
    await database.close()


async def test_errand_goes_where_the_connection_is(errands: SqlErrands) -> None:
    number = await errands.ask("diameter/pgw", "abort", NOON)
    assert not await errands.waiting(["diameter/epdg"], NOON)
    assert await errands.claim(["diameter/epdg"], NOON) == ()
    assert await errands.waiting(["radsec/ap", "diameter/pgw"], NOON)
    (errand,) = await errands.claim(["diameter/pgw"], NOON)
    assert errand == Errand(number, "diameter/pgw", "abort", NOON)
    assert await errands.result(number) is None
    await errands.finish(errand, "done")
    assert await errands.result(number) == "done"
    await errands.withdraw(number)
    assert await errands.result(number) is None


async def test_errand_is_one_process_s_until_that_has_died(errands: SqlErrands) -> None:
    await errands.ask("diameter/pgw", "abort", NOON)
    assert len(await errands.claim(["diameter/pgw"], NOON)) == 1
    assert await errands.claim(["diameter/pgw"], NOON) == ()
    assert len(await errands.claim(["diameter/pgw"], NOON + LEASE)) == 1


async def test_done_errand_is_not_done_again(errands: SqlErrands) -> None:
    await errands.ask("diameter/pgw", "abort", NOON)
    (errand,) = await errands.claim(["diameter/pgw"], NOON)
    await errands.finish(errand, "done")
    assert await errands.claim(["diameter/pgw"], NOON + LEASE) == ()


async def test_errand_that_nobody_waits_for_goes_away(errands: SqlErrands) -> None:
    number = await errands.ask("diameter/pgw", "abort", NOON)
    (errand,) = await errands.claim(["diameter/pgw"], NOON)
    late = NOON + KEPT + timedelta(seconds=1)
    assert not await errands.waiting(["diameter/pgw"], late)
    assert await errands.claim(["diameter/pgw"], late) == ()
    await errands.finish(errand, "done")
    assert await errands.result(number) is None


async def test_late_result_is_none_of_the_next_errand(errands: SqlErrands) -> None:
    number = await errands.ask("diameter/pgw", "abort one", NOON)
    (late,) = await errands.claim(["diameter/pgw"], NOON)
    await errands.withdraw(number)
    following = await errands.ask("diameter/pgw", "abort another", NOON + timedelta(seconds=1))
    await errands.finish(late, "done")
    assert await errands.result(following) is None


async def test_errand_that_a_process_has_taken_is_not_withdrawn_as_untaken(errands: SqlErrands) -> None:
    number = await errands.ask("diameter/pgw", "abort", NOON)
    assert await errands.claim(["diameter/pgw"], NOON)
    assert not await errands.withdraw_untaken(number)
    other = await errands.ask("diameter/pgw", "abort", NOON)
    assert await errands.withdraw_untaken(other)
    assert not await errands.withdraw_untaken(other)
    assert not await errands.waiting(["diameter/pgw"], NOON)
