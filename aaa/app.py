"""The AAA server as a daemon: the HSS in process or over SWx, the service on it, RADIUS and Diameter before it."""

import asyncio
import secrets
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

from aaa.config import AaaConfig, AaaSettings, SwxConfig, read_settings
from aaa.diameter.server import AaaDiameterServer
from aaa.identities.loading import load_identities
from aaa.identities.sealed import SealedIdentities
from aaa.ledger import open_configured_ledger
from aaa.messages import AuthenticationService
from aaa.radius.accounting.server import AccountingServer
from aaa.radius.clients import load_clients
from aaa.radius.listening import Take
from aaa.radius.proxy.relay import Relay
from aaa.radius.radsec.config import RadsecConfig
from aaa.radius.radsec.names import load_radsec_clients
from aaa.radius.radsec.routing import Port
from aaa.radius.radsec.server import RadsecServer
from aaa.radius.server import RadiusServer
from aaa.service import EapAuthenticationService
from aaa.sessions import MemoryConversations
from aaa.swx_client import SwxClient
from aaa.swx_requests import swx_requests
from hss.api import HomeSubscriberServer
from hss.config import HssConfig
from hss.opened_store import open_store
from hss.session_api import SessionLedger
from hss.sessions.ledger import SqlLedger
from runtime.capture import Capture, NullCapture, open_capture
from runtime.config import CaptureConfig, LogConfig, RawConfig, SocketAddress, read_config
from runtime.diameter.client import DiameterClient
from runtime.diameter.settings import DiameterUnavailable
from runtime.logs import configure, get_logger
from runtime.process import notify_ready, run
from runtime.taps import Address
from wire.diameter.applications import Application
from wire.diameter.capabilities import LocalNode, PeerPolicy
from wire.diameter.command import Identity

log = get_logger("aaa.app")

HSS_WAIT = 5.0
"""Seconds that a start waits for the HSS; after that users are refused until it is there."""

Tap = Capture | NullCapture


def main(path: Path) -> int:
    """`akadia aaa serve`: serve until told to stop; the exit code."""
    raw = read_config(path)
    logging = raw.section("log", LogConfig)
    configure(logging.level, logging.format)
    settings = read_settings(raw)
    return run(lambda stop: serve(raw, settings, stop))


async def serve(raw: RawConfig, settings: AaaSettings, stop: asyncio.Event) -> None:
    """Serve until `stop` is set, then take leave of every peer. ConfigError or OSError when it cannot begin."""
    async with AsyncExitStack() as stack:
        tap = open_capture(raw.section("capture", CaptureConfig).folder, "aaa")
        stack.callback(tap.close)
        hss, shared = await stack.enter_async_context(_open_hss(raw, settings, tap))
        aaa = settings.aaa
        service = EapAuthenticationService(
            hss=hss,
            conversations=MemoryConversations(
                random=secrets.token_bytes,
                limit=aaa.conversation_limit,
                client_limit=max(1, aaa.conversation_limit // 2),
                age=aaa.conversation_age,
            ),
            node=aaa.origin_host,
            clock=time.monotonic,
            random=secrets.token_bytes,
            policy=aaa.policy,
            identities=_identities(settings),
            home_realm=settings.home_realm,
            answer_time=aaa.answer_time,
            limit=aaa.rounds_at_once,
        )
        radius = await _open_radius(raw, settings, service, shared, tap, stack)
        plain, tls = await _open_diameter(settings, service, tap, stack)
        log.info("aaa ready", radius=_text(radius), diameter=_text(plain), diameter_tls=_text(tls), hss=aaa.hss)
        notify_ready()
        await stop.wait()


def _identities(settings: AaaSettings) -> SealedIdentities | None:
    if settings.identities is None:
        return None
    return load_identities(settings.identities, clock=time.time, random=secrets.token_bytes)


@asynccontextmanager
async def _open_hss(
    raw: RawConfig, settings: AaaSettings, tap: Tap
) -> AsyncIterator[tuple[HomeSubscriberServer, SessionLedger | None]]:
    """The HSS, and a ledger that shares its commits where both are in one database of this process."""
    if settings.swx is None:
        async with open_store(raw.section("hss", HssConfig), raw.path) as store:
            yield store.service, None if settings.aaa.database else SqlLedger(store.database)
    else:
        async with _open_swx(settings.aaa, settings.swx, tap) as client:
            yield client, None


@asynccontextmanager
async def _open_swx(aaa: AaaConfig, swx: SwxConfig, tap: Tap) -> AsyncIterator[HomeSubscriberServer]:
    now = time.time()
    hss = Identity(swx.hss_origin_host, swx.hss_realm)
    local = LocalNode(aaa.origin_host, aaa.origin_realm, (Application.SWX,), origin_state_id=int(now) & 0xFFFFFFFF)
    client = DiameterClient(
        local=local,
        peer=PeerPolicy(
            name="hss",
            origin_host=hss.origin_host,
            origin_realm=hss.origin_realm,
            applications=(Application.SWX,),
        ),
        address=swx.hss,
        handler=swx_requests(local.identity),
        random=secrets.token_bytes,
        wall_clock=now,
        capture=tap,
        local_host=None if swx.local is None else str(swx.local),
    )
    client.start()
    try:
        await client.ready(HSS_WAIT)
    except DiameterUnavailable as error:
        log.warning("hss not connected yet", cause=error.cause, hss=str(swx.hss))
    try:
        yield SwxClient(client, identity=local.identity, hss=hss, started=int(now))
    finally:
        await client.close()


async def _open_radius(
    raw: RawConfig,
    settings: AaaSettings,
    service: AuthenticationService,
    shared: SessionLedger | None,
    tap: Tap,
    stack: AsyncExitStack,
) -> Address | None:
    """The RADIUS ports; the first one of authentication."""
    radius = settings.radius
    if radius is None:
        return None
    clients = load_clients(radius.client)
    relay = Relay.of(
        radius.realm, radius.server, node=settings.aaa.origin_host, random=secrets.token_bytes, capture=tap
    )
    if relay is not None:
        stack.push_async_callback(relay.close)
    takes: dict[Port, Take] = {}
    ledger: SessionLedger | None = None
    if radius.accounting:
        if shared is None:
            shared = await stack.enter_async_context(open_configured_ledger(raw, settings.aaa.database))
        ledger = shared
        accounting = AccountingServer.of(radius, shared, clients, relay)
        stack.push_async_callback(accounting.close)
        bound = [accounting.listen(address, capture=tap) for address in radius.accounting]
        log.info("accounting ready", radius=" ".join(map(_text, bound)))
        takes[Port.ACCOUNTING] = accounting.take
    server = RadiusServer.of(radius, service, clients=clients, ledger=ledger, relay=relay)
    stack.push_async_callback(server.close)
    takes[Port.AUTHENTICATION] = server.take
    if radius.radsec is not None:
        await _open_radsec(radius.radsec, frozenset(client.name for client in clients), takes, stack)
    first = server.listen(radius.auth, capture=tap)
    for address in radius.more_auth:
        server.listen(address, capture=tap)
    return first


async def _open_radsec(
    config: RadsecConfig, taken: frozenset[str], takes: dict[Port, Take], stack: AsyncExitStack
) -> None:
    radsec = RadsecServer(config, load_radsec_clients(config.client, taken), takes)
    stack.push_async_callback(radsec.close)
    bound = await radsec.listen()
    log.info("radsec ready", radius=" ".join(map(_text, bound)))


async def _open_diameter(
    settings: AaaSettings, service: AuthenticationService, tap: Tap, stack: AsyncExitStack
) -> tuple[Address | None, Address | None]:
    if settings.diameter is None:
        return None, None
    identity = Identity(settings.aaa.origin_host, settings.aaa.origin_realm)
    server = AaaDiameterServer(settings.diameter, service, identity, capture=tap)
    stack.push_async_callback(server.close)
    return await server.listen()


def _text(address: Address | None) -> str:
    return "" if address is None else str(SocketAddress(*address))
