"""Several RADIUS servers: who is asked first, and who next."""

from dataclasses import dataclass, field
from typing import cast

import pytest

from pdngw_proxy.aaa_link.radius_servers import DEAD_TIME, RadiusServer, RadiusServers
from runtime.radius.requests import Answered, RadiusRequests, RadiusUnavailable
from wire.radius.exchange import Timers
from wire.radius.packet import RadiusPacket
from wire.secret import Secret

TIMERS = Timers(mrd=5.0)
ANSWER = Answered(RadiusPacket(11, 1, bytes(16)), b"", bytes(16))


@dataclass
class Requests:
    """Answers when it is `alive`; `asked` is what it was sent."""

    alive: bool = True
    asked: list[bytes] = field(default_factory=list)
    closed: bool = False

    async def ask(self, build: object, timers: Timers) -> Answered:
        assert callable(build)
        assert timers == TIMERS
        self.asked.append(build(7))
        if not self.alive:
            raise RadiusUnavailable("no answer")
        return ANSWER

    def close(self) -> None:
        self.closed = True


@dataclass
class Site:
    first: Requests = field(default_factory=Requests)
    second: Requests = field(default_factory=Requests)
    now: float = 1000.0

    def servers(self) -> RadiusServers:
        both = (("first", self.first, Secret(b"one")), ("second", self.second, Secret(b"two")))
        made = [RadiusServer(name, cast("RadiusRequests", requests), secret) for name, requests, secret in both]
        return RadiusServers(made, lambda: self.now, TIMERS)


def build(identifier: int, secret: Secret) -> bytes:
    return bytes((identifier,)) + secret


async def test_first_server_is_asked_while_it_lives() -> None:
    site = Site()
    assert await site.servers().ask(build) == (ANSWER, Secret(b"one"))
    assert (site.first.asked, site.second.asked) == ([b"\x07one"], [])


async def test_next_server_is_asked_with_its_own_secret_and_goes_first_for_a_while() -> None:
    site = Site(first=Requests(alive=False))
    servers = site.servers()
    assert await servers.ask(build) == (ANSWER, Secret(b"two"))
    assert await servers.ask(build) == (ANSWER, Secret(b"two"))
    assert (site.first.asked, site.second.asked) == ([b"\x07one"], [b"\x07two", b"\x07two"])
    site.now += DEAD_TIME + 1
    site.first.alive = True
    assert await servers.ask(build) == (ANSWER, Secret(b"one"))


async def test_dead_servers_are_tried_all_the_same() -> None:
    site = Site(first=Requests(alive=False), second=Requests(alive=False))
    servers = site.servers()
    for _ in range(2):
        with pytest.raises(RadiusUnavailable, match="no answer; no answer"):
            await servers.ask(build)
    assert len(site.first.asked) == len(site.second.asked) == 2
    servers.close()
    assert site.first.closed
    assert site.second.closed
