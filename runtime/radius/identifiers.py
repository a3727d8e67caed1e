"""Request Identifiers of a RADIUS client: 256 on each socket, the least recently used first (RFC 5080 §2.2.2)."""

from collections import deque
from dataclasses import dataclass

PER_SOCKET = 256


@dataclass(frozen=True, slots=True)
class Slot:
    """One Identifier on one socket, the sockets counted from 0."""

    socket: int
    identifier: int


class IdentifierPool:
    """Hands slots out and takes them back; a further socket is wanted only when every one before it is full."""

    def __init__(self, max_sockets: int) -> None:
        self._max_sockets = max_sockets
        self._sockets = 0
        self._free: deque[Slot] = deque()

    def take(self) -> Slot | None:
        """A free slot, None when `max_sockets` times 256 requests wait."""
        if not self._free and self._sockets < self._max_sockets:
            self._free.extend(Slot(self._sockets, identifier) for identifier in range(PER_SOCKET))
            self._sockets += 1
        return self._free.popleft() if self._free else None

    def release(self, slot: Slot) -> None:
        """The request of this slot was answered or has timed out."""
        self._free.append(slot)
