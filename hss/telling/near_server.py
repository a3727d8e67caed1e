"""The AAA server in the HSS's own process: told of what has changed as one at a distance is, without a connection."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime

from hss.store.database import Database
from hss.telling.notice_sender import NoticeSender
from hss.telling.routes import Route
from wire.diameter.command import Identity
from wire.diameter.message import Message

NEAR = "near"

Serve = Callable[[str, Message], Awaitable[Message]]
"""Serves a RTR or PPR; DiameterUnavailable when it cannot."""


class NearServer:
    """Who can be asked, and by whom: this AAA server alone."""

    def __init__(self, identity: Identity, serve: Serve) -> None:
        self._identity = identity
        self._serve = serve

    async def request(self, peer: str, message: Message) -> Message:
        """The RTA or PPA."""
        return await self._serve(peer, message)

    def reachable(self) -> dict[str, Route]:
        """Always itself, whichever case its name is written in."""
        return {self._identity.origin_host.lower(): Route(NEAR, self._identity.origin_realm)}


@asynccontextmanager
async def telling(database: Database, hss: Identity, aaa: Identity, serve: Serve) -> AsyncIterator[None]:
    """Let `aaa` hear of every notice in `database` that is for it, for as long as the context lasts."""
    near = NearServer(aaa, serve)
    sender = NoticeSender(database, near, near, identity=hss, started=int(time.time()), now=lambda: datetime.now(UTC))
    task = asyncio.create_task(sender.run())
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
