"""Connections that a peer's machine has ended: each closes when what came by it is answered or soon (RFC 6733 §5.4)."""

import asyncio

from runtime.diameter.connection import Connection
from runtime.diameter.service import RequestService
from wire.diameter.framing import FramingError

SECONDS = 2.0
"""That a node which leaves gives to answers: its supervisor has less patience than a handler may need."""


class Parting:
    """Hears the end of connections for the link that had them, and sets `changed` at each.

    Once the node is `leaving`, a connection goes on until `service` serves nothing any more: whoever has been let in,
    or given a vector, is to hear of it, and the peer that has said DPA asks nothing new.
    """

    def __init__(self, service: RequestService, changed: asyncio.Event) -> None:
        self.leaving = False
        self._service = service
        self._changed = changed
        self._unanswered: list[tuple[Connection, str]] = []

    def end(self, connection: Connection, cause: str) -> None:
        """Close it, now or in `finish`."""
        connection.receiver = self
        if self.leaving and self._service.serving:
            self._unanswered.append((connection, cause))
        else:
            connection.close(cause)

    async def finish(self, within: float) -> None:
        """Wait for the answers that are still to be sent, for so many seconds at most, and close."""
        if self._unanswered and within > 0.0:
            await self._service.drained(within)
        for connection, cause in self._unanswered:
            connection.close(cause)
        self._unanswered.clear()

    # --- Receiver -----------------------------------------------------------------------------------------------------

    def connection_made(self, connection: Connection) -> None:
        """It was made long ago."""

    def message_arrived(self, connection: Connection, octets: bytes) -> None:
        """Too late."""

    def framing_lost(self, connection: Connection, fault: FramingError) -> None:
        """Too late."""

    def connection_closed(self, _connection: Connection, _cause: str) -> None:
        """Gone at last."""
        self._changed.set()
