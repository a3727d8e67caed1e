"""Several RADIUS servers as one: the first that lives is asked, and the next when it does not answer.

A conversation stays where it began, for State is its server's own (RFC 2865 §5.24).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from runtime.logs import get_logger
from runtime.radius.requests import Answered, RadiusRequests, RadiusSilent, RadiusUnavailable
from wire.radius.exchange import Timers
from wire.secret import Secret

log = get_logger("pdngw.radius")

DEAD_TIME = 30.0
"""Seconds for which a server that did not answer is asked last."""

Build = Callable[[int, Secret], bytes]
"""A sealed request, of an Identifier and the secret shared with the server that will get it."""


@dataclass(slots=True, eq=False)
class RadiusServer:
    """One server; `dead_until` is on the clock of RadiusServers, 0 once it has answered."""

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

    def secret(self, number: int) -> Secret:
        """What is shared with the server of that number."""
        return self._servers[number].secret

    async def ask(self, build: Build, preferred: int | None = None) -> tuple[Answered, int]:
        """The first answer, with the number of the server that gave it; RadiusUnavailable when nobody gives one.

        `preferred` is the number of the server that has begun what the request goes on with.
        """
        causes = list[str]()
        for number in self._order(preferred):
            server = self._servers[number]
            self._begin(server)
            try:
                answered = await server.requests.ask(partial(_built, build, server.secret), self._timers)
            except RadiusUnavailable as error:
                causes.append(str(error))
                if isinstance(error, RadiusSilent):
                    self._died(server, str(error))
            else:
                server.dead_until = 0.0
                return answered, number
        raise RadiusUnavailable("; ".join(causes))

    def close(self) -> None:
        """End every wait and free the sockets."""
        for server in self._servers:
            server.requests.close()

    def _order(self, preferred: int | None) -> list[int]:
        now = self._clock()
        numbers = range(len(self._servers))
        return sorted(numbers, key=lambda number: (self._servers[number].dead_until > now, number != preferred))

    def _begin(self, server: RadiusServer) -> None:
        """One request finds out whether a server lives again; the others need not wait for it too."""
        if server.dead_until and len(self._servers) > 1:
            server.dead_until = max(server.dead_until, self._clock() + DEAD_TIME)

    def _died(self, server: RadiusServer, cause: str) -> None:
        if len(self._servers) > 1:
            log.warning("RADIUS server does not answer", server=server.name, cause=cause)
        server.dead_until = self._clock() + DEAD_TIME


def _built(build: Build, secret: Secret, identifier: int) -> bytes:
    return build(identifier, secret)
