"""One timer for many waits of the same length; asyncio.timeout sets one for each, dearer than most requests."""

import asyncio
from collections import deque
from types import TracebackType
from typing import Any


class SharedTimeout:
    """Waits of `seconds` each, on the loop of the first; `limit()` is what stands around one of them."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.loop: asyncio.AbstractEventLoop | None = None
        # in the order of their ends, because all are of one length; those that are over go when they come first
        self._limits: deque[_Limit] = deque()
        self._timer: asyncio.TimerHandle | None = None

    def limit(self) -> "_Limit":
        """A context that raises TimeoutError when what is awaited in it takes longer, as asyncio.timeout does."""
        return _Limit(self)

    def begin(self, limit: "_Limit", loop: asyncio.AbstractEventLoop) -> None:
        """Count from now."""
        limits = self._limits
        while limits and limits[0].is_over:
            limits.popleft()
        limits.append(limit)
        limit.end = loop.time() + self.seconds
        if self._timer is None:
            self._timer = loop.call_at(limit.end, self._expire, loop)

    def _expire(self, loop: asyncio.AbstractEventLoop) -> None:
        self._timer = None
        now, limits = loop.time(), self._limits
        while limits:
            if not limits[0].is_over:
                if limits[0].end > now:
                    self._timer = loop.call_at(limits[0].end, self._expire, loop)
                    return
                limits[0].expire()
            limits.popleft()


class _Limit:
    """One wait of one task."""

    __slots__ = ("_cancelling", "_expired", "_shared", "_task", "end", "is_over")

    def __init__(self, shared: SharedTimeout) -> None:
        self._shared = shared
        self._expired = False
        self._task: asyncio.Task[Any] | None = None
        self._cancelling = 0
        self.end = 0.0
        self.is_over = False

    def __enter__(self) -> None:
        shared = self._shared
        loop = shared.loop
        if loop is None:
            loop = shared.loop = asyncio.get_running_loop()
        task = self._task = asyncio.current_task()
        if task is None:
            raise RuntimeError("a wait is limited inside a task")
        self._cancelling = task.cancelling()
        shared.begin(self, loop)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.is_over = True
        task, self._task = self._task, None
        if self._expired and task is not None:
            # somebody else may have cancelled the task as well: then it is cancelled, and not out of time
            alone = task.uncancel() <= self._cancelling
            if alone and kind is not None and issubclass(kind, asyncio.CancelledError):
                raise TimeoutError from error

    def expire(self) -> None:
        """Wake the task."""
        self._expired = True
        if self._task is not None:
            self._task.cancel()
