"""The gateway's machine on its sockets: datagrams in and out, AAA rounds as tasks, and the log."""

import asyncio
import secrets
from collections.abc import Callable, Coroutine, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import lru_cache
from ipaddress import ip_address
from itertools import islice

from pdngw_proxy.aaa_link.port import AaaLink, Marks, RelayAnswer, RelayRequest, RelayUnavailable
from pdngw_proxy.aaa_link.records import Moment, SessionRecord
from pdngw_proxy.accounting import has_begun, record_of
from pdngw_proxy.config import PdnGwConfig
from pdngw_proxy.control import Load
from pdngw_proxy.gateway import Gateway
from pdngw_proxy.gateway_events import (
    AaaAnswered,
    Account,
    AskAaa,
    Channel,
    DatagramArrived,
    DeliverHome,
    DeliverTrain,
    DrainRequested,
    EndAaaSession,
    GatewayEffect,
    GatewayEvent,
    HomeTrainArrived,
    LiveDrainCancelled,
    LiveDrainRequested,
    ReauthenticationWanted,
    Report,
    Send,
    SendTrain,
    SessionAborted,
    SessionLimited,
    TrainArrived,
    UsageWanted,
)
from pdngw_proxy.home_link import AddressWanted, Intercept, LetGo, LinkEffect, LinkPacketArrived, ListenFor, SendOnLink
from pdngw_proxy.home_network import anycast_of
from pdngw_proxy.interception import Interception
from pdngw_proxy.metrics import EVENTS, MOBILITY, measure_round, sample
from pdngw_proxy.settings import GatewaySettings
from runtime.driver import Driver
from runtime.log_limit import LogLimit
from runtime.log_session import log_session
from runtime.logs import get_logger
from runtime.metrics.families import REGISTRY
from runtime.neighbor_link import NeighborLink
from runtime.taps import Address, DatagramTap
from runtime.tun import TunDevice
from runtime.udp import UdpEndpoint
from runtime.udp_place import Place, address_of, place_of
from runtime.udp_trains import TrainEndpoint
from wire.ikev2.nat import Endpoint
from wire.ikev2.redirect import GatewayIdentity
from wire.ip.checksum import IpAddress
from wire.sansio import Failed

log = get_logger("pdngw")

_REDIRECT_LIMIT = 1.5
"""Seconds that UEs have to leave for the gateway that they are sent to; with the two others a supervisor waits."""

_LEAVE_LIMIT = 30.0
"""Seconds that a UE has to leave for where it is sent while the gateway goes on, before its session is ended."""

_DRAIN_LIMIT = 2.0
"""Seconds that the UEs have to acknowledge that their sessions end."""

_FAREWELL_LIMIT = 1.0
"""Seconds that the AAA server has then, to hear of those whose UE said nothing; once more while it goes on hearing."""


_LOOK_INTERVAL = 1.0
"""Seconds between two looks for sessions whose usage is to be told."""


_address = lru_cache(maxsize=4096)(ip_address)
"""Of who speaks to us now: the sockets tell it as text, each time anew."""


def _asked(local: Endpoint, place: Place) -> Endpoint:
    """Which of our own addresses a datagram came to, where `local` is all of them."""
    asked = address_of(place)
    return local if asked is None else Endpoint(_address(asked), local.port)


def _no_place(_address: IpAddress) -> Place:
    return ()


class GatewayShell:
    """The machine on its sockets. Each AAA round is a task of its own, which always ends with an answer."""

    def __init__(self, settings: GatewaySettings, link: AaaLink, *, capture: DatagramTap) -> None:
        loop = asyncio.get_running_loop()
        self._link = link
        self._capture = capture
        self._clock = loop.time
        self._machine = Gateway(settings=settings, random=secrets.token_bytes)
        self._driver: Driver[GatewayEvent, GatewayEffect] = Driver(
            self._machine, self._perform, clock=loop.time, call_later=loop.call_later
        )
        self._sockets: dict[int, UdpEndpoint | TrainEndpoint] = {}
        self._trains: dict[int, TrainEndpoint] = {}
        self._place: Callable[[IpAddress], Place] = _no_place
        self._device: TunDevice | None = None
        self._neighbors: NeighborLink | None = None
        self._interception: Interception | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._beginning: asyncio.Task[None] | None = None
        self._limit = LogLimit()
        self._interim: asyncio.TimerHandle | None = None
        self._quiet = asyncio.Event()
        self.drain_to = settings.drain_to
        link.obey(self)
        REGISTRY.sample(self, lambda: sample(self._machine.sessions))

    def open(self, config: PdnGwConfig) -> None:
        """Bind the ports, and make the home network's device; OSError or ConfigError when that cannot be."""
        if config.address.is_unspecified:
            self._place = place_of
        for port in (config.ike_port, config.natt_port):
            self._sockets[port] = self._trains[port] = self._bind_trains(Endpoint(config.address, port))
        dsmip = Endpoint(config.address, config.dsmip_port)

        def arrived(octets: bytes, source: Address) -> None:
            peer = Endpoint(_address(source[0]), source[1])
            self._driver.feed(DatagramArrived(Channel.DSMIP, octets, peer, _asked(dsmip, mobility.place)))

        mobility = UdpEndpoint.bind((str(dsmip.address), dsmip.port), arrived, capture=self._capture, answers=True)
        self._sockets[dsmip.port] = mobility
        if config.tun:
            self._device = TunDevice.open(config.tun, self._home_packets, self._home_lost)
            if config.home_link:
                self._open_link(config, self._device)
            else:
                self._device.add_route(config.home_prefix)
            if config.ipv4_home_prefix is not None:
                self._device.add_route(config.ipv4_home_prefix)
        self._beginning = asyncio.ensure_future(self._link.begin())

    def _open_link(self, config: PdnGwConfig, device: TunDevice) -> None:
        """The home agent's own addresses are taken first: the anycast ones are nobody's alone (RFC 4862 §5.4)."""
        self._interception = Interception.open(config.home_link, device, config.home_prefix)
        self._neighbors = NeighborLink.open(config.home_link, self._link_packet)
        for address in anycast_of((config.home_prefix,)):
            self._interception.begin(address)
        self._driver.feed(AddressWanted(config.ha_address, is_own=True))

    def named(self, marks: Marks) -> tuple[str, ...]:
        """The sessions that the AAA server names so."""
        return tuple(one.name for one in self._machine.sessions.of_marks(marks))

    def holds(self, session: str) -> bool:
        """Whether an accepted session has this name."""
        found = self._machine.sessions.of_name(session)
        return found is not None and found.accepted

    def abort(self, session: str, cause: str) -> bool:
        """The AAA server ends a session; False when it is not there.

        One that is not accepted yet is not there, and given up all the same: what accepts it may be under way.
        """
        found = self._machine.sessions.of_name(session)
        if found is None:
            return False
        is_accepted = found.accepted
        self._driver.feed(SessionAborted(session, cause))
        return is_accepted

    def limit(self, session: str, seconds: int) -> bool:
        """The AAA server shortens or lengthens a session; False when it is not there."""
        if not self.holds(session):
            return False
        self._driver.feed(SessionLimited(session, seconds))
        return True

    def reauthenticate(self, session: str) -> bool:
        """The AAA server wants its UE to authenticate anew; False when it is not there."""
        if not self.holds(session):
            return False
        self._driver.feed(ReauthenticationWanted(session))
        return True

    def begin_drain(self, to: GatewayIdentity, per_second: float) -> None:
        """Send UEs to another gateway and take no new ones, and go on for those who stay."""
        log.info("drain begins", to=str(to), per_second=per_second, sessions=len(self._machine.sessions))
        self._driver.feed(LiveDrainRequested(to, per_second, _LEAVE_LIMIT))

    def cancel_drain(self) -> None:
        """Send nobody away any more."""
        if self._machine.draining.order is not None:
            log.info("drain is over", sessions=len(self._machine.sessions))
        self._driver.feed(LiveDrainCancelled())

    def records(self, limit: int) -> list[SessionRecord]:
        """What the oldest sessions are and have carried, by the names that the AAA server has for them."""
        now, begun = self._clock(), (one for one in self._machine.sessions.all() if has_begun(one))
        records = (record_of(session, Moment.INTERIM, now) for session in islice(begun, limit))
        return [replace(record, session=self._link.called(record.session)) for record in records]

    @property
    def load(self) -> Load:
        """How many sessions there are, and what came of a drain."""
        draining, sessions = self._machine.draining, len(self._machine.sessions)
        if draining.order is None:
            return Load(sessions=sessions)
        to = str(draining.order.to)
        return Load(sessions=sessions, to=to, redirected=draining.redirected, unable=draining.unable)

    def begin_accounting(self, interval: float) -> None:
        """Tell what each session has carried every so many seconds."""
        loop = asyncio.get_running_loop()
        self._interim = loop.call_later(min(interval, _LOOK_INTERVAL), self._account, interval)

    def _account(self, interval: float) -> None:
        self._driver.feed(UsageWanted(interval))
        self.begin_accounting(interval)

    async def drain(self) -> None:
        """Close every session, and wait a little for the UEs to agree, then for the AAA server to know."""
        self._link.hurry()
        cause, away = "the gateway stops", self.drain_to
        if away is not None:
            request = DrainRequested(f"{cause}, and sends UEs to {away}", to=away, seconds=_REDIRECT_LIMIT)
            await self._empty(request, _REDIRECT_LIMIT)
        await self._empty(DrainRequested(cause), _DRAIN_LIMIT)
        await self._empty(DrainRequested(cause, at_once=True), _FAREWELL_LIMIT)
        await self._farewell()
        if not self._tasks:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._link.end(), _FAREWELL_LIMIT)

    async def _farewell(self) -> None:
        """Go on for as long as the AAA server takes what it is told: of many sessions that is no moment's work."""
        before = len(self._tasks) + 1
        while self._tasks and len(self._tasks) < before:
            before = len(self._tasks)
            await self._wait_quiet(_FAREWELL_LIMIT)

    async def _empty(self, request: DrainRequested, limit: float) -> None:
        self._driver.feed(request)
        self._note_quiet()
        await self._wait_quiet(limit)

    async def _wait_quiet(self, limit: float) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(limit):
                await self._quiet.wait()

    def close(self) -> None:
        """Give the ports back."""
        REGISTRY.forget(self)
        if self._interim is not None:
            self._interim.cancel()
        self._driver.close()
        for endpoint in self._sockets.values():
            endpoint.close()
        if self._interception is not None:
            self._interception.close()
        if self._neighbors is not None:
            self._neighbors.close()
        if self._device is not None:
            self._device.close()
        for task in self._tasks | ({self._beginning} if self._beginning is not None else set()):
            task.cancel()

    def _bind_trains(self, local: Endpoint) -> TrainEndpoint:
        def arrived(datagrams: list[bytes], source: Address) -> None:
            peer = Endpoint(_address(source[0]), source[1])
            self._driver.feed(TrainArrived(datagrams, peer, _asked(local, trains.place)))

        where = str(local.address), local.port
        trains = TrainEndpoint.bind(where, arrived, capture=self._capture, answers=True)
        return trains

    def _home_packets(self, packets: list[bytes]) -> None:
        self._driver.feed(HomeTrainArrived(packets))

    def _link_packet(self, octets: bytes) -> None:
        self._driver.feed(LinkPacketArrived(octets))

    def _home_lost(self, cause: str) -> None:
        log.error("home network lost", cause=f"{cause}; start the gateway anew")

    def _perform(self, effect: GatewayEffect) -> None:
        match effect:
            case Send(_, octets, source, to):
                self._sockets[source.port].send(octets, (str(to.address), to.port), self._place(source.address))
            case SendTrain(datagrams, source, to):
                place = self._place(source.address)
                self._trains[source.port].send_train(datagrams, (str(to.address), to.port), place)
            case DeliverHome(octets):
                self._deliver((octets,))
            case DeliverTrain(packets):
                self._deliver(packets)
            case AskAaa(sa, request):
                self._start(self._ask(sa, request))
            case Account(record):
                self._start(self._link.account(record))
            case EndAaaSession(session, user_name, ended_by):
                self._start(self._link.end_session(session, user_name, ended_by))
            case Failed(error, of):
                log.error("datagram handler failed", peer=of, cause=repr(error), exc_info=error)
            case SendOnLink() | ListenFor() | Intercept() | LetGo():
                self._on_link(effect)
            case Report():
                self._report(effect)
                self._note_quiet()

    def _deliver(self, packets: Sequence[bytes]) -> None:
        if self._device is not None:
            self._device.send_train(packets)

    def _on_link(self, effect: LinkEffect) -> None:
        if self._neighbors is None or self._interception is None:
            return
        match effect:
            case SendOnLink(octets):
                self._neighbors.send(octets)
            case ListenFor(address):
                self._neighbors.listen(address)
            case Intercept(address, is_own):
                self._interception.begin(address, is_own=is_own)
                self._neighbors.forget(address)
            case LetGo(address):
                self._interception.end(address)
                self._neighbors.forget(address)

    def _note_quiet(self) -> None:
        if not len(self._machine.sessions) and not self._tasks:
            self._quiet.set()
        else:
            self._quiet.clear()

    def _start(self, work: Coroutine[object, object, None]) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._finished)

    def _finished(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        self._note_quiet()
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("AAA task failed", cause=repr(error), exc_info=error)

    async def _ask(self, sa: bytes, request: RelayRequest) -> None:
        answer: RelayAnswer
        log_session(self._link.called(request.session))
        began = self._clock()
        try:
            answer = await self._link.authenticate(request)
        except Exception as error:
            # The outermost place of this round: the UE is told at once, and every other session goes on.
            log.exception("AAA link failed", cause=repr(error))
            answer = RelayUnavailable("the AAA link failed")
        measure_round(answer, self._clock() - began)
        self._driver.feed(AaaAnswered(sa, answer))

    def _report(self, report: Report) -> None:
        """One line; those that strangers cause are limited, and counted all the same."""
        EVENTS.count(report.phrase, report.level.value)
        if report.clause:
            MOBILITY.count(report.clause)
        withheld = 0
        if report.by_stranger:
            allowed = self._limit.allow(report.phrase, self._clock())
            if allowed is None:
                return
            withheld = allowed
        session = report.details.get("session")
        named = {} if session is None else {"session": self._link.called(session)}
        details = {**report.details, **named, **({"withheld": withheld} if withheld else {})}
        getattr(log, report.level.value)(report.phrase, **details)
