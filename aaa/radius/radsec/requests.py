"""Requests of ours to a client, back over the TLS connection that it made (RFC 6614 §2.1: all codes on one connection).

Nothing is retransmitted on it (RFC 6613 §2.4): the stream carries a request there or ends.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import assert_never

from runtime.driver import Driver
from runtime.logs import get_logger
from runtime.radius.identifiers import IdentifierPool, Slot
from wire.radius.exchange import ANSWERS as EXPECTED
from wire.radius.exchange import (
    Begun,
    DatagramArrived,
    Deliver,
    Drop,
    Effect,
    Event,
    GiveUp,
    RadiusExchange,
    Timers,
    Transmit,
)
from wire.radius.packet import Code
from wire.sansio import RandomBytes
from wire.secret import Secret

log = get_logger("aaa.radius.radsec")

LIMIT = 5.0
"""Seconds that a client has for its answer."""

ANSWERS = frozenset({Code.DISCONNECT_ACK, Code.DISCONNECT_NAK, Code.COA_ACK, Code.COA_NAK})


class NoAnswer(Exception):
    """The client gave none; the message is one line that says why."""


@dataclass(frozen=True, slots=True)
class _Asked:
    """A request in flight: its driver, who waits, and the codes that may answer it."""

    driver: Driver[Event, Effect]
    answer: "asyncio.Future[bytes]"
    answers: frozenset[Code]


class RadsecRequests:
    """What is asked on one connection, 256 requests at once at most; `send` writes a packet to it.

    `broken` hears why nothing on it can be believed any more, after an answer that is not proved (RFC 6613 §2.6.4).
    """

    def __init__(
        self, send: Callable[[bytes], None], broken: Callable[[str], None], secret: Secret, random: RandomBytes
    ) -> None:
        self._send = send
        self._broken = broken
        self._secret = secret
        self._random = random
        self._pool = IdentifierPool(1)
        self._asked: dict[int, _Asked] = {}

    async def ask(self, build: Callable[[int], bytes], within: float = LIMIT) -> bytes:
        """The proved answer to what `build` makes for an Identifier, a sealed request; NoAnswer without one."""
        slot = self._pool.take()
        if slot is None:
            raise NoAnswer("every RADIUS Identifier of its connection waits")
        try:
            return await self._ask(slot, build(slot.identifier), within)
        finally:
            self._pool.release(slot)

    def take(self, octets: bytes) -> None:
        """An answer has come; one that nobody waits for is dropped."""
        asked = self._asked.get(octets[1])
        if asked is not None and octets[0] in asked.answers:
            asked.driver.feed(DatagramArrived(octets))
        else:
            log.debug("packet dropped", cause="no request waits for it")

    def close(self) -> None:
        """The connection is gone."""
        for asked in self._asked.values():
            _fail(asked.answer, "its connection was lost")

    async def _ask(self, slot: Slot, request: bytes, within: float) -> bytes:
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[bytes] = loop.create_future()
        once = Timers(irt=within, mrc=1, mrd=within)
        exchange = RadiusExchange(request, self._secret, random=self._random, timers=once)

        def perform(effect: Effect) -> None:
            match effect:
                case Transmit(octets):
                    self._send(octets)
                case Deliver(_, octets):
                    if not answer.done():
                        answer.set_result(octets)
                case GiveUp(cause):
                    _fail(answer, cause)
                case Drop(cause):
                    self._broken(cause)
                case _:
                    assert_never(effect)

        driver = Driver(exchange, perform, clock=loop.time, call_later=loop.call_later)
        self._asked[slot.identifier] = _Asked(driver, answer, EXPECTED[request[0]])
        try:
            driver.feed(Begun())
            return await answer
        finally:
            driver.close()
            del self._asked[slot.identifier]


def _fail(waiting: "asyncio.Future[bytes]", cause: str) -> None:
    if not waiting.done():
        waiting.set_exception(NoAnswer(cause))
