"""The async door to the store: one writer with group commit, a few readers, bounded queues and waits."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import Connection

from hss.metrics import STORE_WAITING
from hss.store.engines import reader_engine, require_store, writer_engine
from hss.store.errors import StoreUnavailable
from hss.store.here import Here
from hss.store.lane import Lane, Limits
from hss.store.location import Location
from hss.store.together import AnswerT, RequestT, Work
from hss.store.writers_turn import WritersTurn
from runtime.metrics.families import REGISTRY

__all__ = ["Database", "Limits", "Work"]


class Database:
    """A database for one event loop.

    Its methods raise StoreBusy when too much waits or nothing is answered in time, StoreError for what the store
    refuses, and whatever the operation raises. Nothing returns before it is committed.
    """

    def __init__(self, location: Location, limits: Limits | None = None) -> None:
        self._location = location
        self._limits = limits or Limits()
        self._writer: Lane | None = None
        self._readers: list[Lane] = []

    async def open(self) -> None:
        """Start the threads; StoreUnavailable when there is no database file."""
        require_store(self._location)
        self._writer = self._lane_of_writer()
        self._readers = [self._lane_of_reader() for _ in range(self._limits.readers)]
        REGISTRY.sample(self, self._sample)

    async def close(self) -> None:
        """Commit what waits, then end; closing twice is closing once."""
        REGISTRY.forget(self)
        writer, self._writer = self._writer, None
        readers, self._readers = self._readers, []
        for lane in (writer, *readers):
            if lane is not None:
                await lane.close()

    async def together(self, work: Work[RequestT, AnswerT], request: RequestT) -> AnswerT:
        """Have `work` done for `request`, and for every other request that waits for the same `work`, at once."""
        return await self._writing().submit(work, request)

    async def write(self, operation: Callable[[Connection], AnswerT]) -> AnswerT:
        """Run `operation` in a transaction that it may share; when it raises, nothing of it stays."""
        return await self._writing().submit(_one_by_one, operation, is_brief=False)

    async def together_read(self, work: Work[RequestT, AnswerT], request: RequestT) -> AnswerT:
        """As `together`, for work that only reads, beside the writer."""
        return await self._reading(0).submit(work, request)

    async def read(self, operation: Callable[[Connection], AnswerT]) -> AnswerT:
        """Run `operation`, which only reads, beside the writer."""
        quietest = min(range(len(self._readers)), key=lambda place: self._readers[place].waiting, default=0)
        return await self._reading(quietest).submit(_one_by_one, operation, is_brief=False)

    def _lane_of_writer(self) -> Lane:
        location, engine = self._location, writer_engine(self._location)
        if not isinstance(location, Path):
            return Lane(engine, self._limits, "hss-writer")
        turn = WritersTurn(location)
        return Lane(engine, self._limits, "hss-writer", turn, Here(writer_engine(location, waits=False), turn))

    def _lane_of_reader(self) -> Lane:
        location, engine = self._location, reader_engine(self._location, 1)
        here = Here(reader_engine(location, 1, waits=False)) if isinstance(location, Path) else None
        return Lane(engine, self._limits, "hss-reader", here=here)

    def _sample(self) -> None:
        lanes = [*self._readers] if self._writer is None else [self._writer, *self._readers]
        STORE_WAITING.set(sum(lane.waiting for lane in lanes))

    def _writing(self) -> Lane:
        if self._writer is None:
            raise StoreUnavailable("the store is closed")
        return self._writer

    def _reading(self, place: int) -> Lane:
        if not self._readers:
            raise StoreUnavailable("the store is closed")
        return self._readers[place]


def _one_by_one(connection: Connection, operations: Sequence[Callable[[Connection], Any]]) -> list[Any]:
    return [operation(connection) for operation in operations]
