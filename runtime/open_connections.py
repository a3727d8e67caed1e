"""Which connections of a node are not over yet: it must not end before them."""

import asyncio
from typing import Generic, TypeVar

ConnectionT = TypeVar("ConnectionT")


class OpenConnections(Generic[ConnectionT]):
    """A TLS connection that was closed is over only when the peer has said so too, which takes a way there and back.

    A loop that ends before leaves its socket open.
    """

    def __init__(self) -> None:
        self._present: set[ConnectionT] = set()
        self._changed = asyncio.Event()

    @property
    def left(self) -> tuple[ConnectionT, ...]:
        """Those that are not over."""
        return tuple(self._present)

    def note_made(self, connection: ConnectionT) -> None:
        """It is up."""
        self._present.add(connection)

    def note_lost(self, connection: ConnectionT) -> None:
        """It is over."""
        self._present.discard(connection)
        self._changed.set()

    async def ended(self, within: float) -> bool:
        """Return when all are over, or after `within` seconds; whether they are."""
        try:
            async with asyncio.timeout(within):
                while self._present:
                    self._changed.clear()
                    await self._changed.wait()
        except TimeoutError:
            return False
        return True
