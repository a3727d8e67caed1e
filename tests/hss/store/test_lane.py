"""A lane serves many at once, and its limits hold; what it does for the store, tests.hss.store.test_database shows."""

import asyncio
from collections.abc import Sequence

import pytest
from sqlalchemy import Connection, text

from hss.store.engines import reader_engine
from hss.store.errors import StoreBusy, StoreUnavailable
from hss.store.lane import Lane, Limits
from hss.store.location import Location


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
