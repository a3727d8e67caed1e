"""Requests to one RADIUS server over UDP: Identifiers, retransmission and the proof of answers (RFC 5080 §2.2.1)."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import assert_never

from runtime.driver import Driver
from runtime.log_limit import LogLimit
from runtime.logs import get_logger
from runtime.radius.identifiers import IdentifierPool, Slot
from runtime.taps import Address, DatagramTap
from runtime.udp import UdpEndpoint
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
from wire.radius.packet import RadiusPacket
from wire.sansio import RandomBytes
from wire.secret import Secret

log = get_logger("runtime.radius")


class RadiusUnavailable(Exception):
    """No answer; the message is one line that says why."""


class RadiusSilent(RadiusUnavailable):
    """The server was asked, and nothing came back in time."""


@dataclass(frozen=True, slots=True)
class Answered:
    """An answer that is proved, as it came as well; its keys are under the authenticator of the request."""

    packet: RadiusPacket
    octets: bytes
    request_authenticator: bytes


@dataclass(frozen=True, slots=True)
class _Asked:
    """A request in flight: its driver, and who waits."""

    driver: Driver[Event, Effect]
    answer: "asyncio.Future[Answered]"


class RadiusRequests:
    """Asks `server` from `local`, an address of ours. Sockets are opened when they are needed."""

    def __init__(
        self,
        *,
        server: Address,
        secret: Secret,
        local: str,
        timers: Timers | None = None,
        max_sockets: int = 16,
        random: RandomBytes,
        capture: DatagramTap | None = None,
    ) -> None:
        self._server = server
        self._secret = secret
        self._local = local
        self._timers = timers or Timers()
        self._random = random
        self._capture = capture
        self._pool = IdentifierPool(max_sockets)
        self._endpoints: list[UdpEndpoint] = []
        self._asked: dict[Slot, _Asked] = {}
        self._lines = LogLimit()
        self._closed = False

    async def ask(self, build: Callable[[int], bytes], timers: Timers | None = None) -> Answered:
        """The answer to what `build` makes for an Identifier, a sealed request.

        RadiusSilent after the limit, RadiusUnavailable at once when every Identifier of every socket waits; EncodeError
        of `build`.
        """
        slot = None if self._closed else self._pool.take()
        if slot is None:
            raise RadiusUnavailable("the RADIUS link is closed" if self._closed else "every RADIUS Identifier waits")
        try:
            asked = self._ask(build(slot.identifier), self._endpoint(slot), timers or self._timers)
        except OSError as error:
            self._pool.release(slot)
            raise RadiusUnavailable(f"no socket towards the RADIUS server: {error.strerror}") from None
        except Exception:
            self._pool.release(slot)
            raise
        self._asked[slot] = asked
        try:
            asked.driver.feed(Begun())
            return await asked.answer
        finally:
            asked.driver.close()
            del self._asked[slot]
            self._pool.release(slot)

    def close(self) -> None:
        """End every wait and free the sockets."""
        self._closed = True
        for asked in self._asked.values():
            _fail(asked.answer, RadiusUnavailable("the RADIUS link is closed"))
        for endpoint in self._endpoints:
            endpoint.close()

    def _endpoint(self, slot: Slot) -> UdpEndpoint:
        while slot.socket >= len(self._endpoints):
            deliver = partial(self._take, len(self._endpoints))
            endpoint = UdpEndpoint.bind((self._local, 0), deliver, capture=self._capture)
            self._endpoints.append(endpoint)
        return self._endpoints[slot.socket]

    def _ask(self, octets: bytes, endpoint: UdpEndpoint, timers: Timers) -> _Asked:
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[Answered] = loop.create_future()
        exchange = RadiusExchange(octets, self._secret, random=self._random, timers=timers)

        def perform(effect: Effect) -> None:
            match effect:
                case Transmit(request):
                    endpoint.send(request, self._server)
                case Deliver(packet, answered):
                    if not answer.done():
                        answer.set_result(Answered(packet, answered, octets[4:20]))
                case GiveUp(cause):
                    _fail(answer, RadiusSilent(f"RADIUS server {_text(self._server)}: {cause}"))
                case Drop(cause):
                    self._log_dropped(cause, self._server)
                case _:
                    assert_never(effect)

        return _Asked(Driver(exchange, perform, clock=loop.time, call_later=loop.call_later), answer)

    def _take(self, socket: int, octets: bytes, source: Address) -> None:
        if source != self._server:
            self._log_dropped("it comes from another address than the RADIUS server's", source)
            return
        asked = self._asked.get(Slot(socket, octets[1])) if len(octets) > 1 else None
        if asked is None:
            log.debug("datagram dropped", cause="no request waits for it", source=_text(source))
            return
        asked.driver.feed(DatagramArrived(octets))

    def _log_dropped(self, cause: str, source: Address) -> None:
        withheld = self._lines.allow(cause, asyncio.get_running_loop().time())
        if withheld is not None:
            log.warning("datagram dropped", cause=cause, source=_text(source), withheld=withheld)


def _fail(waiting: "asyncio.Future[Answered]", error: RadiusUnavailable) -> None:
    if not waiting.done():
        waiting.set_exception(error)


def _text(address: Address) -> str:
    return f"{address[0]}:{address[1]}"
