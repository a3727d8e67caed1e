"""Requests that wait for room: the important before the rest, the oldest dropped first (RFC 6733 §7.1.3, 3004)."""

from collections import deque
from typing import Generic, TypeVar

from wire.frozen import dataclass

RequestT = TypeVar("RequestT")


@dataclass(frozen=True, slots=True)
class _Waiting(Generic[RequestT]):
    request: RequestT
    since: float


class WaitingRoom(Generic[RequestT]):
    """At most `limit` requests, none for longer than `patience` seconds: whoever asked has given up by then.

    Each has a priority, smaller going first. Where there is no room the oldest of the least important gives way, and
    that may be the one which has just come.
    """

    def __init__(self, limit: int, patience: float) -> None:
        self._limit = limit
        self._patience = patience
        self._queues: dict[int, deque[_Waiting[RequestT]]] = {}
        self._count = 0
        self.load = 0.0
        """How full it is, from 0 to 1."""
        self._counted(0)

    def __len__(self) -> int:
        return self._count

    def _counted(self, count: int) -> None:
        self._count = count
        self.load = count / self._limit if self._limit else 1.0

    def enter(self, request: RequestT, priority: int, now: float) -> list[RequestT]:
        """Wait; those that are dropped for it, `request` itself among them where it is the least important."""
        dropped = self.expired(now)
        if self._count >= self._limit:
            least = max(self._queues, default=priority)
            if not self._limit or priority > least:
                return [*dropped, request]
            dropped.append(self._take(least))
        self._queues.setdefault(priority, deque()).append(_Waiting(request, now))
        self._counted(self._count + 1)
        return dropped

    def leave(self, now: float) -> tuple[RequestT | None, list[RequestT]]:
        """The next to be served, None when nobody waits; and those who have waited for too long."""
        dropped = self.expired(now)
        return (self._take(min(self._queues)) if self._queues else None), dropped

    def expired(self, now: float) -> list[RequestT]:
        """Those who have waited for too long; they are forgotten."""
        over: list[RequestT] = []
        for priority in list(self._queues):
            # the head of each queue is its oldest
            while priority in self._queues and self._queues[priority][0].since + self._patience <= now:
                over.append(self._take(priority))
        return over

    def close(self) -> None:
        """Forget all of them."""
        self._queues.clear()
        self._counted(0)

    def _take(self, priority: int) -> RequestT:
        queue = self._queues[priority]
        taken = queue.popleft().request
        if not queue:
            del self._queues[priority]
        self._counted(self._count - 1)
        return taken
