"""The UE's ways to its PDN GW: the IKE SA in use, the one that is to replace it, and those that it leaves."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from ipaddress import IPv6Address
from typing import assert_never

from ue_sim.connection import Connection, ConnectionEffect, EapDone, Gone, NoTunnel, SentOn, TunnelReady
from ue_sim.discovery import Discovered, SendQuery
from ue_sim.eap.temporary import Kept
from ue_sim.ike import events as ike
from ue_sim.keepalive import Keepalives
from ue_sim.link_effects import Break, LinkEffect, Renewed
from ue_sim.redirections import Effects as Redirected
from ue_sim.redirections import Followed, NotFollowed, Redirections
from ue_sim.settings import UeSettings
from ue_sim.ue_events import Channel, EspKeysReady, Note, NotReauthenticated, Send, SendTrain
from ue_sim.usim import Usim
from ue_sim.wear import Wear
from wire.esp.encapsulation import KEEPALIVE
from wire.ikev2.association import UNUSABLE, Association
from wire.ikev2.nat import Endpoint
from wire.ikev2.redirect import GatewayIdentity
from wire.sansio import RandomBytes, Tick, Timed, is_due

_SOONEST, _SPREAD = 0.8, 0.1
"""The UE authenticates anew when this share of AUTH_LIFETIME is over, and so much more by chance."""
_RETRY = 10.0
"""Seconds until it tries once more where that came to nothing."""


Effects = Iterator[LinkEffect]


class Links:
    """What a UE has at its PDN GW; `kept` are the identities that the network gave it for the next time.

    `found` is the PDN GW, `clock` the time of day, with a time zone, at some moment of `now`. What it tells is of the
    IKE SA in use, unless it says otherwise.
    """

    def __init__(self, *, settings: UeSettings, usim: Usim, random: RandomBytes) -> None:
        self._settings = settings
        self._usim = usim
        self._random = random
        self._place = settings.ike
        self._tampering = settings.script.tampering
        self._keepalives = Keepalives(settings.keepalive_interval)
        self._renew_at: float | None = None
        self._until: float | None = None
        self._is_closing = False
        self._home_address: IPv6Address | None = None
        self._told: tuple[int, float] | None = None
        self._assigned: ike.AddressAssigned | None = None
        self._newest: Connection | None = None
        self._left: list[Connection] = []
        self._wear = Wear(settings.lifetimes.octets)
        self._redirections: Redirections[Connection] = Redirections(random=random)
        self.clock = datetime.fromtimestamp(0, UTC), 0.0
        self.found: Discovered | None = None
        self._fresh_found: Discovered | None = None
        self.kept = Kept()
        self.current: Connection | None = None
        self.fresh: Connection | None = None

    @property
    def deadline(self) -> float | None:
        """The nearest deadline of any."""
        timed: tuple[Timed, ...] = (self._keepalives, self._redirections, *self._all)
        deadlines = [self._renew_at, *(one.deadline for one in timed), 0.0 if self._wear.worn(self._tunnels) else None]
        return min((deadline for deadline in deadlines if deadline is not None), default=None)

    @property
    def _all(self) -> tuple[Connection, ...]:
        return tuple(one for one in (self.fresh, *self._left, self.current) if one is not None)

    @property
    def _tunnels(self) -> list[Association]:
        return self.current.tunnels if self.current is not None else []

    # The beginnings

    def begin(
        self,
        found: Discovered,
        now: float,
        home_address: IPv6Address | None = None,
        redirected_from: GatewayIdentity | None = None,
    ) -> Effects:
        """A new IKE SA with the PDN GW where there is none, for `home_address` if it may be; Gone with no way to it."""
        self.found = found
        connect = self._connect(now, redirected_from)
        if connect is None:
            yield Gone(self._no_way())
            return
        self.current = self._newest = self._made(self._settings, home_address)
        yield from self.handle(connect, now)

    def reauthenticate(self, make_before_break: bool | None, now: float) -> Effects:
        """Prove anew who the UE is: Renewed or NotReauthenticated follows, or Break at once.

        None is as the settings say.
        """
        make = self._settings.make_before_break if make_before_break is None else make_before_break
        self._renew_at = self._told = None
        connect = self._connect(now)
        if self.fresh is not None or self.current is None or self.found is None or connect is None:
            return
        if not make:
            yield Break("to authenticate anew", self.found)
            return
        self._keep()
        # RFC 7296 §2.4: INITIAL_CONTACT would end the old one before the new one stands
        self.fresh = self._newest = self._made(replace(self._settings, initial_contact=False), self._home_address)
        self._fresh_found = self.found
        yield from self.tell(self.fresh, connect, now)

    def _connect(
        self, now: float, redirected_from: GatewayIdentity | None = None, to: Discovered | None = None
    ) -> ike.Connect | None:
        found = to or self.found
        address = found.address(self._place.address.version) if found is not None else None
        if address is None:
            return None
        at, began = self.clock
        gateway = Endpoint(address, self._settings.first_port)
        place = self._settings.first_place(self._place)
        return ike.Connect(place, gateway, at + timedelta(seconds=now - began), redirected_from)

    def place_at(self, local: Endpoint) -> ike.PathChanged | Note:
        """The UE is at `local` from now on: what IKE is to be told of that, or why there is no way from there."""
        self._place = local
        there = self.found.address(local.address.version) if self.found is not None else None
        if there is None:
            return Note(self._no_way())
        return ike.PathChanged(local, Endpoint(there, self._settings.gateway_port))

    def _no_way(self) -> str:
        return f"the PDN GW has no IPv{self._place.address.version} address"

    def _made(self, settings: UeSettings, home_address: IPv6Address | None) -> Connection:
        return Connection(
            settings=settings,
            usim=self._usim,
            random=self._random,
            kept=self.kept,
            home_address=home_address,
            tampering=self._tampering,
        )

    # Events

    def handle(self, event: ike.InitiatorEvent, now: float) -> Effects:
        """Give the IKE SA in use an event; where there is none, nothing comes of it."""
        if self.current is not None:
            yield from self.tell(self.current, event, now)

    def tell(self, connection: Connection, event: ike.InitiatorEvent, now: float) -> Effects:
        """Give any of them an event."""
        for effect in connection.handle(event, now):
            if isinstance(effect, Gone):
                self._redirections.forget(connection)
            if isinstance(effect, ike.Transmit):
                self._keepalives.sent(now)
                yield Send(Channel.IKE, effect.octets, connection.gateway)
            elif isinstance(effect, ike.IkeKeysReady | EspKeysReady | Note) and connection is not self.current:
                yield effect
            elif isinstance(effect, SentOn):
                yield from self._sent_on(connection, effect.gateway, now)
            elif connection is self.fresh:
                yield from self._hear_fresh(effect, now)
            elif connection is self.current:
                yield from self._hear(effect, now)
            elif isinstance(effect, Gone) and connection in self._left:
                self._left.remove(connection)
        self._keepalives.behind_nat = self.current is not None and self.current.behind_nat

    def receive(self, octets: bytes, now: float) -> Effects:
        """Take a datagram of IKE or ESP; raises as Association does."""
        connection = next((one for one in self._all if one.owns(octets)), self.current)
        if connection is None:
            yield Note("a datagram without an IKE SA")
            return
        packet = connection.open(octets)
        if packet is None:
            yield from self.tell(connection, ike.DatagramArrived(octets), now)
        else:
            yield packet

    def tick(self, now: float) -> Effects:
        """Do what is due."""
        for connection in self._all:
            if is_due(connection, now):
                yield from self.tell(connection, Tick(), now)
        for spi_in in self._wear.ask(self._tunnels):
            yield from self.handle(ike.RekeyRequested(spi_in), now)
        yield from self._redirected(self._redirections.tick(now), now)
        if self._renew_at is not None and now >= self._renew_at:
            yield from self.reauthenticate(None, now)
        if self.current is not None and self._keepalives.is_due(now):
            yield Send(Channel.IKE, KEEPALIVE, self.current.gateway)

    def _hear(self, effect: ConnectionEffect, now: float) -> Effects:
        match effect:
            case ike.LifetimeTold(seconds):
                self._schedule(seconds, now)
                yield Note(f"the gateway wants the UE to authenticate anew within {seconds} s")
            case ike.AddressAssigned(home_address):
                self._home_address = home_address
                yield effect
            case Gone(cause) if self.fresh is not None:
                # the gateway may end the old one as soon as it has made the new one
                self.current = None
                yield Note(f"the old IKE SA is gone before the new one has a tunnel: {cause}")
            case ike.Transmit() | SentOn():
                return
            case _:
                yield effect

    def _schedule(self, seconds: int, now: float) -> None:
        if self._is_closing:
            return
        self._until = now + seconds
        self._renew_at = now + seconds * (_SOONEST + _SPREAD * self._random(1)[0] / 255)

    def _hear_fresh(self, effect: ConnectionEffect, now: float) -> Effects:
        match effect:
            case ike.AddressAssigned():
                self._assigned = effect
            case TunnelReady() if self._assigned is not None and self._fresh_found is not None:
                yield from self._replace(effect, self._assigned, self._fresh_found, now)
            case NoTunnel(cause) | Gone(cause):
                yield from self._give_up(cause, ended=isinstance(effect, Gone), now=now)
            case ike.LifetimeTold(seconds):
                self._told = seconds, now
            case SentOn() | EapDone() | ike.GatewayAnswered() | TunnelReady():
                return
            case ike.Transmit() | ike.IkeKeysReady() | EspKeysReady() | Note():
                return
            case _:
                assert_never(effect)

    def _replace(self, ready: TunnelReady, assigned: ike.AddressAssigned, found: Discovered, now: float) -> Effects:
        old, self.current, self.fresh = self.current, self.fresh, None
        self.found = found
        self._home_address, self._until = assigned.home_address, None
        if self._told is not None:
            self._schedule(*self._told)
        yield Renewed(ready, found, assigned.home_address, assigned.prefix_length)
        if old is not None:
            yield from self._leave(old, now)

    def _leave(self, connection: Connection, now: float) -> Effects:
        self._redirections.forget(connection)
        if connection.is_over:
            return
        self._left.append(connection)
        yield from self.tell(connection, ike.CloseRequested("replaced by another IKE SA"), now)

    def _give_up(self, cause: str, *, ended: bool, now: float) -> Effects:
        """The new one comes to nothing; the old one goes on, if it is still there."""
        failed, self.fresh = self.fresh, None
        if failed is not None and not ended:
            yield from self._leave(failed, now)
        if self._until is not None and now + _RETRY < self._until:
            self._renew_at = now + _RETRY
        yield NotReauthenticated(cause) if self.current is not None else Gone(cause)

    # Other gateways

    def answered(self, datagram: bytes, now: float) -> Effects:
        """The DNS server's answer, which may be about a gateway that a REDIRECT has named."""
        yield from self._redirected(self._redirections.answered(datagram, now), now)

    def _sent_on(self, connection: Connection, elsewhere: GatewayIdentity, now: float) -> Effects:
        here = self._fresh_found if connection is self.fresh else self.found
        if connection in self._left or here is None:
            self._left = [one for one in self._left if one is not connection or not one.is_over]
            return
        version = self._place.address.version
        yield from self._redirected(self._redirections.follow(connection, elsewhere, here, version, now), now)

    def _redirected(self, effects: Redirected[Connection], now: float) -> Effects:
        for effect in effects:
            match effect:
                case SendQuery(datagram):
                    yield Send(Channel.DNS, datagram, self._settings.dns)
                case NotFollowed(connection, cause):
                    yield from self._stay(connection, cause, now)
                case Followed(connection, elsewhere, there):
                    yield from self._go(connection, elsewhere, there, now)
                case _:
                    assert_never(effect)

    def _stay(self, connection: Connection, cause: str, now: float) -> Effects:
        if not connection.is_over:
            yield Note(f"not {cause}")
        elif connection is self.fresh:
            yield from self._hear_fresh(Gone(cause), now)
        else:
            yield from self._hear(Gone(cause), now)

    def _go(self, connection: Connection, elsewhere: GatewayIdentity, there: Discovered, now: float) -> Effects:
        former = GatewayIdentity(connection.gateway.address)
        connect = self._connect(now, former, there)
        if not connection.is_over:
            yield Break(f"redirected to {elsewhere}", there, former)
        elif connect is None:
            yield from self._stay(connection, f"redirected to {elsewhere}, which has no address of this network", now)
        else:
            yield Note(f"redirected to {elsewhere}")
            if connection is self.fresh:
                self._fresh_found = there
            else:
                self.found = there
            connection.begin_anew()
            yield from self.tell(connection, connect, now)

    # What is sent beside IKE

    def through(self, packet: bytes, now: float) -> Send | Note:
        """`packet` in ESP, or why not; SequenceExhausted when its SA has sent its last number."""
        tunnel = self.current.tunnel_for(packet) if self.current is not None else None
        if tunnel is None or self.current is None:
            return Note("no tunnel to send through")
        try:
            octets = tunnel.seal_tunnelled(packet)
        except UNUSABLE as error:
            return Note(f"not sent: {error}")
        self._keepalives.sent(now)
        return Send(Channel.IKE, octets, self.current.gateway)

    def association(self, spi: int) -> Association | None:
        """The SA whose packets come under our `spi`, in any of the IKE SAs; or None."""
        return next((found for one in self._all if (found := one.association(spi)) is not None), None)

    def train(self, datagrams: tuple[bytes, ...], now: float) -> SendTrain | Note:
        """ESP that was sealed in a tunnel of the IKE SA in use."""
        if self.current is None:
            return Note("no tunnel to send through")
        self._keepalives.sent(now)
        return SendTrain(datagrams, self.current.gateway)

    def send_mobility(self, octets: bytes, ha_address: IPv6Address, settings: UeSettings) -> Send | Note:
        """A Mobility Header from where `settings` say that the UE is; as `send_packet`."""
        if self.current is None:
            return Note("no IKE SA to send a Mobility Header by")
        try:
            datagram = self.current.seal_mobility(octets, ha_address, settings.ike.address)
        except UNUSABLE as error:
            return Note(f"not sent: {error}")
        return Send(Channel.DSMIP, datagram, settings.dsmip_of(self.current.gateway.address))

    def nat_detected(self, *, behind: bool) -> None:
        """The home agent says whether there is a NAT on the way (RFC 5555 §4.3)."""
        if self.current is not None:
            self.current.behind_nat = self._keepalives.behind_nat = behind

    # The end

    def close(self, cause: str, now: float) -> Effects:
        """Delete all that there is, and make nothing in its place; Gone follows when that in use is no more."""
        self._is_closing, self._renew_at = True, None
        fresh, self.fresh = self.fresh, None
        if fresh is not None:
            yield from self._leave(fresh, now)
        if self.current is None or self.current.is_over:
            self._redirections.forget(self.current)
            yield Gone(cause)
        yield from self.handle(ike.CloseRequested(cause), now)

    def let_go(self) -> None:
        """Nothing is left but what the network gave for the next time (RFC 4187 §4.1.1.7)."""
        self._keep()
        self._newest = self.current = self.fresh = None
        self._renew_at = self._until = self._told = None
        self._is_closing = False
        self._left.clear()
        self._redirections.forget()
        self._keepalives.behind_nat = False

    def _keep(self) -> None:
        if self._newest is not None:
            self.kept = self._newest.kept if self._settings.temporary_identities else Kept()
