"""A lane serves many at once, and its limits hold; what it does for the store, tests.hss.store.test_database shows."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from threading import Barrier, current_thread, main_thread

import pytest
from sqlalchemy import Connection, text

from hss.store.engines import reader_engine, transaction, writer_engine
from hss.store.errors import StoreBusy, StoreConflict, StoreUnavailable
from hss.store.here import Here
from hss.store.lane import Lane, Limits
from hss.store.location import Location
from hss.store.writers_turn import WritersTurn
from tests.postgres import PostgresServer


def doubled(connection: Connection, requests: Sequence[int]) -> Sequence[int]:
    return [connection.execute(text("SELECT :n * 2"), {"n": request}).scalar_one() for request in requests]


async def test_lane_answers_each_in_its_place(location: Location) -> None:
    lane = Lane(reader_engine(location, 1), Limits(), "test")
    assert await asyncio.gather(*(lane.submit(doubled, number) for number in range(20))) == list(range(0, 40, 2))
    assert lane.waiting == 0
    await lane.close()
    with pytest.raises(StoreUnavailable, match="closed"):
        await lane.submit(doubled, 1)


async def test_lane_has_room_for_so_many(location: Location) -> None:
    lane = Lane(reader_engine(location, 1), Limits(waiting=3), "test")
    outcomes = await asyncio.gather(*(lane.submit(doubled, number) for number in range(5)), return_exceptions=True)
    assert [outcome for outcome in outcomes if isinstance(outcome, int)] == [0, 2, 4]
    assert [str(outcome) for outcome in outcomes if isinstance(outcome, StoreBusy)] == [
        "3 requests wait for the store"
    ] * 2
    await lane.close()


async def test_value_without_room_spoils_no_request_beside_it(location: Location) -> None:
    """PostgreSQL refuses such a value, and with it the transaction of all who share it; SQLite takes it."""

    def told(connection: Connection, texts: Sequence[str]) -> Sequence[str]:
        return [connection.execute(text("SELECT CAST(:t AS TEXT)"), {"t": each}).scalar_one() for each in texts]

    lane = Lane(reader_engine(location, 1), Limits(), "test")
    asked = [lane.submit(told, each) for each in ("a", "\0", "b")]
    first, odd, last = await asyncio.gather(*asked, return_exceptions=True)
    assert (first, last) == ("a", "b")
    assert odd == "\0" or (isinstance(odd, StoreConflict) and "NUL" in str(odd))
    await lane.close()


@pytest.mark.interop
async def test_request_that_another_process_stood_in_the_way_of_is_begun_again(postgres: PostgresServer) -> None:
    location = postgres.new_database("empty")
    with transaction(location) as connection:
        connection.execute(text("CREATE TABLE pair (name TEXT PRIMARY KEY, times INTEGER)"))
        connection.execute(text("INSERT INTO pair VALUES ('a', 0), ('b', 0)"))
    both, begun = Barrier(2), Counter[str]()

    def crossing(connection: Connection, orders: Sequence[str]) -> Sequence[None]:
        for order in orders:
            begun[order] += 1
            for name in order:
                connection.execute(text("UPDATE pair SET times = times + 1 WHERE name = :name"), {"name": name})
                if begun[order] == 1 and name == order[0]:
                    both.wait(20)
        return [None] * len(orders)

    lanes = [Lane(writer_engine(location), Limits(seconds=30), "test") for _ in range(2)]
    await asyncio.gather(lanes[0].submit(crossing, "ab"), lanes[1].submit(crossing, "ba"))
    for lane in lanes:
        await lane.close()
    with transaction(location) as connection:
        assert connection.execute(text("SELECT name, times FROM pair ORDER BY name")).all() == [("a", 2), ("b", 2)]
    # PostgreSQL refuses one of two that wait for each other, and sometimes both
    assert max(begun.values()) > 1


async def test_works_are_done_in_the_same_order_by_every_process(location: Location) -> None:
    done: list[str] = []

    def first(connection: Connection, requests: Sequence[int]) -> Sequence[int]:
        done.append("first")
        return doubled(connection, requests)

    def second(connection: Connection, requests: Sequence[int]) -> Sequence[int]:
        done.append("second")
        return doubled(connection, requests)

    lane = Lane(reader_engine(location, 1), Limits(), "test")
    assert await asyncio.gather(*(lane.submit(work, 1) for work in (second, first, second))) == [2, 2, 2]
    assert done == ["first", "second"]
    await lane.close()


async def test_brief_work_that_waits_for_nobody_is_done_in_the_loops_own_thread(database_path: Path) -> None:
    turn = WritersTurn(database_path)
    here = Here(writer_engine(database_path, waits=False), turn)
    lane = Lane(writer_engine(database_path), Limits(), "test", turn, here)

    def where(_connection: Connection, requests: Sequence[int]) -> Sequence[bool]:
        return [current_thread() is main_thread()] * len(requests)

    assert await asyncio.gather(*(lane.submit(where, number) for number in range(3))) == [True] * 3
    assert not await lane.submit(where, 1, is_brief=False)
    both = tuple(await asyncio.gather(lane.submit(where, 1), lane.submit(where, 2, is_brief=False)))
    assert both == (False, False)
    await lane.close()


async def test_brief_work_goes_to_the_thread_while_another_writes(database_path: Path) -> None:
    here = Here(writer_engine(database_path, waits=False))
    lane = Lane(writer_engine(database_path), Limits(), "test", here=here)
    with transaction(database_path) as connection:
        connection.execute(text("DELETE FROM requesting_node"))
        waiting = asyncio.ensure_future(lane.submit(doubled, 4))
        # the loop serves others meanwhile
        await asyncio.sleep(0.1)
        assert not waiting.done()
    assert await waiting == 8
    await lane.close()
