"""An IND is read once, and again when it is time to write down that its node asks."""

from sqlalchemy import select, update

from hss.counting.known_inds import NOTED_EVERY, KnownInds
from hss.counting.nodes import give_back, hold
from hss.models import RequestingNode
from hss.store.database import Database
from hss.store.engines import transaction
from hss.store.location import Location

AAA = ("aaa", 5)


async def test_ind_is_read_once_and_its_use_is_noted_again(database: Database, location: Location) -> None:
    now = 0.0
    known = KnownInds(database, lambda: now)
    assert known.get(AAA) is None
    held, was_anothers = await known.read(AAA)
    assert (held.ind, held.epoch, was_anothers) == (0, 0, False)
    assert known.get(AAA) == held
    with transaction(location) as connection:
        connection.execute(update(RequestingNode).values(used=None))
    now = NOTED_EVERY
    assert known.get(AAA) is None
    assert await known.read(AAA) == (held, False)
    assert known.get(AAA) == held
    with transaction(location) as connection:
        assert connection.scalars(select(RequestingNode.used)).one() is not None
    known.forget(AAA)
    assert known.get(AAA) is None


async def test_ind_that_was_anothers_is_told(database: Database, location: Location) -> None:
    known = KnownInds(database)
    two = ("aaa", 1)
    assert (await known.read(two))[1] is False
    with transaction(location) as connection:
        hold(connection, "bbb", 1)
        give_back(connection, "bbb", 1)
    assert (await known.read(two))[1] is False
    held, was_anothers = await known.read(("ccc", 1))
    assert (held.ind, held.epoch, held.generation, was_anothers) == (1, 1, 1, True)
    assert await known.read(("ccc", 1)) == (held, False)
