"""One timer for many waits of the same length; asyncio.timeout sets one for each, dearer than most requests."""

import asyncio
from collections import OrderedDict
from types import TracebackType
from typing import Any


class SharedTimeout:
    """Waits of `seconds` each, on the loop of the first; `limit()` is what stands around one of them."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._loop: asyncio.AbstractEventLoop | None = None
        # in the order of their ends, because all are of one length
        self._limits: OrderedDict[_Limit, float] = OrderedDict()
        self._timer: asyncio.TimerHandle | None = None

    def limit(self) -> "_Limit":
        """A context that raises TimeoutError when what is awaited in it takes longer, as asyncio.timeout does."""
        return _Limit(self)

    def begin(self, limit: "_Limit") -> "asyncio.Task[Any] | None":
        """Count from now for the task that runs."""
        loop = self._loop
        if loop is None:
            loop = self._loop = asyncio.get_running_loop()
        self._limits[limit] = end = loop.time() + self.seconds
        if self._timer is None:
            self._timer = loop.call_at(end, self._expire, loop)
        return asyncio.current_task()

    def end(self, limit: "_Limit") -> None:
        """Count no more; the timer stays, because the next wait needs one as well."""
        self._limits.pop(limit, None)

    def _expire(self, loop: asyncio.AbstractEventLoop) -> None:
        self._timer = None
        now = loop.time()
        while self._limits:
            limit, end = next(iter(self._limits.items()))
            if end > now:
                self._timer = loop.call_at(end, self._expire, loop)
                return
            del self._limits[limit]
            limit.expire()


class _Limit:
    """One wait of one task."""

    __slots__ = ("_cancelling", "_expired", "_shared", "_task")

    def __init__(self, shared: SharedTimeout) -> None:
        self._shared = shared
        self._expired = False
        self._task: asyncio.Task[Any] | None = None
        self._cancelling = 0

    def __enter__(self) -> None:
        task = self._task = self._shared.begin(self)
        if task is None:
            self._shared.end(self)
            raise RuntimeError("a wait is limited inside a task")
        self._cancelling = task.cancelling()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._shared.end(self)
        if self._expired and self._task is not None:
            # somebody else may have cancelled the task as well: then it is cancelled, and not out of time
            alone = self._task.uncancel() <= self._cancelling
            if alone and kind is not None and issubclass(kind, asyncio.CancelledError):
                raise TimeoutError from error

    def expire(self) -> None:
        """Wake the task."""
        self._expired = True
        if self._task is not None:
            self._task.cancel()
