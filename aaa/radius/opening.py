"""Everything of [aaa.radius] put together: UDP ports, accounting and its ledger, TLS, and the way to other realms."""

import secrets
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Protocol

from aaa.errands import ErrandDesk
from aaa.messages import AuthenticationService
from aaa.radius.accounting.server import AccountingServer
from aaa.radius.asking import RADSEC, NasAsking
from aaa.radius.clients import ClientTable, load_clients
from aaa.radius.config import RadiusConfig
from aaa.radius.listening import Take, address_text
from aaa.radius.proxy.rejections import Keep, Rejections
from aaa.radius.proxy.relay import Relay
from aaa.radius.radsec.names import load_radsec_clients
from aaa.radius.radsec.routing import Port
from aaa.radius.radsec.server import RadsecServer
from aaa.radius.returning import Returning, Tell
from aaa.radius.server import RadiusServer
from aaa.radius.suspecting import Kept
from aaa.radius.translation.agent import TranslationAgent
from hss.session_api import Session, SessionLedger
from runtime.logs import get_logger
from runtime.taps import Address, DatagramTap, StreamTap
from wire.diameter.command import Identity
from wire.radius.exchange import Timers

log = get_logger("aaa.radius")

DRAIN_LIMIT = 3.0
"""Seconds that a stop gives to what is in progress."""

OpenLedger = Callable[[], AbstractAsyncContextManager[SessionLedger]]


class Tap(DatagramTap, StreamTap, Protocol):
    """Hears RADIUS and Diameter."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the daemon gives: `identity` is who we are; ports are shared with other processes where `reuse_port`.

    `errands` are what other processes want of our connections, None where there are no others. `kept` keeps what is
    found of a client's secret, `returned` and `unused` hear of users who get nothing of being let in, `nas_timers`
    are those of Disconnect and CoA that somebody waits for. `rejected` keeps whom ports or other realms reject.
    """

    identity: Identity
    open_ledger: OpenLedger
    stack: AsyncExitStack
    leaving: list[Callable[[], Awaitable[None]]]
    capture: Tap
    reuse_port: bool = False
    errands: ErrandDesk | None = None
    kept: Kept | None = None
    returned: Tell | None = None
    unused: Callable[[Session], None] = lambda _session: None
    rejected: Keep = lambda _rejected: ""
    nas_timers: Timers | None = None


async def open_radius(config: RadiusConfig, service: AuthenticationService, around: Surroundings) -> Address:
    """Listen on every port of `config`; the first one of authentication. ConfigError or OSError when that cannot be."""
    clients = load_clients(config.client)
    relay = _open_relay(config, around)
    if relay is not None:
        around.stack.push_async_callback(relay.close)
    takes: dict[Port, Take] = {}
    ledger = None
    if config.accounting:
        ledger = await around.stack.enter_async_context(around.open_ledger())
        if relay is not None and relay.agent is not None and around.errands is not None:
            relay.agent.obey(ledger, open_asking(config, around.errands, around.nas_timers), lambda: datetime.now(UTC))
        takes[Port.ACCOUNTING] = _open_accounting(config, ledger, clients, relay, around)
    returning = None if ledger is None or around.returned is None else Returning(ledger, around.returned)
    server = RadiusServer.of(
        config,
        service,
        clients=clients,
        ledger=ledger,
        relay=relay,
        kept=around.kept,
        returning=returning,
        rejected=around.rejected,
    )
    around.stack.push_async_callback(server.close)
    around.leaving.append(partial(server.drain, DRAIN_LIMIT))
    takes[Port.AUTHENTICATION] = server.take
    if config.radsec is not None:
        names = frozenset(client.name for client in clients)
        radsec = RadsecServer(config.radsec, load_radsec_clients(config.radsec.client, names), takes)
        around.stack.push_async_callback(radsec.close)
        if around.errands is not None:
            around.errands.serve(RADSEC, radsec.connected, radsec.perform)
        bound = await radsec.listen(reuse_port=around.reuse_port)
        log.info("radsec ready", radius=" ".join(map(address_text, bound)))
    first, *_ = [
        server.listen(address, capture=around.capture, reuse_port=around.reuse_port)
        for address in (config.auth, *config.more_auth)
    ]
    return first


def _open_relay(config: RadiusConfig, around: Surroundings) -> Relay | None:
    rejections = Rejections(around.rejected)
    agent = TranslationAgent.of(
        config.realm,
        config.diameter_server,
        identity=around.identity,
        capture=around.capture,
        rejections=rejections,
    )
    return Relay.of(
        config.realm,
        config.server,
        node=around.identity.origin_host,
        random=secrets.token_bytes,
        capture=around.capture,
        agent=agent,
        rejections=rejections,
    )


def open_asking(config: RadiusConfig, errands: ErrandDesk, timers: Timers | None = None) -> NasAsking:
    """For Disconnect and CoA to every client of `config`; ConfigError when a secret file is unusable."""
    over_tls = () if config.radsec is None else config.radsec.client
    return NasAsking(
        load_clients(config.client),
        frozenset(entry.name for entry in over_tls),
        errands,
        random=secrets.token_bytes,
        timers=timers,
    )


def _open_accounting(
    config: RadiusConfig, ledger: SessionLedger, clients: ClientTable, relay: Relay | None, around: Surroundings
) -> Take:
    accounting = AccountingServer.of(config, ledger, clients, relay, around.kept, around.unused)
    around.stack.push_async_callback(accounting.close)
    around.leaving.append(partial(accounting.drain, DRAIN_LIMIT))
    bound = [
        accounting.listen(address, capture=around.capture, reuse_port=around.reuse_port)
        for address in config.accounting
    ]
    log.info("accounting ready", radius=" ".join(map(address_text, bound)))
    return accounting.take
