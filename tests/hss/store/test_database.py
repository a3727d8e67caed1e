"""The door to the store: shared commits, bounded queues, and nobody suffers for another's fault."""

import asyncio
import threading
from collections.abc import Sequence
from pathlib import Path

import pytest
from sqlalchemy import Connection, func, insert, select, text

from hss.models import RequestingNode
from hss.store.database import Database, Limits
from hss.store.engines import transaction
from hss.store.errors import StoreBusy, StoreConflict, StoreUnavailable
from hss.store.location import Location
from tests.hss.conftest import lock, wait_little


class put:  # noqa: N801 - reads as the operation that it is
    """A write that gives its own transaction's number of nodes."""

    def __init__(self, ind: int) -> None:
        self.ind = ind

    def __call__(self, connection: Connection) -> int:
        connection.execute(insert(RequestingNode).values(name=f"n{self.ind}", ind_bits=5, ind=self.ind))
        return connection.scalar(select(func.count()).select_from(RequestingNode)) or 0


def nodes(location: Location) -> int:
    with transaction(location) as connection:
        return connection.scalar(select(func.count()).select_from(RequestingNode)) or 0


async def test_write_is_committed_when_it_returns(database: Database, location: Location) -> None:
    assert await database.write(put(1)) == 1
    assert nodes(location) == 1
    assert await database.read(lambda connection: connection.scalar(select(RequestingNode.ind))) == 1


async def test_what_waits_together_is_committed_together(database: Database) -> None:
    sizes: list[int] = []

    def work(_connection: Connection, requests: Sequence[int]) -> Sequence[int]:
        sizes.append(len(requests))
        return [request * 2 for request in requests]

    assert await asyncio.gather(*(database.together(work, number) for number in range(300))) == list(range(0, 600, 2))
    assert sum(sizes) == 300
    assert sizes[0] == 256


async def test_failing_write_spoils_no_other(database: Database, location: Location) -> None:
    outcomes = await asyncio.gather(*(database.write(put(ind)) for ind in (1, 2, 2, 3)), return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [int, int, StoreConflict, int]
    assert nodes(location) == 3


async def test_error_of_an_operation_reaches_its_caller(database: Database, location: Location) -> None:
    def fail(connection: Connection) -> None:
        put(1)(connection)
        raise LookupError("mine")

    with pytest.raises(LookupError, match="mine"):
        await database.write(fail)
    assert nodes(location) == 0
    with pytest.raises(LookupError, match="mine"):
        await database.read(fail_to_read)
    assert await database.write(put(1)) == 1


def fail_to_read(_connection: Connection) -> None:
    raise LookupError("mine")


async def test_too_much_waiting_is_refused(location: Location) -> None:
    store = Database(location, Limits(waiting=2))
    await store.open()
    outcomes = await asyncio.gather(*(store.write(put(ind)) for ind in range(4)), return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [int, int, StoreBusy, StoreBusy]
    assert await store.write(put(9)) == 3
    await store.close()


async def test_wait_has_a_limit(location: Location) -> None:
    store = Database(location, Limits(seconds=0.2))
    await store.open()
    go = threading.Event()

    def hold(_connection: Connection) -> None:
        go.wait(5)

    with pytest.raises(StoreBusy, match=r"no answer from the store within 0\.2 s"):
        await store.write(hold)
    with pytest.raises(StoreBusy):
        await store.write(put(1))
    with pytest.raises(StoreBusy):
        await store.read(hold)
    go.set()
    await asyncio.sleep(0.05)
    assert await store.write(put(2)) == 1, "what was given up before its turn is not done"
    await store.close()


async def test_locked_database_is_busy(location: Location, monkeypatch: pytest.MonkeyPatch) -> None:
    wait_little(monkeypatch)
    store = Database(location)
    await store.open()
    with transaction(location) as connection:
        lock(connection, RequestingNode)
        outcomes = await asyncio.gather(*(store.write(put(ind)) for ind in range(3)), return_exceptions=True)
        assert [type(outcome) for outcome in outcomes] == [StoreBusy] * 3
    assert await store.write(put(1)) == 1
    await store.close()


async def test_close_commits_what_waits(location: Location) -> None:
    store = Database(location)
    await store.open()
    waiting = [asyncio.ensure_future(store.write(put(ind))) for ind in range(8)]
    await asyncio.sleep(0)
    await store.close()
    assert await asyncio.gather(*waiting) == list(range(1, 9))
    await store.close()
    with pytest.raises(StoreUnavailable, match="closed"):
        await store.write(put(9))
    with pytest.raises(StoreUnavailable, match="closed"):
        await store.read(put(9))


async def test_close_gives_up_what_takes_too_long(location: Location) -> None:
    store = Database(location, Limits(seconds=0.05))
    await store.open()
    go = threading.Event()
    held = asyncio.ensure_future(store.write(lambda _connection: go.wait(5)))
    await asyncio.sleep(0.01)
    behind = asyncio.ensure_future(store.write(put(1)))
    await asyncio.sleep(0.01)
    asyncio.get_running_loop().call_later(0.1, go.set)
    await store.close()
    assert [type(o) for o in await asyncio.gather(held, behind, return_exceptions=True)] == [StoreBusy] * 2
    assert nodes(location) == 0


async def test_missing_database_is_named(tmp_path: Path) -> None:
    with pytest.raises(StoreUnavailable, match="there is no database"):
        await Database(tmp_path / "akadia.sqlite").open()


async def test_broken_statement_is_unavailable(database: Database) -> None:
    with pytest.raises(StoreUnavailable, match="nowhere"):
        await database.read(lambda connection: connection.execute(text("SELECT * FROM nowhere")).all())
