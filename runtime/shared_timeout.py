"""One timer for many waits of the same length; asyncio.timeout sets one for each, dearer than most requests."""

import asyncio
from types import TracebackType


class SharedTimeout:
    """Waits of `seconds` each, on the loop of the first; `limit()` is what stands around one of them."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.loop: asyncio.AbstractEventLoop | None = None
        self.ends: dict[_Limit, float] = {}
        """When each wait that is not over has lasted too long: in this order, because all are of one length."""
        self.timer: asyncio.TimerHandle | None = None

    def limit(self) -> "_Limit":
        """A context, whose time runs at once: TimeoutError when what is awaited takes longer, as asyncio.timeout."""
        loop = self.loop
        if loop is None:
            loop = self.loop = asyncio.get_running_loop()
        # of whatever loop runs: a test may run each wait in a loop of its own
        task = asyncio.current_task()
        if task is None:
            raise RuntimeError("a wait is limited inside a task")
        limit = _Limit()
        limit.ends, limit.task, limit.cancelling = self.ends, task, task.cancelling()
        end = self.ends[limit] = loop.time() + self.seconds
        if self.timer is None:
            self.timer = loop.call_at(end, self.expire, loop)
        return limit

    def expire(self, loop: asyncio.AbstractEventLoop) -> None:
        """Wake who has waited too long, and set the timer for who is the next."""
        self.timer = None
        now, ends = loop.time(), self.ends
        for limit, end in tuple(ends.items()):
            if end > now:
                self.timer = loop.call_at(end, self.expire, loop)
                return
            del ends[limit]
            limit.expire()


class _Limit:
    """One wait of one task."""

    ends: "dict[_Limit, float]"
    task: "asyncio.Task[object]"
    cancelling: int
    has_expired = False

    def __enter__(self) -> None:
        """Its time runs already."""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.ends.pop(self, None)
        if self.has_expired:
            # somebody else may have cancelled the task as well: then it is cancelled, and not out of time
            alone = self.task.uncancel() <= self.cancelling
            if alone and kind is not None and issubclass(kind, asyncio.CancelledError):
                raise TimeoutError from error

    def expire(self) -> None:
        """Wake the task."""
        self.has_expired = True
        self.task.cancel()
