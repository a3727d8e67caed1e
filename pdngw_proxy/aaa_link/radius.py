"""The AAA link over RADIUS: sockets, timers, and one exchange for each round (RFC 3579)."""

import asyncio
import secrets
from dataclasses import dataclass
from functools import partial
from ipaddress import IPv4Address, IPv6Address
from typing import assert_never

from pdngw_proxy.aaa_link.config import RadiusLinkConfig
from pdngw_proxy.aaa_link.identifiers import IdentifierPool, Slot
from pdngw_proxy.aaa_link.port import RelayAnswer, RelayReject, RelayRequest, RelayUnavailable, SessionKeeper
from pdngw_proxy.aaa_link.radius_client import (
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
from pdngw_proxy.aaa_link.radius_messages import Nas, to_answer, to_attributes
from runtime.driver import Driver
from runtime.log_limit import LogLimit
from runtime.logs import get_logger
from runtime.secret_file import read_secret
from runtime.taps import Address, DatagramTap
from runtime.udp import UdpEndpoint
from wire.errors import EncodeError
from wire.radius.messages import access_request
from wire.sansio import RandomBytes
from wire.secret import Secret

log = get_logger("pdngw.radius")


@dataclass(frozen=True, slots=True)
class _Asked:
    """A request in flight: its driver, and who waits."""

    driver: Driver[Event, Effect]
    answer: asyncio.Future[RelayAnswer]


class RadiusLink:
    """One AAA server over UDP; implements `AaaLink`. Sockets are opened when they are needed."""

    def __init__(
        self,
        *,
        server: Address,
        secret: Secret,
        nas: Nas,
        timers: Timers | None = None,
        max_sockets: int = 16,
        random: RandomBytes = secrets.token_bytes,
        capture: DatagramTap | None = None,
    ) -> None:
        self._server = server
        self._secret = secret
        self._nas = nas
        self._timers = timers or Timers()
        self._random = random
        self._capture = capture
        self._pool = IdentifierPool(max_sockets)
        self._endpoints: list[UdpEndpoint] = []
        self._asked: dict[Slot, _Asked] = {}
        self._lines = LogLimit()
        self._closed = False

    @classmethod
    def of(
        cls,
        config: RadiusLinkConfig,
        address: IPv4Address | IPv6Address,
        *,
        random: RandomBytes = secrets.token_bytes,
        capture: DatagramTap | None = None,
    ) -> "RadiusLink":
        """The link that `config` describes, from the gateway's own `address`; ConfigError for its secret file."""
        return cls(
            server=(config.aaa.host, config.aaa.port),
            secret=read_secret(config.secret_file),
            nas=Nas(config.nas_identifier, address),
            timers=Timers(mrd=config.limit),
            max_sockets=config.max_sockets,
            random=random,
            capture=capture,
        )

    async def authenticate(self, request: RelayRequest) -> RelayAnswer:
        """One round; RelayUnavailable after the limit, or at once when every Identifier of every socket waits."""
        slot = None if self._closed else self._pool.take()
        if slot is None:
            return RelayUnavailable("the RADIUS link is closed" if self._closed else "every RADIUS Identifier waits")
        try:
            octets = self._request(request, slot)
            endpoint = self._endpoint(slot)
        except EncodeError as error:
            self._pool.release(slot)
            return RelayReject(b"", f"no RADIUS packet carries this request: {error}")
        except OSError as error:
            self._pool.release(slot)
            return RelayUnavailable(f"no socket towards the RADIUS server: {error.strerror}")
        asked = self._ask(octets, endpoint)
        self._asked[slot] = asked
        try:
            asked.driver.feed(Begun())
            return await asked.answer
        finally:
            asked.driver.close()
            del self._asked[slot]
            self._pool.release(slot)

    async def end_session(self, session: str, user_name: str | None) -> None:
        """Nothing: RADIUS tells the end of a session by accounting alone."""

    def obey(self, keeper: SessionKeeper) -> None:
        """Nothing is listened to: RADIUS would want Disconnect and CoA for it (RFC 5176)."""

    async def close(self) -> None:
        """End every wait and free the sockets."""
        self._closed = True
        for asked in self._asked.values():
            _settle(asked.answer, RelayUnavailable("the RADIUS link is closed"))
        for endpoint in self._endpoints:
            endpoint.close()

    def _request(self, request: RelayRequest, slot: Slot) -> bytes:
        return access_request(
            identifier=slot.identifier,
            authenticator=self._random(16),
            secret=self._secret,
            attributes=to_attributes(request, self._nas),
            eap=request.eap,
        )

    def _endpoint(self, slot: Slot) -> UdpEndpoint:
        while slot.socket >= len(self._endpoints):
            deliver = partial(self._take, len(self._endpoints))
            endpoint = UdpEndpoint.bind((str(self._nas.address), 0), deliver, capture=self._capture)
            self._endpoints.append(endpoint)
        return self._endpoints[slot.socket]

    def _ask(self, octets: bytes, endpoint: UdpEndpoint) -> _Asked:
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[RelayAnswer] = loop.create_future()
        exchange = RadiusExchange(octets, self._secret, random=self._random, timers=self._timers)

        def perform(effect: Effect) -> None:
            match effect:
                case Transmit(request):
                    endpoint.send(request, self._server)
                case Deliver(packet):
                    _settle(answer, to_answer(packet, secret=self._secret, request_authenticator=octets[4:20]))
                case GiveUp(cause):
                    _settle(answer, RelayUnavailable(f"RADIUS server {_text(self._server)}: {cause}"))
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


def _settle(waiting: asyncio.Future[RelayAnswer], answer: RelayAnswer) -> None:
    if not waiting.done():
        waiting.set_result(answer)


def _text(address: Address) -> str:
    return f"{address[0]}:{address[1]}"
