"""One server of another realm: what it is asked, and whether its ports live."""

import asyncio
from collections.abc import Callable
from ipaddress import IPv6Address, ip_address
from typing import assert_never

from aaa.metrics import SERVER_ALIVE
from aaa.radius.listening import address_text
from aaa.radius.proxy.config import HomeServerConfig
from aaa.radius.proxy.health import (
    AnswerArrived,
    AnswerMissed,
    Died,
    Effect,
    Event,
    Health,
    ProbeMissed,
    Revived,
    SendProbe,
)
from runtime.driver import Driver
from runtime.logs import get_logger
from runtime.metrics.families import REGISTRY
from runtime.radius.requests import Answered, RadiusRequests, RadiusSilent, RadiusUnavailable
from runtime.secret_file import read_secret
from runtime.taps import Address, DatagramTap
from wire.radius.exchange import Timers
from wire.radius.messages import status_server
from wire.sansio import RandomBytes

log = get_logger("aaa.radius.proxy")

Probe = Callable[[int], bytes]
"""Makes a Status-Server for an Identifier."""


class Destination:
    """One port of a server, made inside a running loop: each (IP, port) lives or is dead by itself (RFC 5997 §4.3)."""

    def __init__(
        self, name: str, address: Address, config: HomeServerConfig, requests: RadiusRequests, probe: Probe
    ) -> None:
        self.requests = requests
        self._about = {"server": name, "address": address_text(address)}
        self._probe = probe
        self._once = Timers(irt=config.window, mrc=1, mrd=config.window)
        self._health = Health(misses=config.misses, probe_every=config.probe_every, probes=config.status_server)
        loop = asyncio.get_running_loop()
        self._driver: Driver[Event, Effect] = Driver(
            self._health, self._perform, clock=loop.time, call_later=loop.call_later
        )
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def lives(self) -> bool:
        """Whether it is worth asking."""
        return self._health.lives

    async def ask(self, build: Callable[[int], bytes]) -> Answered:
        """Its answer to what `build` makes; RadiusUnavailable when there is none in its window."""
        try:
            answered = await self.requests.ask(build)
        except RadiusSilent:
            # what could not be asked at all says nothing of the server
            self._driver.feed(AnswerMissed())
            raise
        self._driver.feed(AnswerArrived())
        return answered

    async def close(self) -> None:
        """End every wait."""
        self._driver.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self.requests.close()

    def _perform(self, effect: Effect) -> None:
        match effect:
            case SendProbe():
                task = asyncio.get_running_loop().create_task(self._ask_whether_it_lives())
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)
            case Died():
                log.warning("server dead", cause="it leaves requests unanswered", **self._about)
            case Revived():
                log.info("server alive", **self._about)
            case _:
                assert_never(effect)

    async def _ask_whether_it_lives(self) -> None:
        try:
            await self.requests.ask(self._probe, self._once)
        except RadiusUnavailable:
            self._driver.feed(ProbeMissed())
        else:
            self._driver.feed(AnswerArrived())


class HomeServer:
    """Its ports for authentication and accounting; ConfigError when its secret file is unusable."""

    def __init__(self, config: HomeServerConfig, *, random: RandomBytes, capture: DatagramTap | None = None) -> None:
        self.name = config.name
        self.secret = read_secret(config.secret_file)
        timers = Timers(irt=min(2.0, config.window / 2), mrd=config.window)

        def probe(identifier: int) -> bytes:
            return status_server(identifier=identifier, authenticator=random(16), secret=self.secret)

        def destination(server: Address) -> Destination:
            local = "::" if isinstance(ip_address(server[0]), IPv6Address) else "0.0.0.0"
            requests = RadiusRequests(
                server=server, secret=self.secret, local=local, timers=timers, random=random, capture=capture
            )
            return Destination(config.name, server, config, requests, probe)

        self._auth = destination(config.auth)
        if config.acct is None:
            self._acct = None
        else:
            self._acct = self._auth if config.acct == config.auth else destination(config.acct)
        REGISTRY.sample(self, lambda: SERVER_ALIVE.set(self.lives, self.name))

    @property
    def lives(self) -> bool:
        """Whether every port of it is worth asking."""
        return self._auth.lives and self.serves(accounting=True)

    def serves(self, *, accounting: bool) -> bool:
        """Whether the port for it is worth asking; one that is not there says so when it is asked."""
        port = self._acct if accounting else self._auth
        return port is None or port.lives

    async def ask(self, build: Callable[[int], bytes], *, accounting: bool) -> Answered:
        """Its answer to what `build` makes; RadiusUnavailable when there is none in its window."""
        port = self._acct if accounting else self._auth
        if port is None:
            raise RadiusUnavailable(f"RADIUS server {self.name} takes no accounting")
        return await port.ask(build)

    async def close(self) -> None:
        """End every wait."""
        REGISTRY.forget(self)
        for port in (self._auth, self._acct):
            if port is not None:
                await port.close()
