"""Tasks that may take the same time each, with one timer for all of them."""

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from typing import Any, Generic, TypeVar

KeyT = TypeVar("KeyT")

_LATE = float("-inf")


class TimedTasks(Generic[KeyT]):
    """Tasks of at most `seconds` each, by what they work on, on the loop of the first.

    A task says by `over`, with its key, that it is. One that takes longer is cancelled, and learns by `is_late` that
    it is for that.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._loop: asyncio.AbstractEventLoop | None = None
        self._running: dict[KeyT, tuple[asyncio.Task[None], float]] = {}
        """Each with its end: in this order, because all may take the same time."""
        self._timer: asyncio.TimerHandle | None = None
        self.over: Callable[[KeyT], object] = self._running.pop

    def __iter__(self) -> Iterator[asyncio.Task[None]]:
        """Those that are not over."""
        return iter([task for task, _ in self._running.values()])

    def __len__(self) -> int:
        return len(self._running)

    def begin(self, key: KeyT, work: Coroutine[Any, Any, None]) -> None:
        """Do `work`, inside the running loop."""
        loop = self._loop
        if loop is None:
            loop = self._loop = asyncio.get_running_loop()
        end = loop.time() + self._seconds
        # what create_task does where no factory of tasks is set
        self._running[key] = asyncio.Task(work, loop=loop), end
        if self._timer is None:
            self._timer = loop.call_at(end, self._expire, loop)

    def is_late(self, key: KeyT) -> bool:
        """Whether the task was cancelled for taking too long, and for nothing else; asked once, by itself."""
        task, end = self._running[key]
        return end == _LATE and task.uncancel() == 0

    def _expire(self, loop: asyncio.AbstractEventLoop) -> None:
        self._timer = None
        now = loop.time()
        for key, (task, end) in self._running.items():
            if end > now:
                self._timer = loop.call_at(end, self._expire, loop)
                return
            if end != _LATE:
                self._running[key] = task, _LATE
                task.cancel()
