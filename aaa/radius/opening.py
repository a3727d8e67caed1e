"""Every RADIUS port that the configuration names: authentication, accounting, TLS, and the way to other servers."""

import secrets
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from dataclasses import dataclass
from functools import partial

from aaa.messages import AuthenticationService
from aaa.radius.accounting.server import AccountingServer
from aaa.radius.clients import ClientTable, load_clients
from aaa.radius.config import RadiusConfig
from aaa.radius.listening import Take, address_text
from aaa.radius.proxy.relay import Relay
from aaa.radius.radsec.config import RadsecConfig
from aaa.radius.radsec.names import load_radsec_clients
from aaa.radius.radsec.routing import Port
from aaa.radius.radsec.server import RadsecServer
from aaa.radius.server import RadiusServer
from hss.session_api import SessionLedger
from runtime.logs import get_logger
from runtime.taps import Address, DatagramTap

log = get_logger("aaa.radius")

DRAIN_LIMIT = 3.0
"""Seconds for what is in progress when a process ends."""

Leaving = list[Callable[[], Awaitable[None]]]
"""What is to be done, all at once, before anything is closed."""


@dataclass(frozen=True, slots=True)
class Process:
    """What a server needs of the process that it is in; `is_worker` when others have the same ports."""

    capture: DatagramTap
    stack: AsyncExitStack
    leaving: Leaving
    is_worker: bool


async def open_radius(
    config: RadiusConfig,
    service: AuthenticationService,
    ledger: Callable[[], AbstractAsyncContextManager[SessionLedger]],
    process: Process,
    *,
    node: str,
) -> Address:
    """Listen on all of them; the first one of authentication. The ledger is opened only where accounting is served."""
    clients = load_clients(config.client)
    relay = Relay.of(config.realm, config.server, node=node, random=secrets.token_bytes, capture=process.capture)
    if relay is not None:
        process.stack.push_async_callback(relay.close)
    takes: dict[Port, Take] = {}
    kept: SessionLedger | None = None
    if config.accounting:
        kept = await process.stack.enter_async_context(ledger())
        takes[Port.ACCOUNTING] = _open_accounting(config, kept, clients, relay, process)
    server = RadiusServer.of(config, service, clients=clients, ledger=kept, relay=relay)
    process.stack.push_async_callback(server.close)
    process.leaving.append(partial(server.drain, DRAIN_LIMIT))
    takes[Port.AUTHENTICATION] = server.take
    if config.radsec is not None:
        await _open_radsec(config.radsec, frozenset(client.name for client in clients), takes, process)
    listening = [
        server.listen(address, capture=process.capture, reuse_port=process.is_worker)
        for address in (config.auth, *config.more_auth)
    ]
    return listening[0]


def _open_accounting(
    config: RadiusConfig, ledger: SessionLedger, clients: ClientTable, relay: Relay | None, process: Process
) -> Take:
    server = AccountingServer.of(config, ledger, clients, relay)
    process.stack.push_async_callback(server.close)
    process.leaving.append(partial(server.drain, DRAIN_LIMIT))
    bound = [
        server.listen(address, capture=process.capture, reuse_port=process.is_worker) for address in config.accounting
    ]
    log.info("accounting ready", radius=" ".join(map(address_text, bound)))
    return server.take


async def _open_radsec(config: RadsecConfig, taken: frozenset[str], takes: dict[Port, Take], process: Process) -> None:
    server = RadsecServer(config, load_radsec_clients(config.client, taken), takes)
    process.stack.push_async_callback(server.close)
    bound = await server.listen(reuse_port=process.is_worker)
    log.info("radsec ready", radius=" ".join(map(address_text, bound)))
