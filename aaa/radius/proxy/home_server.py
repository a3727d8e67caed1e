"""One server of another realm: what it is asked, and whether it lives."""

import asyncio
from collections.abc import Callable
from ipaddress import IPv6Address, ip_address
from typing import assert_never

from aaa.metrics import SERVER_ALIVE
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
from runtime.radius.requests import Answered, RadiusRequests, RadiusUnavailable
from runtime.secret_file import read_secret
from runtime.taps import Address, DatagramTap
from wire.radius.exchange import Timers
from wire.radius.messages import status_server
from wire.sansio import RandomBytes

log = get_logger("aaa.radius.proxy")


class HomeServer:
    """Made inside a running loop; ConfigError when its secret file is unusable."""

    def __init__(self, config: HomeServerConfig, *, random: RandomBytes, capture: DatagramTap | None = None) -> None:
        self.name = config.name
        self.secret = read_secret(config.secret_file)
        self._random = random
        timers = Timers(irt=min(2.0, config.window / 2), mrd=config.window)
        self._probe = Timers(irt=config.window, mrc=1, mrd=config.window)

        def requests(server: Address) -> RadiusRequests:
            local = "::" if isinstance(ip_address(server[0]), IPv6Address) else "0.0.0.0"
            return RadiusRequests(
                server=server, secret=self.secret, local=local, timers=timers, random=random, capture=capture
            )

        self._auth = requests(config.auth)
        self._acct = None if config.acct is None else requests(config.acct)
        self._health = Health(misses=config.misses, probe_every=config.probe_every)
        loop = asyncio.get_running_loop()
        self._driver: Driver[Event, Effect] = Driver(
            self._health, self._perform, clock=loop.time, call_later=loop.call_later
        )
        self._tasks: set[asyncio.Task[None]] = set()
        REGISTRY.sample(self, lambda: SERVER_ALIVE.set(self.lives, self.name))

    @property
    def lives(self) -> bool:
        """Whether it is worth asking."""
        return self._health.lives

    async def ask(self, build: Callable[[int], bytes], *, accounting: bool) -> Answered:
        """Its answer to what `build` makes; RadiusUnavailable when there is none in its window."""
        requests = self._acct if accounting else self._auth
        if requests is None:
            raise RadiusUnavailable(f"RADIUS server {self.name} takes no accounting")
        try:
            answered = await requests.ask(build)
        except RadiusUnavailable:
            self._driver.feed(AnswerMissed())
            raise
        self._driver.feed(AnswerArrived())
        return answered

    async def close(self) -> None:
        """End every wait."""
        REGISTRY.forget(self)
        self._driver.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for requests in (self._auth, self._acct):
            if requests is not None:
                requests.close()

    def _perform(self, effect: Effect) -> None:
        match effect:
            case SendProbe():
                task = asyncio.get_running_loop().create_task(self._ask_whether_it_lives())
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)
            case Died():
                log.warning("server dead", cause="it leaves requests unanswered", server=self.name)
            case Revived():
                log.info("server alive", server=self.name)
            case _:
                assert_never(effect)

    async def _ask_whether_it_lives(self) -> None:
        def build(identifier: int) -> bytes:
            return status_server(identifier=identifier, authenticator=self._random(16), secret=self.secret)

        try:
            await self._auth.ask(build, self._probe)
        except RadiusUnavailable:
            self._driver.feed(ProbeMissed())
        else:
            self._driver.feed(AnswerArrived())
