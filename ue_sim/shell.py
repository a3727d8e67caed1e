"""A UE on real sockets: feeds the machine, waits for what it says, with a limit on every wait."""

import asyncio
import secrets
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from ipaddress import IPv4Interface, IPv6Address, IPv6Interface
from typing import Self, assert_never

from runtime.address_watch import AddressWatch, is_here
from runtime.config import ConfigError
from runtime.driver import Driver
from runtime.logs import get_logger
from runtime.taps import DatagramTap
from runtime.tun import TunDevice
from runtime.wireshark import KeyTables
from ue_sim.evidence import as_fields
from ue_sim.faults import FaultScript, FaultyUsim, MessageFaults
from ue_sim.ike.events import EVERY_CHILD, GatewayAnswered, IkeKeysReady, ProbeRequested, RekeyRequested
from ue_sim.mobility import Unanswered
from ue_sim.pinger import EchoMissed, EchoTimed, PingFinished, PingRequested
from ue_sim.places import Places
from ue_sim.settings import UeSettings
from ue_sim.sockets import UeSockets
from ue_sim.trains import Trains
from ue_sim.ue import Ue
from ue_sim.ue_events import (
    Attached,
    AttachFailed,
    AttachRequested,
    Channel,
    DatagramArrived,
    DeliverPacket,
    DeliverTrain,
    Detached,
    DetachRequested,
    EspKeysReady,
    IkeRequested,
    Moved,
    Note,
    NotReauthenticated,
    PacketsToSend,
    ReauthenticationRequested,
    Send,
    SendTrain,
    Step,
    StepTaken,
    TrainArrived,
    TrainedEvent,
    UeEffect,
    one_by_one,
)
from ue_sim.usim import Usim
from ue_sim.waiting import Wait
from wire.ikev2.nat import Endpoint
from wire.ip.checksum import IpAddress
from wire.sansio import Failed

log = get_logger("ue")

_SLACK = 5.0
"""Seconds that a wait of the shell may outlast the machine's own limit."""

_LEAVE_LIMIT = 15.0
_IKE_LIMIT = 25.0
"""Seconds in which a request of IKE is answered, or was repeated in vain (wire.ikev2.exchanges.Retransmission)."""


class UeFailed(Exception):
    """The UE could not do what it was asked; `step` is the one that did not hold, `cause` one line."""

    def __init__(self, step: Step, cause: str) -> None:
        super().__init__(f"step {step.value}: {cause}")
        self.step = step
        self.cause = cause


@dataclass(frozen=True, slots=True)
class StepReport:
    """One step that held, after `milliseconds` since the one before it."""

    step: Step
    milliseconds: float
    evidence: Mapping[str, str]


class UeShell:
    """One UE with its sockets, for as long as the context lasts. `on_step` hears of each step as it holds.

    With `tun` it has a TUN device of that name, with the Home Address on it, while it is attached. `ended` is set
    whenever there is nothing to detach from; `end` says then why, in one line. It is at the first of its addresses that
    the machine has, and moves when that changes. `faults` befall its datagrams and its USIM.
    """

    def __init__(
        self,
        settings: UeSettings,
        usim: Usim,
        *,
        on_step: Callable[[StepReport], None],
        capture: DatagramTap | None = None,
        tables: KeyTables | None = None,
        tun: str = "",
        faults: FaultScript | None = None,
    ) -> None:
        self._settings = replace(settings, device=bool(tun))
        self._places = Places(
            settings.ike.address, settings.further_addresses, is_here=lambda address: is_here(str(address))
        )
        self._usim = usim if faults is None else FaultyUsim(usim, faults)
        self._faults = MessageFaults(faults or FaultScript())
        self._on_step = on_step
        self._capture = capture
        self._tables = tables
        self._tun = tun
        self._device: TunDevice | None = None
        self._moved_in: tuple[IPv6Address, IPv4Interface | None] | None = None
        self._sockets = UeSockets(self._settings, self._datagrams, capture)
        self._watch: AddressWatch | None = None
        self._driver: Driver[TrainedEvent, UeEffect] | None = None
        self._waiting: Wait | None = None
        self._last_note = ""
        self._step_began = 0.0
        self.ended = asyncio.Event()
        self.ended.set()
        self.end = ""

    async def __aenter__(self) -> Self:
        loop = asyncio.get_running_loop()
        self._settings = replace(self._settings, ike=self._sockets.open(self._places.best))
        if self._settings.further_addresses:
            self._watch = AddressWatch.open(self._addresses_changed)
        ue = Ue(settings=self._settings, usim=self._usim, random=secrets.token_bytes)
        machine = Trains(ue, device=bool(self._tun))
        self._driver = Driver(machine, self._perform, clock=loop.time, call_later=loop.call_later)
        return self

    async def __aexit__(self, *_exception: object) -> None:
        if self._driver is not None:
            self._driver.close()
        self._close_device()
        self._sockets.close()
        if self._watch is not None:
            self._watch.close()

    @property
    def local(self) -> Endpoint:
        """Its own socket for IKE and ESP in UDP: where the UE is."""
        return self._settings.ike

    async def attach(self) -> Attached:
        """Steps 1 to 7; UeFailed names the step that did not hold, ConfigError why there is no TUN device."""
        if self._tun and self._device is None:
            self._device = TunDevice.open(self._tun, self._packets_read, self._device_lost)
        self._step_began = asyncio.get_running_loop().time()
        self.ended.clear()
        told = await self._ask(AttachRequested(datetime.now(UTC)), self._settings.give_up_after * 2)
        if isinstance(told, AttachFailed):
            with suppress(TimeoutError):
                async with asyncio.timeout(_LEAVE_LIMIT):
                    await self.ended.wait()
            raise UeFailed(told.step, told.cause)
        if not isinstance(told, Attached):
            raise UeFailed(Step.DISCOVERY, "the UE did not come to an end of its attach")
        return told

    async def ping(self, destination: IpAddress, count: int) -> PingFinished:
        """Step 8: `count` echo requests from the Home Address; UeFailed when the UE is no longer attached."""
        identifier = int.from_bytes(secrets.token_bytes(2), "big")
        told = await self._ask(PingRequested(destination=destination, identifier=identifier, count=count), count + 5.0)
        if isinstance(told, PingFinished):
            return told
        raise UeFailed(Step.TUNNEL, told.cause if isinstance(told, Detached) else "the pings did not end")

    async def detach(self) -> str:
        """Give up the binding and the security associations; how that went, in one line."""
        if self.ended.is_set():
            return "the session had ended before"
        told = await self._ask(DetachRequested(), _LEAVE_LIMIT)
        return told.cause if isinstance(told, Detached) else f"the gateway did not answer within {_LEAVE_LIMIT:.0f} s"

    async def rekey(self, *, ike: bool) -> None:
        """Replace the IKE SA, or else each of its Child SAs (RFC 7296 §2.8); UeFailed when that does not happen."""
        children = 2 if self._settings.mobility else 1
        wait = Wait((IkeKeysReady,)) if ike else Wait((EspKeysReady,), times=children)
        told = await self._ask(IkeRequested(RekeyRequested(None if ike else EVERY_CHILD)), _IKE_LIMIT, wait)
        if not isinstance(told, IkeKeysReady | EspKeysReady):
            raise self._without(told, f"the {'IKE SA' if ike else 'Child SAs'} were not replaced")

    async def probe(self) -> float:
        """Seconds that the gateway took to say that it is there (RFC 7296 §2.4); UeFailed when it is not."""
        began = asyncio.get_running_loop().time()
        told = await self._ask(IkeRequested(ProbeRequested()), _IKE_LIMIT, Wait((GatewayAnswered,)))
        if not isinstance(told, GatewayAnswered):
            raise self._without(told, "the gateway did not answer")
        return asyncio.get_running_loop().time() - began

    async def reauthenticate(self, *, make_before_break: bool | None = None) -> Attached:
        """Another IKE SA in the place of the one that there is (RFC 7296 §2.8.3); UeFailed when there is none."""
        wait = Wait((Attached, NotReauthenticated, AttachFailed))
        event = ReauthenticationRequested(make_before_break)
        told = await self._ask(event, self._settings.give_up_after * 2, wait)
        match told:
            case Attached():
                return told
            case AttachFailed(step, cause):
                raise UeFailed(step, cause)
            case NotReauthenticated(cause):
                raise UeFailed(Step.EAP, cause)
            case _:
                raise self._without(told, "the UE did not come to an end of it")

    def _without(self, told: UeEffect | None, why: str) -> UeFailed:
        if isinstance(told, Detached):
            return UeFailed(Step.TUNNEL, told.cause)
        return UeFailed(Step.TUNNEL, f"{why} within {_IKE_LIMIT:.0f} s{self._last_note}")

    def move(self, address: IpAddress) -> None:
        """Be at another of this machine's addresses from now on, in another network perhaps (RFC 5555 §4.4).

        OSError or ConfigError when that cannot be; the UE stays where it is.
        """
        before = self._settings.ike
        try:
            local = self._sockets.open(address)
        except (OSError, ConfigError):
            self._sockets.open(before.address)
            raise
        self._settings = replace(self._settings, ike=local)
        log.info("moved", to=str(local))
        self._feed(Moved(local))

    def _feed(self, event: TrainedEvent) -> None:
        if self._driver is not None:
            self._driver.feed(event)

    def step_done(self, step: Step, evidence: Mapping[str, str]) -> None:
        """Report a step whose evidence is this shell's caller's, such as the pings of step 8."""
        now = asyncio.get_running_loop().time()
        self._on_step(StepReport(step, (now - self._step_began) * 1000, evidence))
        self._step_began = now

    async def _ask(self, event: TrainedEvent, limit: float, wait: Wait | None = None) -> UeEffect | None:
        self._waiting, self._last_note = wait or Wait((Attached, AttachFailed, PingFinished)), ""
        if self._driver is not None:
            self._driver.feed(event)
        with suppress(TimeoutError):
            async with asyncio.timeout(limit + _SLACK):
                return await self._waiting.future
        return None

    def _addresses_changed(self) -> None:
        best = self._places.best
        if best == self._settings.ike.address or not is_here(str(best)):
            return
        try:
            self.move(best)
        except (OSError, ConfigError) as error:
            log.warning("move failed", to=str(best), cause=str(error))

    def _found_silent(self, care_of: IpAddress) -> None:
        log.warning("no answer to Binding Updates", care_of=str(care_of))
        self._places.found_silent(care_of)
        asyncio.get_running_loop().call_soon(self._addresses_changed)

    def _datagrams(self, channel: Channel, datagrams: Sequence[bytes]) -> None:
        if channel is Channel.IKE and not self._faults.script.messages:
            self._feed(TrainArrived(tuple(datagrams)))
            return
        for octets in datagrams:
            for delay, passed in self._faults.passing(channel, "in", octets):
                self._after(delay, partial(self._feed, DatagramArrived(channel, passed)))

    def _send(self, effect: Send | SendTrain) -> None:
        if isinstance(effect, SendTrain) and not self._faults.script.messages:
            self._sockets.send_train(effect)
            return
        for each in one_by_one(effect):
            for delay, octets in self._faults.passing(each.channel, "out", each.octets):
                self._after(delay, partial(self._sockets.send, replace(each, octets=octets)))

    def _after(self, delay: float, act: Callable[[], None]) -> None:
        if delay:
            asyncio.get_running_loop().call_later(delay, act)
        else:
            act()

    def _packets_read(self, packets: list[bytes]) -> None:
        self._feed(PacketsToSend(tuple(packets)))

    def _device_lost(self, cause: str) -> None:
        self._feed(DetachRequested(cause))

    def _close_device(self) -> None:
        if self._device is not None:
            self._device.close()
            self._device = self._moved_in = None

    def _perform(self, effect: UeEffect) -> None:
        match effect:
            case Send() | SendTrain():
                self._send(effect)
            case DeliverPacket() | DeliverTrain():
                self._deliver(effect)
            case StepTaken(step, evidence):
                log.info("step holds", step=step.value, **as_fields(evidence))
                self.step_done(step, evidence)
            case Attached() | AttachFailed() | Detached() | PingFinished():
                self._tell(effect)
            case IkeKeysReady() | EspKeysReady():
                self._write_keys(effect)
                self._hear(effect)
            case GatewayAnswered():
                self._hear(effect)
            case NotReauthenticated(cause):
                log.warning("not authenticated anew", cause=cause)
                self._hear(effect)
            case EchoTimed() | EchoMissed():
                _log_echo(effect)
            case Unanswered(care_of):
                self._found_silent(care_of)
            case Note(cause):
                self._last_note = f": {cause}"
                log.debug("note", cause=cause)
            case Failed(error, of):
                log.error("datagram handler failed", peer=of, cause=repr(error), exc_info=error)
            case _:
                assert_never(effect)

    def _deliver(self, effect: DeliverPacket | DeliverTrain) -> None:
        if self._device is not None:
            self._device.send_train(effect.packets if isinstance(effect, DeliverTrain) else (effect.octets,))

    def _write_keys(self, effect: IkeKeysReady | EspKeysReady) -> None:
        if self._tables is None:
            return
        if isinstance(effect, IkeKeysReady):
            self._tables.add_ike(effect.spi_i, effect.spi_r, effect.suite, effect.keys)
        else:
            self._tables.add_esp(effect.child)

    def _tell(self, effect: Attached | AttachFailed | Detached | PingFinished) -> None:
        told = self._move_in(effect) if isinstance(effect, Attached) else effect
        match told:
            case AttachFailed(step, cause):
                log.warning("attach failed", step=step.value, cause=cause)
            case Detached(cause):
                log.info("detached", cause=cause)
                self._close_device()
                self.end = cause
                self.ended.set()
            case Attached(home_address):
                log.info("attached", home_address=str(home_address), device=self._tun)
            case PingFinished():
                pass
        self._hear(told)

    def _hear(self, told: UeEffect) -> None:
        if self._waiting is not None:
            self._waiting.hear(told)

    def _move_in(self, attached: Attached) -> Attached | AttachFailed:
        """Put the Home Address on the device; a UE that cannot does not stay."""
        here = attached.home_address, attached.ipv4_home_address
        if self._device is None or here == self._moved_in:
            return attached
        try:
            if self._moved_in is not None:
                self._device.close()
                self._device = TunDevice.open(self._tun, self._packets_read, self._device_lost)
            self._moved_in = here
            self._device.add_address(IPv6Interface((attached.home_address, attached.prefix_length)))
            if attached.ipv4_home_address is not None:
                self._device.add_address(attached.ipv4_home_address)
        except ConfigError as error:
            self._device_lost(str(error))
            return AttachFailed(Step.TUNNEL, str(error))
        return attached


def _log_echo(effect: EchoTimed | EchoMissed) -> None:
    match effect:
        case EchoTimed(sequence, round_trip):
            log.info("echo reply", sequence=sequence, ms=round(round_trip * 1000, 2))
        case EchoMissed(sequence, cause):
            log.warning("no echo reply", sequence=sequence, cause=cause)
