"""Connections of HTTP: whence they may come, how many there may be, and that they say something in time."""

import asyncio
from collections.abc import Sequence
from ipaddress import ip_address
from typing import Protocol, cast

from structlog.typing import FilteringBoundLogger
from uvicorn.protocols.http.h11_impl import H11Protocol

from runtime.config import Network
from runtime.log_limit import LogLimit

FIRST_REQUEST = 10.0
"""Seconds within which a connection must bring the head of a request."""


class Admits(Protocol):
    """A section of the configuration that says who may connect, and how many at once."""

    @property
    def addresses(self) -> Sequence[Network]:
        """Whence."""

    @property
    def connections(self) -> int:
        """How many."""


def protocol(config: Admits, section: str, log: FilteringBoundLogger) -> type[H11Protocol]:
    """uvicorn's protocol, with the limits of `config`, which is `section` of the file."""
    lines = LogLimit()

    class Bounded(H11Protocol):
        """One connection."""

        _in_time: asyncio.TimerHandle | None = None

        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
            """Close what may not come, or is one too many."""
            super().connection_made(transport)
            cause = self._refusal()
            if cause is None:
                self._in_time = self.loop.call_later(FIRST_REQUEST, self._require_request)
                return
            withheld = lines.allow(cause.split(" ", 1)[0], self.loop.time())
            if withheld is not None:
                log.warning("connection refused", cause=cause, withheld=withheld)
            transport.abort()

        def connection_lost(self, exc: Exception | None) -> None:
            """Wait for nothing any more."""
            if self._in_time is not None:
                self._in_time.cancel()
            super().connection_lost(exc)

        def _refusal(self) -> str | None:
            host = self.client[0] if self.client else ""
            if not may_come(config, host):
                return f"{host} is none of the addresses of [{section}]"
            if len(self.connections) > config.connections:
                return f"too many connections: {config.connections} are there"
            return None

        def _require_request(self) -> None:
            if cast("object", self.scope) is None:
                self.transport.abort()

    return Bounded


def may_come(config: Admits, host: str) -> bool:
    """Whether `host`, a literal address, is one of those that `config` names."""
    return any(_within(host, network) for network in config.addresses)


def _within(host: str, network: Network) -> bool:
    try:
        return ip_address(host) in network
    except ValueError:
        return False
