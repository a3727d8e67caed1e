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
        """A context that raises TimeoutError when what is awaited in it takes longer, as asyncio.timeout does."""
        return _Limit(self)

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

    __slots__ = ("_cancelling", "_has_expired", "_shared", "_task")

    def __init__(self, shared: SharedTimeout) -> None:
        self._shared = shared
        self._has_expired = False

    def __enter__(self) -> None:
        shared = self._shared
        loop = shared.loop
        if loop is None:
            loop = shared.loop = asyncio.get_running_loop()
        task = asyncio.current_task()
        if task is None:
            raise RuntimeError("a wait is limited inside a task")
        self._task = task
        self._cancelling = task.cancelling()
        end = shared.ends[self] = loop.time() + shared.seconds
        if shared.timer is None:
            shared.timer = loop.call_at(end, shared.expire, loop)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._shared.ends.pop(self, None)
        if self._has_expired:
            # somebody else may have cancelled the task as well: then it is cancelled, and not out of time
            alone = self._task.uncancel() <= self._cancelling
            if alone and kind is not None and issubclass(kind, asyncio.CancelledError):
                raise TimeoutError from error

    def expire(self) -> None:
        """Wake the task."""
        self._has_expired = True
        self._task.cancel()
