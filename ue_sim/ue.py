"""The UE as one machine: discovery, IKEv2, EAP-AKA, mobile node and stack joined (TS 24.303 §5.1, TR 33.922 §7.3.5)."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from ipaddress import IPv6Address
from typing import assert_never

from ue_sim import discovery as dns
from ue_sim import evidence
from ue_sim import mobility as mip
from ue_sim.agent_discovery import ReplyArrived
from ue_sim.connection import EapDone, Gone, NoTunnel, TunnelReady
from ue_sim.finding import Effect as FindingEffect
from ue_sim.home_agent_packets import read_mobility, read_tunnelled
from ue_sim.host import HostEffect
from ue_sim.ike import events as ike
from ue_sim.link_effects import Break, LinkEffect, Renewed
from ue_sim.parts import UeParts
from ue_sim.pinger import PingRequested
from ue_sim.prefix_discovery import SendSolicitation
from ue_sim.roaming import Event as RoamingEvent
from ue_sim.settings import UeSettings
from ue_sim.stack import SendPacket
from ue_sim.ue_events import (
    TRANSITIONS,
    Attached,
    AttachFailed,
    AttachRequested,
    Channel,
    Connecting,
    DatagramArrived,
    Detached,
    DetachRequested,
    Discovering,
    EspKeysReady,
    IkeRequested,
    Leaving,
    Moved,
    Note,
    NotReauthenticated,
    Off,
    OnTheNetwork,
    PacketToSend,
    ReauthenticationRequested,
    Registering,
    Renewing,
    Send,
    Step,
    StepTaken,
    UeEffect,
    UeEvent,
    UeState,
)
from ue_sim.usim import Usim
from wire.esp.sa import SequenceExhausted
from wire.ikev2.association import UNUSABLE
from wire.ikev2.nat import Endpoint
from wire.ikev2.redirect import GatewayIdentity
from wire.ip.ipv4 import Ipv4Packet
from wire.ip.ipv6 import Ipv6Packet
from wire.ip.packet import IpPacket
from wire.mip6.binding_update import BindingUpdate
from wire.sansio import RandomBytes, Tick, check_transition, is_due

Effects = Iterator[UeEffect]


class Ue(UeParts):
    """One UE and its one PDN connection. `random` makes every nonce, SPI, key and query id."""

    def __init__(self, *, settings: UeSettings, usim: Usim, random: RandomBytes) -> None:
        super().__init__(settings=settings, usim=usim, random=random)
        self._ha_address = IPv6Address(0)
        self._prefix_length = 128
        self.state: UeState = Off()

    def handle(self, event: UeEvent, now: float) -> list[UeEffect]:
        """Take one event and return all that comes of it, through every part."""
        before = self.state
        effects = list(self._dispatch(event, now))
        if type(self.state) is not type(before):
            check_transition(TRANSITIONS, before, event, self.state)
        return effects

    def _dispatch(self, event: UeEvent, now: float) -> Effects:
        match event:
            case AttachRequested():
                yield from self._attach(event, now)
            case DatagramArrived():
                yield from self._receive(event, now)
            case PacketToSend(octets):
                yield from self._send_packet(octets, now)
            case PingRequested():
                yield from self._perform(self.host.ping(event, now), now)
            case IkeRequested(wish):
                yield from self._linked(self.links.handle(wish, now), now)
            case ReauthenticationRequested(make_before_break):
                yield from self._reauthenticate(make_before_break, now)
            case Moved(local):
                yield from self._change_place(local, now)
            case DetachRequested():
                yield from self._leave(event.cause, now)
            case Tick():
                yield from self._tick(now)
            case _:
                assert_never(event)

    def _tick(self, now: float) -> Effects:
        yield from self._discover(self._finding.handle(Tick(), now), now) if is_due(self._finding, now) else ()
        yield from self._linked(self.links.tick(now), now) if is_due(self.links, now) else ()
        yield from self._move(Tick(), now) if is_due(self._node, now) else ()
        yield from self._perform(self.host.ping(Tick(), now), now) if is_due(self.host, now) else ()

    # Step 1: discovery

    def _attach(self, event: AttachRequested, now: float) -> Effects:
        if not isinstance(self.state, Off):
            yield Note("the UE is attached, or on the way")
            return
        self._begin_anew()
        self.links.clock = event.at, now
        self.state = Discovering(event.at)
        yield from self._discover(self._finding.begin(now), now)

    def _discover(self, effects: Iterable[FindingEffect], now: float) -> Effects:
        for effect in effects:
            match effect:
                case dns.Discovered():
                    yield from self._discovered(effect, now)
                case dns.DiscoveryFailed(cause):
                    yield from self._fail(Step.DISCOVERY, cause, now)
                case _:
                    yield effect

    def _discovered(self, found: dns.Discovered, now: float) -> Effects:
        if isinstance(self.state, Discovering):
            yield StepTaken(Step.DISCOVERY, evidence.of_discovery(found))
            yield from self._begin(found, now)

    # Steps 2 to 5: IKEv2 and EAP

    def _begin(self, found: dns.Discovered, now: float, former: GatewayIdentity | None = None) -> Effects:
        """An IKE SA with the PDN GW, for the Home Address that the UE had, if it had one."""
        self.state = Connecting(found, self.links.clock[0])
        yield from self._linked(self.links.begin(found, now, self.host.home_address, former), now)

    def _linked(self, effects: Iterable[LinkEffect], now: float) -> Effects:
        for effect in effects:
            match effect:
                case ike.IkeKeysReady(suite=suite):
                    yield effect
                    yield from self._reach(Step.IKE_SA_INIT, evidence.of_suite(suite))
                case EapDone():
                    yield from self._reach(Step.EAP, evidence.of_eap(effect))
                case ike.AddressAssigned(home_address, length):
                    yield from self._assigned(home_address, length)
                case Send() | EspKeysReady() | ike.GatewayAnswered() | NotReauthenticated() | Note():
                    yield effect
                case TunnelReady():
                    yield from self._tunnelled(effect, now)
                case NoTunnel(cause):
                    yield from self._fail(Step.IPSEC_SA, cause, now)
                case Ipv4Packet() | Ipv6Packet():
                    yield from self.receive_packet(effect, now)
                case Renewed(ready, gateway, home_address):
                    self._prefix_length = effect.prefix_length
                    yield from self._settle(ready, gateway, home_address, now)
                case Break():
                    yield from self._break(effect, now)
                case Gone(cause):
                    yield from self._gone(cause, now)
                case _:
                    assert_never(effect)

    def _reach(self, step: Step, facts: dict[str, str]) -> Effects:
        if isinstance(self.state, Connecting):
            self.state = replace(self.state, reached=step)
            yield StepTaken(step, facts)

    def _assigned(self, home_address: IPv6Address, length: int) -> Effects:
        if isinstance(self.state, Connecting):
            self.state = replace(self.state, home_address=home_address)
        self._prefix_length = length
        yield from self._reach(Step.HOME_ADDRESS, {"Home Address": f"{home_address}/{length}"})

    def _tunnelled(self, ready: TunnelReady, now: float) -> Effects:
        if isinstance(self.state, Connecting) and self.state.home_address is not None:
            yield from self._reach(Step.IPSEC_SA, evidence.of_tunnel(ready))
            gateway = self.links.found or self.state.gateway
            yield from self._settle(ready, gateway, self.state.home_address, now)

    def _settle(self, ready: TunnelReady, gateway: dns.Discovered, home_address: IPv6Address, now: float) -> Effects:
        if not isinstance(self.state, Connecting | OnTheNetwork):
            return
        if home_address != self.host.home_address:
            self.host.settle(home_address)
        self._ha_address = ready.ha_address or gateway.ipv6
        if ready.transport is None:
            self.state = OnTheNetwork(gateway, home_address)
            yield Attached(home_address, gateway.ipv6, self._prefix_length)
            return
        self.state = Registering(gateway, home_address, Step.IPSEC_SA)
        up = mip.TunnelUp(home_address=home_address, ha_address=self._ha_address, care_of=self._settings.ike.address)
        yield from self._move(up, now)

    def _gone(self, cause: str, now: float) -> Effects:
        """The IKE SA is no more, and everything with it."""
        state = self.state
        self.links.let_go()
        match state:
            case Connecting(gateway, at, Step.DISCOVERY) if (another := self._finding.after(gateway)) is not None:
                yield Note(f"{gateway.ipv6}: {cause}; trying {another.ipv6}")
                self.state = Discovering(at)
                yield from self._discovered(another, now)
            case Connecting(reached=reached):
                yield from self._fail(Step(reached.value + 1), cause, now)
            case Registering():
                yield from self._fail(Step.BINDING_ACK, cause, now)
            case Leaving(why):
                yield from self._off(why)
            case OnTheNetwork():
                self.state = Leaving(cause)
                yield from self._move(mip.TunnelLost(cause), now)
                yield from self._off(cause)
            case Renewing(gateway=gateway, redirected_from=former):
                yield from self._begin(gateway, now, former)
            case Off() | Discovering():
                return
            case _:
                assert_never(state)

    # Another IKE SA in the place of the first

    def _reauthenticate(self, make_before_break: bool | None, now: float) -> Effects:
        """The Home Address stays, and so does the binding: no Binding Update ends it (RFC 7296 §2.8.3)."""
        if isinstance(self.state, OnTheNetwork):
            yield from self._linked(self.links.reauthenticate(make_before_break, now), now)
        else:
            yield NotReauthenticated("the UE is not attached")

    def _break(self, wanted: Break, now: float) -> Effects:
        if isinstance(self.state, OnTheNetwork):
            self.state = Renewing(wanted.cause, wanted.there, wanted.redirected_from)
            yield from self._linked(self.links.close(wanted.cause, now), now)

    # Steps 6 and 7: the binding

    def _move(self, event: RoamingEvent, now: float) -> Effects:
        for effect in self._node.handle(event, now):
            match effect:
                case mip.SendMobility(octets):
                    yield from self._send_mobility(effect, octets, now)
                case SendSolicitation(octets):
                    yield from self._send_packet(octets, now)
                case mip.Bound():
                    self.links.nat_detected(behind=bool(effect.nat_detected))
                    yield from self._bound(effect)
                case mip.BindingLost(cause):
                    yield from self._unbound(cause, now)
                case mip.Left(confirmed):
                    if isinstance(self.state, Leaving):
                        silence = "" if confirmed else "; the home agent did not confirm"
                        yield from self._quit(f"{self.state.cause}{silence}", now)
                case mip.Unanswered() | mip.Dropped():
                    yield Note(effect.cause) if isinstance(effect, mip.Dropped) else effect
                case _:
                    assert_never(effect)

    def _send_mobility(self, effect: mip.SendMobility, octets: bytes, now: float) -> Effects:
        try:
            sent = self.links.send_mobility(octets, self._ha_address, self._settings)
        except SequenceExhausted as error:
            yield from self._exhausted(str(error), now)
            return
        match self.state, effect.message:
            case Registering(reached=Step.IPSEC_SA) as state, BindingUpdate() as update if isinstance(sent, Send):
                self.state = replace(state, reached=Step.BINDING_UPDATE)
                yield StepTaken(Step.BINDING_UPDATE, evidence.of_update(update, self._settings.ike))
        yield sent

    def _change_place(self, local: Endpoint, now: float) -> Effects:
        """Show IKE the new path by a message from it, and tell the home agent (RFC 5555 §5.1, RFC 5555 §4.4)."""
        self._settings = replace(self._settings, ike=local)
        changed = self.links.place_at(local)
        if isinstance(changed, Note):
            yield changed
            return
        yield from self._linked(self.links.handle(changed, now), now)
        yield from self._move(mip.CareOfChanged(local.address), now)

    def _bound(self, bound: mip.Bound) -> Effects:
        self.host.settle_ipv4(bound.ipv4_home_address.ip if bound.ipv4_home_address else None)
        if isinstance(self.state, Registering):
            gateway, home_address = self.state.gateway, self.state.home_address
            self.state = OnTheNetwork(gateway, home_address)
            yield StepTaken(Step.BINDING_ACK, evidence.of_binding(bound))
            yield Attached(home_address, self._ha_address, self._prefix_length, bound.ipv4_home_address)

    def _unbound(self, cause: str, now: float) -> Effects:
        if isinstance(self.state, Registering):
            yield from self._fail(Step.BINDING_ACK, cause, now)
        elif isinstance(self.state, OnTheNetwork):
            yield from self._quit(cause, now)

    # Step 8: the tunnel
    def _perform(self, effects: Iterable[HostEffect], now: float) -> Effects:
        for effect in effects:
            yield from self._send_packet(effect.octets, now) if isinstance(effect, SendPacket) else (effect,)

    def _send_packet(self, octets: bytes, now: float) -> Effects:
        try:
            yield self.links.through(octets, now)
        except SequenceExhausted as error:
            yield from self._exhausted(str(error), now)

    def _exhausted(self, cause: str, now: float) -> Effects:
        """An SA without sequence numbers is worth nothing; the next attach makes a new one (RFC 4303 §3.3.3)."""
        match self.state:
            case Registering(reached=reached):
                yield from self._fail(Step(reached.value + 1), cause, now)
            case OnTheNetwork():
                yield from self._leave(f"{cause}; attach again", now)
            case _:
                yield Note(f"not sent: {cause}")

    # Receiving

    def _receive(self, event: DatagramArrived, now: float) -> Effects:
        try:
            match event.channel:
                case Channel.DNS:
                    yield from self._discover(self._finding.handle(dns.AnswerArrived(event.octets), now), now)
                    yield from self._linked(self.links.answered(event.octets, now), now)
                case Channel.IKE:
                    yield from self._linked(self.links.receive(event.octets, now), now)
                case Channel.DSMIP:
                    yield from self._receive_mobility(event.octets, now)
                case _:
                    assert_never(event.channel)
        except UNUSABLE as error:
            yield Note(f"dropped from {event.channel.value}: {error}")

    def receive_packet(self, packet: IpPacket, now: float) -> Effects:
        """A packet that came out of the tunnel."""
        told = read_tunnelled(packet, self.host.home_address, self._ha_address)
        yield from self._perform(self.host.receive(packet, now), now) if told is None else self._move(told, now)

    def _receive_mobility(self, octets: bytes, now: float) -> Effects:
        told = read_mobility(octets, self.links.current, self._settings.ike.address, self._ha_address)
        match told:
            case ReplyArrived():
                yield from self._discover(self._finding.handle(told, now), now)
            case Note():
                yield told
            case _:
                yield from self._move(told, now)

    # The end

    def _leave(self, cause: str, now: float) -> Effects:
        match self.state:
            case Registering() | OnTheNetwork() if self._settings.mobility:
                self.state = Leaving(cause)
                yield from self._move(mip.LeaveRequested(), now)
            case Connecting() | Registering() | OnTheNetwork():
                yield from self._quit(cause, now)
            case Discovering():
                yield from self._off(cause)
            case Renewing():
                self.state = Leaving(cause)
                yield from self._move(mip.TunnelLost(cause), now)
            case Off() | Leaving():
                yield Note("there is nothing to detach from")
            case _:
                assert_never(self.state)

    def _fail(self, step: Step, cause: str, now: float) -> Effects:
        """Say where the attach failed, and clean up what there is."""
        yield AttachFailed(step, cause)
        self.state = Leaving(cause)
        yield from self._move(mip.TunnelLost(cause), now)
        yield from self._quit(cause, now)

    def _quit(self, cause: str, now: float) -> Effects:
        self.state = Leaving(cause)
        yield from self._linked(self.links.close(cause, now), now)

    def _off(self, cause: str) -> Effects:
        if isinstance(self.state, Off):
            return
        self.state = Off()
        self._begin_anew()
        yield Detached(cause)
