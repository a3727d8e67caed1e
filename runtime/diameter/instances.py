"""One named peer that may be several processes, each with a connection of its own (RFC 6733 §2.1)."""

import asyncio
from collections.abc import Sequence

from runtime.diameter.connection import Connection
from runtime.diameter.link import Link
from runtime.diameter.settings import DiameterUnavailable
from wire.diameter.capabilities import PeerPolicy
from wire.diameter.enumerations import DisconnectCause
from wire.diameter.message import Message


class PeerInstances:
    """As many links as the peer may have connections; each is a peer state machine of its own."""

    def __init__(self, links: Sequence[Link]) -> None:
        self._links = list(links)

    @property
    def policy(self) -> PeerPolicy:
        """Who it is, and what it may ask."""
        return self._links[0].policy

    @property
    def links(self) -> Sequence[Link]:
        """One for each connection that there may be."""
        return self._links

    @property
    def open(self) -> bool:
        """Whether any of its processes can be asked now."""
        return any(link.open for link in self._links)

    def offer(self, connection: Connection, cer: Message) -> None:
        """A connection that one of its processes made; where all links have one, the first judges (RFC 6733 §5.6)."""
        free = next((link for link in self._links if link.is_free), self._links[0])
        free.offer(connection, cer)

    async def request(self, message: Message, within: float | None = None) -> Message:
        """Ask one of its processes, in turn; DiameterUnavailable when none gives an answer."""
        for _ in self._links:
            link = self._links.pop(0)
            self._links.append(link)
            if link.open:
                return await link.request(message, within)
        raise DiameterUnavailable(f"{self.policy.name} is not connected")

    async def close(self, cause: DisconnectCause = DisconnectCause.REBOOTING) -> None:
        """Take leave of all of them."""
        await asyncio.gather(*(link.close(cause) for link in self._links))
