"""One transaction at a time: all that waits when one ends goes into the next one together.

Where that waits for nobody it is done at once, in the event loop's own thread (`hss.store.here`); else in a thread of
the lane's own, which may wait for other processes, for a disk or for a network.
"""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from queue import SimpleQueue
from threading import Thread
from typing import Any

from sqlalchemy import Engine

from hss.metrics import STORE_REQUESTS, STORE_SECONDS
from hss.store.errors import StoreBusy, StoreDeadlock, StoreError, StoreUnavailable, store_errors
from hss.store.here import Here
from hss.store.kept import KeptConnection
from hss.store.together import AnswerT, RequestT, Work, answers
from hss.store.writers_turn import WritersTurn
from wire.frozen import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """How much may wait (requests), how long each waits (seconds), how much goes into one transaction."""

    waiting: int = 4096
    seconds: float = 5.0
    together: int = 256
    readers: int = 2


DEADLOCKS = 3
"""So often a request that another process stood in the way of is begun again."""


class _Item:
    """One request. What is seldom otherwise is so of the class: one is made for each question of each login."""

    is_brief = True
    alone = False
    deadlocks = 0

    def __init__(self, work: Work[Any, Any], request: object, answer: "asyncio.Future[Any]", since: float) -> None:
        self.work = work
        self.request = request
        self.answer = answer
        self.since = since


@dataclass(slots=True, eq=False)
class _Turn:
    """One transaction; around it, whatever is raised is for those who wait."""

    items: list[_Item]
    began: float
    answers: Sequence[object] = ()
    error: BaseException | None = None

    def __enter__(self) -> None:
        """It begins in the thread that does it."""

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, where: object) -> bool:
        self.error = error
        return True


class Lane:
    """Runs work on `engine` for the running event loop, one transaction at a time; brief work `here`, where it can.

    `ended` hears of the end of each transaction.
    """

    def __init__(
        self,
        engine: Engine,
        limits: Limits,
        name: str,
        turn: WritersTurn | None = None,
        here: Here | None = None,
        ended: Callable[[], None] = lambda: None,
    ) -> None:
        self._ended = ended
        self._here = here
        self._writers_turn = turn
        self._connection = KeptConnection(engine)
        self._limits = limits
        self._name = name
        self._loop = asyncio.get_running_loop()
        self._turns: SimpleQueue[_Turn | None] = SimpleQueue()
        # a thread that hangs in the database holds no process that wants to end
        self._thread = Thread(target=self._serve, name=name, daemon=True)
        self._thread.start()
        self._pending: list[_Item] = []
        self._served: Sequence[_Item] = ()
        self._timer: asyncio.TimerHandle | None = None
        self._lengthy = False
        self._busy = False
        self._closed = False
        self._idle = asyncio.Event()
        self._idle.set()
        self.waiting = 0
        """Requests that wait, or are being served."""

    def submit(
        self, work: Work[RequestT, AnswerT], request: RequestT, *, is_brief: bool = True
    ) -> "asyncio.Future[AnswerT]":
        """The answer to `request`, once its transaction is at its end; what is not brief goes to the thread.

        It raises StoreBusy when too much waits or nothing is answered in time, StoreError for what the store refuses,
        and whatever `work` raises.
        """
        loop = self._loop
        answer: asyncio.Future[AnswerT] = loop.create_future()
        if self.waiting >= self._limits.waiting or self._closed:
            answer.set_exception(self._refusal())
            return answer
        now = loop.time()
        item = _Item(work, request, answer, now)
        self._pending.append(item)
        self.waiting += 1
        if not is_brief:
            item.is_brief, self._lengthy = False, True
        if self._timer is None:
            self._timer = loop.call_at(now + self._limits.seconds, self._expire)
        if not self._busy:
            # not now: the rest of this turn of the loop brings more, which then shares the commit
            self._busy = True
            self._idle.clear()
            loop.call_soon(self._start_turn)
        return answer

    async def close(self) -> None:
        """Serve what waits, then end; what is not served in its time is abandoned, and so is a thread that hangs."""
        self._closed = True
        try:
            async with asyncio.timeout(self._limits.seconds):
                await self._idle.wait()
        except TimeoutError:
            self._abandon()
            self._turns.put(None)
            return
        self._turns.put(None)
        await self._loop.run_in_executor(None, self._thread.join)

    def _refusal(self) -> StoreError:
        if self._closed:
            return StoreUnavailable("the store is closed")
        return StoreBusy(f"{self.waiting} requests wait for the store")

    def _start_turn(self) -> None:
        items = self._served = self._take()
        if not items:
            self._busy = False
            self._idle.set()
            return
        turn = _Turn(items, self._loop.time())
        if not self._is_done_here(turn):
            self._turns.put(turn)

    def _is_done_here(self, turn: _Turn) -> bool:
        if self._here is None or (self._lengthy and self._has_lengthy(turn.items)):
            return False
        done: Sequence[object] | None = ()
        with turn:
            done = self._here.answers(turn.items)
        if done is None:
            return False
        turn.answers = done
        # not now, as with a thread: what others have to do meanwhile is between two transactions
        self._loop.call_soon(self._end_turn, turn)
        return True

    def _has_lengthy(self, items: Sequence[_Item]) -> bool:
        found = not all(item.is_brief for item in items)
        self._lengthy = found or not all(item.is_brief for item in self._pending)
        return found

    def _take(self) -> list[_Item]:
        count = 1 if self._pending and self._pending[0].alone else self._limits.together
        taken, self._pending = self._pending[:count], self._pending[count:]
        live = [item for item in taken if not item.answer.done()]
        self.waiting -= len(taken) - len(live)
        return live or (self._take() if self._pending else [])

    def _serve(self) -> None:
        """In the thread, until the lane closes."""
        while (turn := self._turns.get()) is not None:
            with turn:
                turn.answers = self._answers(turn.items)
            try:
                self._loop.call_soon_threadsafe(self._end_turn, turn)
            except RuntimeError:
                # the loop has ended without waiting for the lane
                break
        self._connection.close()
        if self._here is not None:
            self._here.close()
        if self._writers_turn is not None:
            self._writers_turn.close()

    def _answers(self, items: Sequence[_Item]) -> Sequence[object]:
        """In the thread: one transaction for all of `items`."""
        with store_errors(), self._writers_turn or nullcontext(), self._connection.transaction() as connection:
            return answers(connection, items)

    def _end_turn(self, turn: _Turn) -> None:
        items, error = turn.items, turn.error
        self._ended()
        STORE_SECONDS.observe(self._loop.time() - turn.began, self._name)
        STORE_REQUESTS.add(len(items), self._name)
        if error is not None and _may_be_repeated(items, error):
            # one of them spoilt the transaction for all, or another process did: each now has its own
            for item in items:
                item.alone = True
                item.deadlocks += isinstance(error, StoreDeadlock)
            self._pending[:0] = items
        else:
            self.waiting -= len(items)
            if error is not None:
                for item in items:
                    if not item.answer.done():
                        item.answer.set_exception(error)
            else:
                for item, found in zip(items, turn.answers, strict=True):
                    answer = item.answer
                    if not answer.done():
                        answer.set_result(found)
        self._start_turn()

    def _expire(self) -> None:
        """One timer for all: who has waited long enough waits no more, whatever becomes of the transaction."""
        self._timer = None
        waiting = [item for item in (*self._served, *self._pending) if not item.answer.done()]
        now = self._loop.time()
        for item in waiting:
            if item.since + self._limits.seconds <= now:
                item.answer.set_exception(StoreBusy(f"no answer from the store within {self._limits.seconds:g} s"))
        left = [item.since for item in waiting if not item.answer.done()]
        if left:
            self._timer = self._loop.call_at(min(left) + self._limits.seconds, self._expire)

    def _abandon(self) -> None:
        for item in self._pending:
            if not item.answer.done():
                item.answer.set_exception(StoreBusy("the store closes"))
        self._pending.clear()


def _may_be_repeated(items: Sequence[_Item], error: BaseException) -> bool:
    if isinstance(error, StoreDeadlock):
        return all(item.deadlocks < DEADLOCKS for item in items)
    return len(items) > 1 and not isinstance(error, StoreBusy | StoreUnavailable)
