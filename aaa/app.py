"""The AAA server as a daemon: the HSS in process or over SWx, the service on it, RADIUS and Diameter before it."""

import asyncio
import secrets
import signal
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

from aaa.ageing import LOOK as AGEING_LOOK
from aaa.ageing import Ageing
from aaa.config import AaaConfig, AaaSettings, network_names, read_settings
from aaa.conversations.loading import load_conversations
from aaa.departing import Departing
from aaa.diameter.gateways import Gateways
from aaa.diameter.server import AaaDiameterServer
from aaa.errands import ErrandDesk
from aaa.explaining.inquiry import Inquiry
from aaa.explaining.opening import open_silence
from aaa.identities.config import IdentitiesConfig
from aaa.identities.epochs import Keyring
from aaa.identities.loading import load_identities, load_keyring
from aaa.identities.shared_keyring import LOOK, SharedKeyring, Upkeep
from aaa.ledger import SharedStore, key_epochs, open_configured_ledger, open_if_there
from aaa.measured import MeasuredHss, MeasuredService
from aaa.nas_restarts import RestartedNases
from aaa.near_hss import NearHss, open_near_hss
from aaa.radius.opening import Surroundings, open_asking, open_radius
from aaa.radius.users import RadiusUsers
from aaa.registrar import Registrar
from aaa.service import EapAuthenticationService
from aaa.sql_user_sessions import SqlUserSessions
from aaa.swx_opening import open_swx
from aaa.swx_requests import SwxRequests
from aaa.user_sessions import MemoryUserSessions, UserSessions
from aaa.watch import watching
from aaa.workers import not_reloaded_by, oversee
from hss.api import HomeSubscriberServer
from hss.session_api import SessionLedger
from runtime.capture import Capture, NullCapture, open_capture
from runtime.config import CaptureConfig, RawConfig, SocketAddress, read_config
from runtime.diameter.settings import DiameterUnavailable, Handler
from runtime.entropy import entropy
from runtime.log_setup import set_up
from runtime.logs import get_logger
from runtime.metrics.exposing import exposing
from runtime.metrics.tally import share_with_parent
from runtime.process import notify_ready, run
from runtime.taps import Address
from runtime.worker import Worker, this_worker
from wire.diameter.command import Identity
from wire.diameter.message import Message
from wire.radius.exchange import Timers

log = get_logger("aaa.app")

NAS_TIMERS = Timers(irt=1.0, mrd=4.5)
"""For Disconnect and CoA on which an answer to the HSS depends, which waits for it no longer than 10 s."""

Leaving = list[Callable[[], Awaitable[None]]]
"""What is to be done, all at once, before anything is closed."""


def main(path: Path, *, workers: int | None = None) -> int:
    """`akadia aaa serve`: serve until told to stop; the exit code. `workers` goes before the configuration's."""
    raw = read_config(path)
    set_up(raw)
    settings = read_settings(raw)
    worker = this_worker()
    share_with_parent()
    if worker is None and (workers or settings.aaa.workers) > 1:
        return oversee(settings, raw.path, workers)
    return run(lambda stop: serve(raw, settings, stop, worker), hangup_stops=False)


async def serve(raw: RawConfig, settings: AaaSettings, stop: asyncio.Event, worker: Worker | None = None) -> None:
    """Serve until `stop` is set, then finish what is in progress and take leave of every peer.

    A `worker` shares its ports with others. ConfigError or OSError when it cannot begin.
    """
    not_reloaded_by(signal.SIGHUP, worker)
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(exposing(settings.metrics, "aaa.metrics", worker))
        tap = open_capture(raw.section("capture", CaptureConfig).folder, _name(worker))
        stack.callback(tap.close)
        identity = Identity(settings.aaa.origin_host, settings.aaa.origin_realm)
        asked = Asked()
        near, hss = await _open_hss(stack, raw, settings, tap, asked.serve, worker)
        shared = await _open_shared(stack, raw, settings, near)
        errands = None if shared is None else ErrandDesk(shared.errands, _moment)
        users, departing, departed = _open_users(stack, settings, hss, shared, errands)
        gateways = Gateways(identity)
        registrar = Registrar(hss, settings.aaa.origin_host, users, departed)
        stack.push_async_callback(registrar.close)
        at_nas = None
        if settings.radius is not None and shared is not None and errands is not None:
            at_nas = RadiusUsers(shared.ledger, open_asking(settings.radius, errands, NAS_TIMERS), _moment)
        swx_requests = SwxRequests(
            identity, users, gateways, registrar, at_nas, None if shared is None else shared.departures
        )
        if departing is not None:
            departing.registered_again = swx_requests.registered_again
        asked.begin(swx_requests.serve)
        keyring = await _open_keyring(stack, raw, settings.identities, shared)
        inquiry = _open_inquiry(stack, settings, near, shared)
        service = MeasuredService(_service(stack, settings, hss, shared, keyring, inquiry, is_alone=worker is None))
        leaving: Leaving = []
        around = Surroundings(
            identity=identity,
            open_ledger=lambda: _ledger(raw, settings.aaa, shared),
            errands=errands,
            stack=stack,
            leaving=leaving,
            capture=tap,
            reuse_port=worker is not None,
            kept=inquiry.unproven,
            returned=inquiry.returned,
            unused=inquiry.unused_at_nas,
            rejected=inquiry.unheard,
            nas_timers=NAS_TIMERS,
        )
        radius = None if settings.radius is None else await open_radius(settings.radius, service, around)
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
                since=None if worker is None else worker.since,
                errands=errands,
                unused=inquiry.unused,
                rejected=inquiry.unheard,
                realms=(settings.home_realm,) if settings.home_realm else (),
            )
            stack.push_async_callback(server.close)
            leaving.append(server.close)
            plain, tls = await server.listen(reuse_port=worker is not None)
        said = {"radius": _text(radius), "diameter": _text(plain), "diameter_tls": _text(tls)}
        log.info("aaa ready", **said, hss=settings.aaa.hss)
        notify_ready()
        await stop.wait()
        await asyncio.gather(*(leave() for leave in leaving))


def _name(worker: Worker | None) -> str:
    """Of this process's capture."""
    return "aaa" if worker is None else f"aaa-{worker.slot}"


async def _open_hss(
    stack: AsyncExitStack,
    raw: RawConfig,
    settings: AaaSettings,
    tap: Capture | NullCapture,
    serve_hss: Handler,
    worker: Worker | None,
) -> tuple[NearHss | None, HomeSubscriberServer]:
    """The HSS, which is in this process where the configuration has no [aaa.swx]."""
    if settings.swx is not None:
        client = open_swx(settings.aaa, settings.swx, tap, serve_hss, worker)
        return None, await stack.enter_async_context(client)
    aaa = Identity(settings.aaa.origin_host, settings.aaa.origin_realm)
    near = await stack.enter_async_context(open_near_hss(raw, aaa, _taking(serve_hss), worker))
    return near, near.service


async def _open_shared(
    stack: AsyncExitStack, raw: RawConfig, settings: AaaSettings, near: NearHss | None
) -> SharedStore | None:
    """What all processes share; None where no database is configured, and a session ends with its process."""
    aaa, identities, radius = settings.aaa, settings.identities, settings.radius
    if near is not None and not aaa.database:
        return near.shared(aaa.retention)
    has_keys = identities is not None and bool(identities.transport_key)
    is_needed = bool(aaa.database) or has_keys or (radius is not None and bool(radius.accounting))
    return await open_if_there(stack, raw, aaa, is_needed=is_needed)


def _service(
    stack: AsyncExitStack,
    settings: AaaSettings,
    hss: HomeSubscriberServer,
    shared: SharedStore | None,
    keyring: Callable[[], Keyring] | None,
    inquiry: Inquiry,
    *,
    is_alone: bool,
) -> EapAuthenticationService:
    """Who authenticates; `is_alone` where no other process goes on with what this one begins."""
    aaa, continued = settings.aaa, None if shared is None else shared.continued
    identities = None
    if settings.identities is not None:
        identities = load_identities(settings.identities, clock=time.time, random=entropy, keyring=keyring)
    return EapAuthenticationService(
        hss=MeasuredHss(hss),
        conversations=load_conversations(
            settings, keyring=keyring, identities=identities, wall_clock=time.time, random=secrets.token_bytes
        ),
        node=aaa.origin_host,
        clock=time.monotonic,
        random=entropy,
        policy=aaa.policy,
        identities=identities,
        home_realm=settings.home_realm,
        answer_time=aaa.answer_time,
        limit=aaa.rounds_at_once,
        failures=inquiry,
        rounds=open_silence(stack, inquiry, continued, aaa.conversation_age, is_alone=is_alone),
    )


def _open_users(
    stack: AsyncExitStack,
    settings: AaaSettings,
    hss: HomeSubscriberServer,
    shared: SharedStore | None,
    errands: ErrandDesk | None,
) -> tuple[UserSessions, Departing | None, Callable[[], None] | None]:
    """Sessions of Diameter gateways, who sees whether somebody has left, and what has him look at once."""
    if shared is None or errands is None:
        return MemoryUserSessions(1 if settings.diameter is None else settings.diameter.session_limit), None, None
    departing = Departing(shared.departures, hss, settings.aaa.origin_host, _moment)
    stack.push_async_callback(errands.close)
    watching(stack, (errands.look, RestartedNases(shared.restarts, _moment).look))
    watching(stack, (Ageing(shared.silent, settings.aaa.silence, _moment).look,), AGEING_LOOK)
    return SqlUserSessions(shared.active, _moment), departing, watching(stack, (departing.look,)).wake


def _open_inquiry(
    stack: AsyncExitStack, settings: AaaSettings, near: NearHss | None, shared: SharedStore | None
) -> Inquiry:
    """Who looks into failures: with the keys where the HSS is in this process, with records where there is SQL."""
    inquiry = Inquiry(
        witness=None if near is None else near.witness(),
        ledger=None if shared is None else shared.failures,
        network_names=network_names(settings),
        clock=time.monotonic,
        random=secrets.token_bytes,
    )
    stack.push_async_callback(inquiry.close)
    return inquiry


async def _open_keyring(
    stack: AsyncExitStack, raw: RawConfig, identities: IdentitiesConfig | None, shared: SharedStore | None
) -> Callable[[], Keyring] | None:
    """The keyring as it is now, of the file or of the database that all nodes share."""
    if identities is None or shared is None or not identities.transport_key:
        return load_keyring(identities)
    keyring = SharedKeyring(
        key_epochs(shared, raw, identities.transport_key),
        now=time.time,
        random=secrets.token_bytes,
        upkeep=Upkeep(identities.rotate_every, identities.age),
    )
    await keyring.look()
    watching(stack, (keyring.look,), LOOK)
    return keyring


def _moment() -> datetime:
    return datetime.now(UTC)


@asynccontextmanager
async def _ledger(raw: RawConfig, aaa: AaaConfig, shared: SharedStore | None) -> AsyncIterator[SessionLedger]:
    if shared is not None:
        yield shared.ledger
    else:
        async with open_configured_ledger(raw, aaa.database) as ledger:
            yield ledger


class Asked:
    """What the HSS asks, which waits until there is somebody to serve it: he needs the HSS himself."""

    def __init__(self) -> None:
        self._serving: asyncio.Future[Handler] = asyncio.get_running_loop().create_future()

    def begin(self, handler: Handler) -> None:
        """Serve from now on."""
        self._serving.set_result(handler)

    async def serve(self, peer: str, message: Message) -> Message:
        """The answer."""
        handler = await asyncio.shield(self._serving)
        return await handler(peer, message)


def _taking(serve: Handler) -> Handler:
    """What the HSS of this process is answered: a notice that cannot be taken dies alone, and is sent again."""

    async def told(peer: str, message: Message) -> Message:
        try:
            return await serve(peer, message)
        except Exception as error:
            log.exception("notice not taken", cause=repr(error))
            raise DiameterUnavailable(f"the AAA server failed: {error!r}") from error

    return told


def _text(address: Address | None) -> str:
    return "" if address is None else str(SocketAddress(*address))
