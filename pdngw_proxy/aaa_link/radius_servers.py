"""Several RADIUS servers as one: the first that lives is asked, and the next when it does not answer."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from runtime.logs import get_logger
from runtime.radius.requests import Answered, RadiusRequests, RadiusUnavailable
from wire.radius.exchange import Timers
from wire.secret import Secret

log = get_logger("pdngw.radius")

DEAD_TIME = 30.0
"""Seconds for which a server that did not answer is asked last."""

Build = Callable[[int, Secret], bytes]
"""A sealed request, of an Identifier and the secret shared with the server that will get it."""


@dataclass(slots=True, eq=False)
class RadiusServer:
    """One server; `dead_until` is on the clock of RadiusServers."""

    name: str
    requests: RadiusRequests
    secret: Secret
    dead_until: float = 0.0


class RadiusServers:
    """Asks `servers` in their order; `clock` is any monotonic one. Every request has `timers` at each server."""

    def __init__(self, servers: Sequence[RadiusServer], clock: Callable[[], float], timers: Timers) -> None:
        self._servers = servers
        self._clock = clock
        self._timers = timers

    async def ask(self, build: Build) -> tuple[Answered, Secret]:
        """The first answer, with the secret that it is under; RadiusUnavailable when nobody gives one."""
        now, causes = self._clock(), list[str]()
        for server in sorted(self._servers, key=lambda one: one.dead_until > now):
            try:
                answered = await server.requests.ask(partial(_built, build, server.secret), self._timers)
            except RadiusUnavailable as error:
                self._died(server, str(error))
                causes.append(str(error))
            else:
                server.dead_until = 0.0
                return answered, server.secret
        raise RadiusUnavailable("; ".join(causes))

    def close(self) -> None:
        """End every wait and free the sockets."""
        for server in self._servers:
            server.requests.close()

    def _died(self, server: RadiusServer, cause: str) -> None:
        if len(self._servers) > 1:
            log.warning("RADIUS server does not answer", server=server.name, cause=cause)
        server.dead_until = self._clock() + DEAD_TIME


def _built(build: Build, secret: Secret, identifier: int) -> bytes:
    return build(identifier, secret)
