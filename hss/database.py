"""The async door to the store: one writer with group commit, a few readers, bounded queues and waits.

Everything that waits when a transaction ends goes into the next one, so that a single commit serves them all.
"""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import Connection

from hss.engines import reader_engine, require_file, writer_engine
from hss.store_errors import StoreBusy, StoreUnavailable, store_errors

RequestT = TypeVar("RequestT")
AnswerT = TypeVar("AnswerT")

Work = Callable[[Connection, Sequence[RequestT]], Sequence[AnswerT]]
"""What is done for many requests in one transaction: an answer for each, in their order."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How much may wait (requests), how long each waits (seconds), how much goes into one transaction."""

    waiting: int = 4096
    seconds: float = 5.0
    together: int = 256
    readers: int = 2


@dataclass(slots=True, eq=False)
class _Item:
    work: Work[Any, Any]
    request: object
    answer: "asyncio.Future[Any]"
    alone: bool = False


class Database:
    """A SQLite database for one event loop.

    Its methods raise StoreBusy when too much waits or nothing is answered in time, StoreError for what the store
    refuses, and whatever the operation raises. Nothing returns before it is committed.
    """

    def __init__(self, path: Path, limits: Limits | None = None) -> None:
        self._path = path
        self._limits = limits or Limits()
        self._pending: list[_Item] = []
        self._waiting = 0
        self._reading = 0
        self._busy = False
        self._idle = asyncio.Event()
        self._idle.set()
        self._closed = True

    async def open(self) -> None:
        """Start the threads; StoreUnavailable when there is no database."""
        require_file(self._path)
        self._writer_engine = writer_engine(self._path)
        self._reader_engine = reader_engine(self._path, self._limits.readers)
        self._writer = ThreadPoolExecutor(1, thread_name_prefix="hss-writer")
        self._readers = ThreadPoolExecutor(self._limits.readers, thread_name_prefix="hss-reader")
        self._loop = asyncio.get_running_loop()
        self._closed = False

    async def close(self) -> None:
        """Commit what waits, then end; closing twice is closing once."""
        if self._closed:
            return
        self._closed = True
        try:
            async with asyncio.timeout(self._limits.seconds):
                await self._idle.wait()
        except TimeoutError:
            self._abandon()
        for executor in (self._writer, self._readers):
            await self._loop.run_in_executor(None, executor.shutdown)
        self._writer_engine.dispose()
        self._reader_engine.dispose()

    async def together(self, work: Work[RequestT, AnswerT], request: RequestT) -> AnswerT:
        """Have `work` done for `request`, and for every other request that waits for the same `work`, at once."""
        return await self._submit(work, request)

    async def write(self, operation: Callable[[Connection], AnswerT]) -> AnswerT:
        """Run `operation` in a transaction that it may share; when it raises, nothing of it stays."""
        return await self._submit(_one_by_one, operation)

    async def read(self, operation: Callable[[Connection], AnswerT]) -> AnswerT:
        """Run `operation`, which only reads, beside the writer."""
        self._require_room(self._reading)

        def run() -> AnswerT:
            with store_errors(), self._reader_engine.begin() as connection:
                return operation(connection)

        self._reading += 1
        answer = self._loop.run_in_executor(self._readers, run)
        answer.add_done_callback(self._read_done)
        return await self._in_time(answer)

    async def _submit(self, work: Work[RequestT, AnswerT], request: RequestT) -> AnswerT:
        self._require_room(self._waiting)
        answer: asyncio.Future[AnswerT] = self._loop.create_future()
        self._pending.append(_Item(work, request, answer))
        self._waiting += 1
        if not self._busy:
            # not now: the rest of this turn of the loop brings more, which then shares the commit
            self._busy = True
            self._idle.clear()
            self._loop.call_soon(self._start_turn)
        return await self._in_time(answer)

    async def _in_time(self, answer: "asyncio.Future[AnswerT]") -> AnswerT:
        try:
            async with asyncio.timeout(self._limits.seconds):
                return await answer
        except TimeoutError:
            raise StoreBusy(f"no answer from the store within {self._limits.seconds:g} s") from None

    def _require_room(self, waiting: int) -> None:
        if self._closed:
            raise StoreUnavailable("the store is closed")
        if waiting >= self._limits.waiting:
            raise StoreBusy(f"{waiting} requests wait for the store")

    def _read_done(self, answer: "asyncio.Future[Any]") -> None:
        self._reading -= 1
        if not answer.cancelled():
            # whoever asked may have given up; its error is then nobody's
            answer.exception()

    def _start_turn(self) -> None:
        items = self._take()
        if not items:
            self._busy = False
            self._idle.set()
            return
        turn = self._writer.submit(self._turn, [(item.work, item.request) for item in items])
        turn.add_done_callback(lambda done: self._loop.call_soon_threadsafe(self._end_turn, items, done))

    def _take(self) -> list[_Item]:
        count = 1 if self._pending and self._pending[0].alone else self._limits.together
        taken, self._pending = self._pending[:count], self._pending[count:]
        live = [item for item in taken if not item.answer.done()]
        self._waiting -= len(taken) - len(live)
        return live or (self._take() if self._pending else [])

    def _turn(self, wanted: list[tuple[Work[Any, Any], object]]) -> list[object]:
        """In the writer's thread: one transaction for all of `wanted`."""
        answers: list[object] = [None] * len(wanted)
        with store_errors(), self._writer_engine.begin() as connection:
            for work in dict.fromkeys(work for work, _ in wanted):
                places = [place for place, (other, _) in enumerate(wanted) if other is work]
                for place, answer in zip(places, work(connection, [wanted[p][1] for p in places]), strict=True):
                    answers[place] = answer
        return answers

    def _end_turn(self, items: list[_Item], turn: "Future[list[object]]") -> None:
        error = turn.exception()
        if error is not None and len(items) > 1 and not isinstance(error, StoreBusy | StoreUnavailable):
            # one of them spoilt the transaction for all: each now has its own
            for item in items:
                item.alone = True
            self._pending[:0] = items
        else:
            self._waiting -= len(items)
            for place, item in enumerate(items):
                if not item.answer.done() and error is not None:
                    item.answer.set_exception(error)
                elif not item.answer.done():
                    item.answer.set_result(turn.result()[place])
        self._start_turn()

    def _abandon(self) -> None:
        for item in self._pending:
            if not item.answer.done():
                item.answer.set_exception(StoreBusy("the store closes"))
        self._pending.clear()


def _one_by_one(connection: Connection, operations: Sequence[Callable[[Connection], Any]]) -> list[Any]:
    return [operation(connection) for operation in operations]
