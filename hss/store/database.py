"""The async door to the store: one writer with group commit, a few readers, bounded queues and waits."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from sqlalchemy import Connection

from hss.metrics import STORE_WAITING
from hss.store.engines import require_store
from hss.store.errors import StoreUnavailable
from hss.store.lane import Limits
from hss.store.lanes import Lanes, open_lanes
from hss.store.location import Location
from hss.store.together import AnswerT, RequestT, Work
from runtime.metrics.families import REGISTRY

__all__ = ["Database", "Limits", "Work"]


class Database:
    """A database for one event loop.

    Its methods raise StoreBusy when too much waits or nothing is answered in time, StoreError for what the store
    refuses, and whatever the operation raises. Nothing is answered before it is committed. They are no coroutines, for
    each of those is one frame more that a login passes: what is asked is under way before it is awaited.
    """

    def __init__(self, location: Location, limits: Limits | None = None) -> None:
        self._location = location
        self._limits = limits or Limits()
        self._opened: Lanes | None = None

    async def open(self) -> None:
        """Start the threads; StoreUnavailable when there is no database file."""
        require_store(self._location)
        self._opened = open_lanes(self._location, self._limits)
        REGISTRY.sample(self, self._sample)

    async def close(self) -> None:
        """Commit what waits, then end; closing twice is closing once."""
        REGISTRY.forget(self)
        opened, self._opened = self._opened, None
        if opened is not None:
            await opened.close()

    def together(self, work: Work[RequestT, AnswerT], request: RequestT) -> Awaitable[AnswerT]:
        """Have `work` done for `request`, and for every other request that waits for the same `work`, at once."""
        return self._lanes().writer.submit(work, request)

    def at_once(self, work: Work[RequestT, AnswerT], request: RequestT) -> Awaitable[AnswerT]:
        """As `together`, for work of which each statement may stay without the next and finds its rows by keys.

        PostgreSQL commits each by itself, which is one trip to the server instead of three.
        """
        return self._lanes().at_once.submit(work, request)

    def write(self, operation: Callable[[Connection], AnswerT]) -> Awaitable[AnswerT]:
        """Run `operation` in a transaction that it may share; when it raises, nothing of it stays."""
        return self._lanes().writer.submit(_one_by_one, operation, is_brief=False)

    def read_at_once(self, work: Work[RequestT, AnswerT], request: RequestT) -> Awaitable[AnswerT]:
        """As `at_once`, for work that only reads, beside the writer, and whose statements may see different moments."""
        return self._lanes().at_once_reader.submit(work, request)

    def read(self, operation: Callable[[Connection], AnswerT]) -> Awaitable[AnswerT]:
        """Run `operation`, which only reads and sees one moment, beside the writer."""
        quietest = min(self._lanes().readers, key=lambda lane: lane.waiting)
        return quietest.submit(_one_by_one, operation, is_brief=False)

    def _lanes(self) -> Lanes:
        if self._opened is None:
            raise StoreUnavailable("the store is closed")
        return self._opened

    def _sample(self) -> None:
        STORE_WAITING.set(sum(lane.waiting for lane in self._opened.all) if self._opened is not None else 0)


def _one_by_one(connection: Connection, operations: Sequence[Callable[[Connection], Any]]) -> list[Any]:
    return [operation(connection) for operation in operations]
