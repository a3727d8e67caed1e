"""One timer for many waits of the same length; asyncio.timeout sets one for each, dearer than most requests."""

import asyncio
from collections import deque
from types import TracebackType


class SharedTimeout:
    """Waits of `seconds` each, on the loop of the first; `limit()` is what stands around one of them."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.loop: asyncio.AbstractEventLoop | None = None
        # in the order of their ends, because all are of one length; those that are over go when they come first
        self.limits: deque[_Limit] = deque()
        self.timer: asyncio.TimerHandle | None = None

    def limit(self) -> "_Limit":
        """A context that raises TimeoutError when what is awaited in it takes longer, as asyncio.timeout does."""
        return _Limit(self)

    def expire(self, loop: asyncio.AbstractEventLoop) -> None:
        """Wake who has waited too long, and set the timer for who is the next."""
        self.timer = None
        now, limits = loop.time(), self.limits
        while limits:
            first = limits[0]
            if first.task is not None:
                if first.end > now:
                    self.timer = loop.call_at(first.end, self.expire, loop)
                    return
                first.has_expired = True
                first.task.cancel()
            limits.popleft()


class _Limit:
    """One wait of one `task`, which is None again when it is over."""

    __slots__ = ("_cancelling", "_shared", "end", "has_expired", "task")

    def __init__(self, shared: SharedTimeout) -> None:
        self._shared = shared
        self.has_expired = False

    def __enter__(self) -> None:
        shared = self._shared
        loop = shared.loop
        if loop is None:
            loop = shared.loop = asyncio.get_running_loop()
        task = self.task = asyncio.current_task()
        if task is None:
            raise RuntimeError("a wait is limited inside a task")
        self._cancelling = task.cancelling()
        self.end = loop.time() + shared.seconds
        limits = shared.limits
        while limits and limits[0].task is None:
            limits.popleft()
        limits.append(self)
        if shared.timer is None:
            shared.timer = loop.call_at(self.end, shared.expire, loop)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        task, self.task = self.task, None
        if self.has_expired and task is not None:
            # somebody else may have cancelled the task as well: then it is cancelled, and not out of time
            alone = task.uncancel() <= self._cancelling
            if alone and kind is not None and issubclass(kind, asyncio.CancelledError):
                raise TimeoutError from error
