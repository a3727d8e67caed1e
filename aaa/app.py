"""The AAA server as a daemon: the HSS in process or over SWx, the service on it, RADIUS and Diameter before it."""

import asyncio
import secrets
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

from aaa.config import AaaConfig, AaaSettings, HssConnectionConfig, SwxConfig, read_settings
from aaa.diameter.gateways import Gateways
from aaa.diameter.server import AaaDiameterServer
from aaa.identities.loading import load_identities
from aaa.identities.sealed import SealedIdentities
from aaa.messages import AuthenticationService
from aaa.radius.server import RadiusServer
from aaa.registrar import Registrar
from aaa.service import EapAuthenticationService
from aaa.sessions import MemoryConversations
from aaa.swx_client import SwxClient
from aaa.swx_requests import SwxRequests
from aaa.user_sessions import MemoryUserSessions
from hss.api import HomeSubscriberServer
from hss.config import HssConfig
from hss.opened_store import open_store
from hss.telling.near_server import telling
from runtime.capture import Capture, NullCapture, open_capture
from runtime.config import CaptureConfig, LogConfig, RawConfig, SocketAddress, read_config
from runtime.diameter.client import DiameterClient
from runtime.diameter.pool import DiameterPool
from runtime.diameter.settings import DiameterUnavailable, Handler
from runtime.diameter.throttle import ThrottledClient
from runtime.logs import configure, get_logger
from runtime.process import notify_ready, run
from runtime.taps import Address
from wire.diameter.applications import Application
from wire.diameter.capabilities import LocalNode, PeerPolicy
from wire.diameter.command import Identity
from wire.diameter.message import Message

log = get_logger("aaa.app")

HSS_WAIT = 5.0
"""Seconds that a start waits for the HSS; after that users are refused until it is there."""

Tap = Capture | NullCapture
RequestsOf = Callable[[HomeSubscriberServer], Handler]
"""Who serves what the HSS asks, given the way to the HSS."""


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
        aaa = settings.aaa
        identity = Identity(aaa.origin_host, aaa.origin_realm)
        users = MemoryUserSessions(1 if settings.diameter is None else settings.diameter.session_limit)
        gateways = Gateways(identity)

        def requests_of(hss: HomeSubscriberServer) -> Handler:
            return SwxRequests(identity, users, gateways, Registrar(hss, aaa.origin_host, users)).serve

        hss = await stack.enter_async_context(_open_hss(raw, settings, tap, requests_of))
        registrar = Registrar(hss, aaa.origin_host, users)
        stack.push_async_callback(registrar.close)
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
        radius = _open_radius(settings, service, tap, stack)
        plain, tls = None, None
        if settings.diameter is not None:
            server = AaaDiameterServer(
                settings.diameter,
                service,
                identity,
                users=users,
                registrar=registrar,
                gateways=gateways,
                capture=tap,
            )
            stack.push_async_callback(server.close)
            plain, tls = await server.listen()
        log.info("aaa ready", radius=_text(radius), diameter=_text(plain), diameter_tls=_text(tls), hss=aaa.hss)
        notify_ready()
        await stop.wait()


def _identities(settings: AaaSettings) -> SealedIdentities | None:
    if settings.identities is None:
        return None
    return load_identities(settings.identities, clock=time.time, random=secrets.token_bytes)


@asynccontextmanager
async def _open_hss(
    raw: RawConfig, settings: AaaSettings, tap: Tap, requests_of: RequestsOf
) -> AsyncIterator[HomeSubscriberServer]:
    if settings.swx is None:
        config = raw.section("hss", HssConfig)
        hss = Identity(config.origin_host, config.origin_realm)
        aaa = Identity(settings.aaa.origin_host, settings.aaa.origin_realm)
        async with open_store(config, raw.path) as store:
            told = _taking(requests_of(store.service))
            async with telling(store.database, hss, aaa, told):
                yield store.service
    else:
        async with _open_swx(settings.aaa, settings.swx, tap, requests_of) as client:
            yield client


def _taking(serve: Handler) -> Handler:
    """What the HSS of this process is answered: a notice that cannot be taken dies alone, and is sent again."""

    async def told(peer: str, message: Message) -> Message:
        try:
            return await serve(peer, message)
        except Exception as error:
            log.exception("notice not taken", cause=repr(error))
            raise DiameterUnavailable(f"the AAA server failed: {error!r}") from error

    return told


@asynccontextmanager
async def _open_swx(
    aaa: AaaConfig, swx: SwxConfig, tap: Tap, requests_of: RequestsOf
) -> AsyncIterator[HomeSubscriberServer]:
    now = time.time()
    hss = Identity(swx.hss_origin_host, swx.hss_realm)
    local = LocalNode(aaa.origin_host, aaa.origin_realm, (Application.SWX,), origin_state_id=int(now) & 0xFFFFFFFF)

    async def serve_hss(peer: str, message: Message) -> Message:
        return await requests(peer, message)

    def connecting(server: HssConnectionConfig) -> DiameterClient:
        return DiameterClient(
            local=local,
            peer=PeerPolicy(
                name="hss" if server is swx else server.hss_origin_host,
                origin_host=server.hss_origin_host,
                origin_realm=server.hss_realm,
                applications=(Application.SWX,),
            ),
            address=server.hss,
            handler=serve_hss,
            random=secrets.token_bytes,
            wall_clock=now,
            capture=tap,
            local_host=None if swx.local is None else str(swx.local),
            alternate=bool(swx.alternate),
        )

    client = DiameterPool([connecting(server) for server in (swx, *swx.alternate)])
    found = SwxClient(ThrottledClient(client, secrets.token_bytes), identity=local.identity, hss=hss, started=int(now))
    requests = requests_of(found)
    client.start()
    try:
        await client.ready(HSS_WAIT)
    except DiameterUnavailable as error:
        log.warning("hss not connected yet", cause=error.cause, hss=str(swx.hss))
    try:
        yield found
    finally:
        await client.close()


def _open_radius(
    settings: AaaSettings, service: AuthenticationService, tap: Tap, stack: AsyncExitStack
) -> Address | None:
    if settings.radius is None:
        return None
    server = RadiusServer.of(settings.radius, service)
    stack.push_async_callback(server.close)
    return server.listen(settings.radius.auth, capture=tap)


def _text(address: Address | None) -> str:
    return "" if address is None else str(SocketAddress(*address))
