"""Several RADIUS servers: who is asked first, and who next."""

import asyncio
from dataclasses import dataclass, field
from typing import cast

import pytest

from pdngw_proxy.aaa_link.radius_servers import DEAD_TIME, RadiusServer, RadiusServers
from runtime.radius.requests import Answered, RadiusRequests, RadiusSilent, RadiusUnavailable
from wire.radius.exchange import Timers
from wire.radius.packet import RadiusPacket
from wire.secret import Secret

TIMERS = Timers(mrd=5.0)
ANSWER = Answered(RadiusPacket(11, 1, bytes(16)), b"", bytes(16))


@dataclass
class Requests:
    """Answers when it is `alive`, else fails as `failure` says; `asked` is what it was sent.

    With `held` it takes its time, as a server that does not answer does.
    """

    alive: bool = True
    failure: RadiusUnavailable = field(default_factory=lambda: RadiusSilent("no answer"))
    held: asyncio.Event | None = None
    asked: list[bytes] = field(default_factory=list)
    closed: bool = False

    async def ask(self, build: object, timers: Timers) -> Answered:
        assert callable(build)
        assert timers == TIMERS
        self.asked.append(build(7))
        if self.held is not None:
            await self.held.wait()
        if not self.alive:
            raise self.failure
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


async def asked(servers: RadiusServers, preferred: int | None = None) -> tuple[bytes, int]:
    """By which secret, and which server, the answer came."""
    answered, number = await servers.ask(build, preferred)
    assert answered == ANSWER
    return servers.secret(number), number


async def test_first_server_is_asked_while_it_lives() -> None:
    site = Site()
    assert await asked(site.servers()) == (b"one", 0)
    assert (site.first.asked, site.second.asked) == ([b"\x07one"], [])


async def test_next_server_is_asked_with_its_own_secret_and_goes_first_for_a_while() -> None:
    site = Site(first=Requests(alive=False))
    servers = site.servers()
    assert await asked(servers) == (b"two", 1)
    assert await asked(servers) == (b"two", 1)
    assert (site.first.asked, site.second.asked) == ([b"\x07one"], [b"\x07two", b"\x07two"])
    site.now += DEAD_TIME + 1
    site.first.alive = True
    assert await asked(servers) == (b"one", 0)


async def test_dead_servers_are_tried_all_the_same() -> None:
    site = Site(first=Requests(alive=False), second=Requests(alive=False))
    servers = site.servers()
    for _ in range(2):
        with pytest.raises(RadiusUnavailable, match="no answer; no answer"):
            await asked(servers)
    assert len(site.first.asked) == len(site.second.asked) == 2
    servers.close()
    assert site.first.closed
    assert site.second.closed


async def test_one_request_alone_waits_for_a_server_that_may_live_again() -> None:
    site = Site(first=Requests(alive=False))
    servers = site.servers()
    await asked(servers)
    site.now += DEAD_TIME + 1
    site.first.held = asyncio.Event()
    waiting = asyncio.create_task(asked(servers))
    await asyncio.sleep(0)
    assert len(site.first.asked) == 2
    assert [await asked(servers) for _ in range(3)] == [(b"two", 1)] * 3
    site.first.held.set()
    assert await waiting == (b"two", 1)
    assert len(site.first.asked) == 2


async def test_conversation_goes_on_with_the_server_that_has_begun_it() -> None:
    # RFC 2865 §5.24: State is nothing to another server
    site = Site(first=Requests(alive=False))
    servers = site.servers()
    assert await asked(servers) == (b"two", 1)
    site.now += DEAD_TIME + 1
    site.first.alive = True
    assert await asked(servers, preferred=1) == (b"two", 1)
    assert await asked(servers) == (b"one", 0)
    assert await asked(servers, preferred=1) == (b"two", 1)
    site.second.alive = False
    assert await asked(servers, preferred=1) == (b"one", 0), "who begins anew elsewhere may still get in"


async def test_server_that_was_not_asked_is_not_taken_for_dead() -> None:
    busy = RadiusUnavailable("every RADIUS Identifier waits")
    site = Site(first=Requests(alive=False, failure=busy))
    servers = site.servers()
    assert await asked(servers) == (b"two", 1)
    site.first.alive = True
    assert await asked(servers) == (b"one", 0)
