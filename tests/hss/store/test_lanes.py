"""Which lanes a database has, and that what is done at once says so to its caller like the rest."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from threading import Event

import pytest
from sqlalchemy import Connection, insert, select

from hss.models import RequestingNode
from hss.store.database import Database
from hss.store.errors import StoreConflict, StoreUnavailable
from hss.store.lane import Limits
from hss.store.lanes import open_lanes
from hss.store.location import Location


def put(connection: Connection, inds: Sequence[int]) -> list[int]:
    for ind in inds:
        connection.execute(insert(RequestingNode).values(name=f"n{ind}", ind_bits=5, ind=ind))
    return list(inds)


def count(connection: Connection, requests: Sequence[int]) -> list[int]:
    found = len(connection.execute(select(RequestingNode.ind)).all())
    return [found] * len(requests)


async def test_sqlite_does_at_once_what_its_writer_does(database_path: Path) -> None:
    lanes = open_lanes(database_path, Limits(readers=3))
    assert lanes.at_once is lanes.writer
    assert lanes.at_once_reader not in lanes.readers
    assert len(lanes.all) == 5
    for lane in lanes.all:
        await lane.close()


@pytest.mark.interop
async def test_postgresql_does_at_once_by_connections_of_their_own(location: Location) -> None:
    lanes = open_lanes(location, Limits())
    assert len(lanes.all) == (4 if isinstance(location, Path) else 5)
    for lane in lanes.all:
        await lane.close()


@pytest.mark.interop
@pytest.mark.parametrize("location", ["postgresql"], indirect=True)
async def test_writers_on_postgresql_find_rows_by_keys(database: Database) -> None:
    def shown(connection: Connection) -> object:
        return connection.exec_driver_sql("SHOW enable_seqscan").scalar_one()

    assert (await database.write(shown), await database.read(shown)) == ("off", "on")


async def test_what_is_done_at_once_is_committed_when_it_returns(database: Database) -> None:
    assert await asyncio.gather(*(database.at_once(put, ind) for ind in range(1, 4))) == [1, 2, 3]
    assert await database.read_at_once(count, 0) == 3
    assert await database.read(lambda connection: count(connection, [0])) == [3]


async def test_login_waits_for_nobody_who_reads_for_long(database: Database) -> None:
    """Whoever counts subscribers, or lists them, reads as long as it takes."""
    over = Event()

    def count_all(_connection: Connection) -> bool:
        return over.wait(60)

    long = [asyncio.ensure_future(database.read(count_all)) for _ in range(4)]
    await asyncio.sleep(0)
    assert await database.read_at_once(count, 0) == 0
    over.set()
    assert all(await asyncio.gather(*long))


async def test_fault_of_one_is_not_that_of_those_beside_it(database: Database) -> None:
    await database.at_once(put, 1)
    with pytest.raises(StoreConflict):
        await database.at_once(put, 1)
    assert await database.at_once(put, 2) == 2


async def test_closed_store_does_nothing_at_once(location: Location) -> None:
    store = Database(location)
    for doing in (store.at_once, store.read_at_once):
        with pytest.raises(StoreUnavailable, match="closed"):
            await doing(count, 0)
