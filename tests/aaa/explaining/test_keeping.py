"""Records wait for a store that is busy, few of them, and are kept once it is not."""

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from structlog.testing import capture_logs

from aaa.explaining import keeping
from aaa.explaining.keeping import HELD_MAX, TOGETHER, Keeping
from aaa.metrics import FAILURE_RECORDS
from hss.failure_api import FailureRecord
from hss.session_api import LedgerUnavailable


class Store:
    """Takes records, or fails with `error` until it is told otherwise."""

    def __init__(self, error: Exception | None = None) -> None:
        self.error = error
        self.tries = 0
        self.transactions: list[tuple[FailureRecord, ...]] = []
        self.done = asyncio.Event()

    async def keep(self, records: tuple[FailureRecord, ...]) -> None:
        self.tries += 1
        await asyncio.sleep(0)
        if self.error is not None:
            self.done.set()
            raise self.error
        self.transactions.append(records)
        self.done.set()

    async def find(self, wanted: str, limit: int) -> tuple[FailureRecord, ...]:
        raise NotImplementedError(wanted, limit)

    @property
    def references(self) -> list[str]:
        return [record.reference for records in self.transactions for record in records]


def record(number: int) -> FailureRecord:
    return FailureRecord(str(number), datetime.now(UTC), "radius/ap", "too busy")


def counted() -> tuple[float, float]:
    return FAILURE_RECORDS.value("kept"), FAILURE_RECORDS.value("dropped")


@pytest.fixture(name="logs")
def _logs() -> Iterator[list[Any]]:
    with capture_logs() as lines:
        yield lines


async def test_what_comes_at_once_is_kept_together_and_in_order() -> None:
    store = Store()
    keeper, (kept, dropped) = Keeping(store, lambda: 5.0), counted()
    assert [keeper.put(record(number)) for number in range(TOGETHER + 1)] == [str(n) for n in range(TOGETHER + 1)]
    await keeper.close()
    assert store.references == [str(number) for number in range(TOGETHER + 1)]
    assert [len(records) for records in store.transactions] == [TOGETHER, 1]
    assert counted() == (kept + TOGETHER + 1, dropped)


async def test_busy_store_is_asked_again_until_it_takes_them(monkeypatch: pytest.MonkeyPatch, logs: list[Any]) -> None:
    monkeypatch.setattr(keeping, "AGAIN", 0.001)
    store = Store(LedgerUnavailable("4096 requests wait for the store"))
    keeper = Keeping(store, lambda: 5.0)
    keeper.put(record(1))
    while store.tries < 3:
        await store.done.wait()
        store.done.clear()
    keeper.put(record(2))
    store.error = None
    while not store.transactions:
        await store.done.wait()
        store.done.clear()
    assert store.references == ["1", "2"]
    assert [(line["event"], line["cause"], line["count"]) for line in logs] == [
        ("failures wait to be kept", "4096 requests wait for the store", 1)
    ]
    await keeper.close()
    assert store.references == ["1", "2"]


async def test_store_that_is_away_for_long_costs_no_more_than_its_room(logs: list[Any]) -> None:
    store = Store(LedgerUnavailable("the store is closed"))
    keeper, (kept, dropped) = Keeping(store, lambda: 5.0), counted()
    references = [keeper.put(record(number)) for number in range(HELD_MAX + 9)]
    assert references == [*map(str, range(HELD_MAX)), *[""] * 9]
    assert not keeper.has_room
    assert counted() == (kept, dropped + 9)
    store.error = None
    await keeper.close()
    assert store.references == [str(number) for number in range(HELD_MAX)]
    assert [(line["event"], line["count"]) for line in logs] == [("failures not kept", 1)]


async def test_what_the_store_does_not_take_at_the_end_is_told_and_counted(logs: list[Any]) -> None:
    keeper, (kept, dropped) = Keeping(Store(LedgerUnavailable("the store is closed")), lambda: 5.0), counted()
    keeper.put(record(1))
    keeper.put(record(2))
    await keeper.close()
    assert counted() == (kept, dropped + 2)
    assert [(line["event"], line["cause"], line["count"]) for line in logs] == [
        ("failures not kept", "the store is closed", 2)
    ]


async def test_store_that_says_nothing_holds_no_process_up(monkeypatch: pytest.MonkeyPatch, logs: list[Any]) -> None:
    class Hung(Store):
        async def keep(self, records: tuple[FailureRecord, ...]) -> None:
            assert records
            await asyncio.Event().wait()

    monkeypatch.setattr(keeping, "LAST_TRY", 0.01)
    keeper = Keeping(Hung(), lambda: 5.0)
    keeper.put(record(1))
    await keeper.close()
    assert [(line["cause"], line["count"]) for line in logs] == [("no time was left", 1)]


async def test_fault_ends_one_transaction_alone(logs: list[Any]) -> None:
    store = Store(ZeroDivisionError("inside"))
    keeper = Keeping(store, lambda: 5.0)
    keeper.put(record(1))
    await store.done.wait()
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    store.error = None
    keeper.put(record(2))
    await keeper.close()
    assert store.references == ["2"]
    assert [(line["event"], line["cause"]) for line in logs] == [("failures not kept", "ZeroDivisionError('inside')")]


async def test_without_a_ledger_nothing_is_held() -> None:
    keeper, before = Keeping(None, lambda: 5.0), counted()
    assert (keeper.put(record(1)), keeper.has_room) == ("", False)
    keeper.pass_over()
    await keeper.close()
    assert counted() == before
