"""The AAA server as a daemon: the HSS in process or over SWx, the service on it, RADIUS and Diameter before it."""

import asyncio
import secrets
import signal
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

from aaa.config import AaaConfig, AaaSettings, HssConnectionConfig, SwxConfig, read_settings
from aaa.conversations.loading import load_conversations
from aaa.diameter.gateways import Gateways
from aaa.diameter.server import AaaDiameterServer
from aaa.identities.epochs import Keyring
from aaa.identities.loading import load_identities, load_keyring
from aaa.identities.sealed import SealedIdentities
from aaa.ledger import open_configured_ledger
from aaa.measured import MeasuredHss, MeasuredService
from aaa.radius.opening import Surroundings, open_radius
from aaa.registrar import Registrar
from aaa.service import EapAuthenticationService
from aaa.swx_client import SwxClient
from aaa.swx_requests import SwxRequests
from aaa.user_sessions import MemoryUserSessions
from aaa.workers import not_reloaded_by, oversee
from hss.api import HomeSubscriberServer
from hss.config import HssConfig
from hss.opened_store import open_store
from hss.session_api import SessionLedger
from hss.sessions.ledger import SqlLedger
from hss.store.database import Database
from hss.telling.near_server import telling
from runtime.capture import Capture, NullCapture, open_capture
from runtime.config import CaptureConfig, LogConfig, RawConfig, SocketAddress, read_config
from runtime.diameter.client import DiameterClient
from runtime.diameter.pool import DiameterPool
from runtime.diameter.settings import DiameterUnavailable, Handler
from runtime.diameter.throttle import ThrottledClient
from runtime.logs import configure, get_logger
from runtime.metrics.exposing import exposing
from runtime.metrics.tally import share_with_parent
from runtime.process import notify_ready, run
from runtime.taps import Address
from runtime.worker import Worker, this_worker
from wire.diameter.applications import Application
from wire.diameter.capabilities import LocalNode, PeerPolicy
from wire.diameter.command import Identity
from wire.diameter.message import Message

log = get_logger("aaa.app")

INSTANCE_LENGTH = 60
"""Characters of an HSS instance's name, which the number of a worker follows."""

HSS_WAIT = 5.0
"""Seconds that a start waits for the HSS; after that users are refused until it is there."""

Tap = Capture | NullCapture
RequestsOf = Callable[[HomeSubscriberServer], Handler]
"""Who serves what the HSS asks, given the way to the HSS."""
Leaving = list[Callable[[], Awaitable[None]]]
"""What is to be done, all at once, before anything is closed."""


def main(path: Path, *, workers: int | None = None) -> int:
    """`akadia aaa serve`: serve until told to stop; the exit code. `workers` goes before the configuration's."""
    raw = read_config(path)
    logging = raw.section("log", LogConfig)
    configure(logging.level, logging.format)
    settings = read_settings(raw)
    worker = this_worker()
    share_with_parent()
    if worker is None and (workers or settings.aaa.workers) > 1:
        return oversee(settings, raw.path, workers)
    return run(lambda stop: serve(raw, settings, stop, worker))


async def serve(raw: RawConfig, settings: AaaSettings, stop: asyncio.Event, worker: Worker | None = None) -> None:
    """Serve until `stop` is set, then finish what is in progress and take leave of every peer.

    A `worker` shares its ports with others. ConfigError or OSError when it cannot begin.
    """
    not_reloaded_by(signal.SIGHUP, worker)
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(exposing(settings.metrics, "aaa.metrics", worker))
        tap = open_capture(raw.section("capture", CaptureConfig).folder, _name(worker))
        stack.callback(tap.close)
        aaa = settings.aaa
        identity = Identity(aaa.origin_host, aaa.origin_realm)
        users = MemoryUserSessions(1 if settings.diameter is None else settings.diameter.session_limit)
        gateways = Gateways(identity)

        def requests_of(hss: HomeSubscriberServer) -> Handler:
            return SwxRequests(identity, users, gateways, Registrar(hss, aaa.origin_host, users)).serve

        hss, shared = await stack.enter_async_context(_open_hss(raw, settings, tap, requests_of, worker))
        registrar = Registrar(hss, aaa.origin_host, users)
        stack.push_async_callback(registrar.close)
        keyring = load_keyring(settings.identities)
        identities = _identities(settings, keyring)
        service = EapAuthenticationService(
            hss=MeasuredHss(hss),
            conversations=load_conversations(
                settings,
                keyring=keyring,
                identities=identities,
                wall_clock=time.time,
                random=secrets.token_bytes,
            ),
            node=aaa.origin_host,
            clock=time.monotonic,
            random=secrets.token_bytes,
            policy=aaa.policy,
            identities=identities,
            home_realm=settings.home_realm,
            answer_time=aaa.answer_time,
            limit=aaa.rounds_at_once,
        )
        measured = MeasuredService(service)
        leaving: Leaving = []
        around = Surroundings(
            node=aaa.origin_host,
            open_ledger=lambda: _ledger(raw, aaa, shared),
            stack=stack,
            leaving=leaving,
            capture=tap,
            reuse_port=worker is not None,
        )
        radius = None if settings.radius is None else await open_radius(settings.radius, measured, around)
        plain, tls = None, None
        if settings.diameter is not None:
            server = AaaDiameterServer(
                settings.diameter,
                measured,
                identity,
                users=users,
                registrar=registrar,
                gateways=gateways,
                capture=tap,
                since=None if worker is None else worker.since,
            )
            stack.push_async_callback(server.close)
            leaving.append(server.close)
            plain, tls = await server.listen(reuse_port=worker is not None)
        log.info("aaa ready", radius=_text(radius), diameter=_text(plain), diameter_tls=_text(tls), hss=aaa.hss)
        notify_ready()
        await stop.wait()
        await asyncio.gather(*(leave() for leave in leaving))


def _name(worker: Worker | None) -> str:
    """Of this process's capture."""
    return "aaa" if worker is None else f"aaa-{worker.slot}"


def _identities(settings: AaaSettings, keyring: Callable[[], Keyring] | None) -> SealedIdentities | None:
    if settings.identities is None:
        return None
    return load_identities(settings.identities, clock=time.time, random=secrets.token_bytes, keyring=keyring)


@asynccontextmanager
async def _open_hss(
    raw: RawConfig, settings: AaaSettings, tap: Tap, requests_of: RequestsOf, worker: Worker | None
) -> AsyncIterator[tuple[HomeSubscriberServer, Database | None]]:
    """The HSS, and the database where it is in this process."""
    if settings.swx is None:
        config = _instance(raw.section("hss", HssConfig), worker)
        hss = Identity(config.origin_host, config.origin_realm)
        aaa = Identity(settings.aaa.origin_host, settings.aaa.origin_realm)
        async with open_store(config, raw.path) as store:
            told = _taking(requests_of(store.service))
            async with telling(store.database, hss, aaa, told):
                yield store.service, store.database
    else:
        async with _open_swx(settings.aaa, settings.swx, tap, requests_of, worker) as client:
            yield client, None


@asynccontextmanager
async def _ledger(raw: RawConfig, aaa: AaaConfig, shared: Database | None) -> AsyncIterator[SessionLedger]:
    """The ledger; it shares the commits of the HSS where both are in one database of this process."""
    if shared is not None and not aaa.database:
        yield SqlLedger(shared)
    else:
        async with open_configured_ledger(raw, aaa.database) as ledger:
            yield ledger


def _taking(serve: Handler) -> Handler:
    """What the HSS of this process is answered: a notice that cannot be taken dies alone, and is sent again."""

    async def told(peer: str, message: Message) -> Message:
        try:
            return await serve(peer, message)
        except Exception as error:
            log.exception("notice not taken", cause=repr(error))
            raise DiameterUnavailable(f"the AAA server failed: {error!r}") from error

    return told


def _instance(hss: HssConfig, worker: Worker | None) -> HssConfig:
    """Each process is an instance of its own: no two may issue by one clock, or from one reservation."""
    if worker is None or not hss.instance:
        return hss
    return hss.model_copy(update={"instance": f"{hss.instance[:INSTANCE_LENGTH]}-{worker.slot}"})


@asynccontextmanager
async def _open_swx(
    aaa: AaaConfig, swx: SwxConfig, tap: Tap, requests_of: RequestsOf, worker: Worker | None
) -> AsyncIterator[HomeSubscriberServer]:
    now = time.time()
    # Two workers may begin in one second, and no Session-Id may come twice (RFC 6733 §8.8).
    started = int(now) if worker is None else secrets.randbits(32)
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
    found = SwxClient(ThrottledClient(client, secrets.token_bytes), identity=local.identity, hss=hss, started=started)
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


def _text(address: Address | None) -> str:
    return "" if address is None else str(SocketAddress(*address))
