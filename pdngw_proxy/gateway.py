"""The PDN GW as one machine: IKEv2 responder, EAP relay, Home Addresses, home agent and forwarding joined
(TS 24.303 §5.1, RFC 4877, RFC 5026, RFC 5555)."""

from collections.abc import Iterable, Iterator
from ipaddress import IPv6Address
from typing import assert_never

from pdngw_proxy import addresses, reports
from pdngw_proxy.aaa_link.port import RelayAccept, RelayAnswer, RelayRequest
from pdngw_proxy.aaa_link.records import EndedBy, Moment
from pdngw_proxy.accounting import ended_by, has_begun, occasion_of, record_of
from pdngw_proxy.addresses import HomeAddressPool
from pdngw_proxy.data_plane import DataPlane
from pdngw_proxy.draining import Draining, farewell
from pdngw_proxy.gateway_events import (
    AaaAnswered,
    Account,
    AskAaa,
    Channel,
    DatagramArrived,
    DrainRequested,
    EndAaaSession,
    GatewayEffect,
    GatewayEvent,
    HomePacketArrived,
    HomeTrainArrived,
    LiveDrainCancelled,
    LiveDrainRequested,
    ReauthenticationWanted,
    Report,
    Send,
    SessionAborted,
    SessionLimited,
    TrainArrived,
    UsageWanted,
)
from pdngw_proxy.home_agent import HomeAgent
from pdngw_proxy.home_link import AddressWanted, LinkPacketArrived
from pdngw_proxy.home_network import HomeNetwork, correspondent_of
from pdngw_proxy.ike import events as ike
from pdngw_proxy.ike.table import ResponderTable, SaEffect, SaEvent, TableEvent
from pdngw_proxy.ipv4_home import home_agent_of
from pdngw_proxy.ipv6_transport import Ipv6Transport
from pdngw_proxy.mobility import Clause, RevokeRequested, SessionEnded
from pdngw_proxy.mobility_plane import PlaneEffect
from pdngw_proxy.rate import RateLimit
from pdngw_proxy.reports import dropped
from pdngw_proxy.sessions import GatewaySession, SessionBook
from pdngw_proxy.settings import GatewaySettings
from pdngw_proxy.trains import Trains
from wire.esp.encapsulation import KEEPALIVE, NON_ESP_MARKER, has_ike_shape
from wire.ikev2.association import UNUSABLE, Association
from wire.ikev2.constants import NotifyType
from wire.ikev2.nat import Endpoint
from wire.ikev2.payloads.notify import Notify
from wire.mip6.revocation import RevocationTrigger
from wire.sansio import RandomBytes, Tick

Effects = Iterator[GatewayEffect]


class Gateway:
    """Every UE of one PDN GW. `random` makes every nonce, SPI, key and session name."""

    def __init__(self, *, settings: GatewaySettings, random: RandomBytes) -> None:
        ha_address = settings.agent.ha_address
        self._random = random
        self._unknown_spis = RateLimit(most=1)
        self._responder = settings.responder
        self._prefix_length = settings.home_prefix.prefixlen
        self._ipv6 = Ipv6Transport(ha_address=ha_address, ports=settings.ike_ports, random=random)
        self._arrived_at = settings.dsmip
        self._arrived_from = settings.dsmip
        self._asked: dict[bytes, str] = {}
        self._occasion = EndedBy.FAULT
        self._refused: tuple[bytes, str] | None = None
        self._table = ResponderTable(policy=settings.responder, random=random, admission=settings.admission)
        self._agent = HomeAgent(settings.agent)
        self._pool = HomeAddressPool(settings.home_prefix, reserved=settings.reserved)
        self.sessions = SessionBook()
        self.draining = Draining(self.sessions, self._table)
        ipv4 = settings.agent.ipv4_home_prefix
        routers = (ha_address,) if ipv4 is None else (ha_address, home_agent_of(ipv4))
        prefixes = (settings.home_prefix,) if ipv4 is None else (settings.home_prefix, ipv4)
        self._plane = DataPlane(
            sessions=self.sessions,
            agent=self._agent,
            home=HomeNetwork(
                routers=routers,
                prefixes=prefixes,
                hosts=() if settings.device else [correspondent_of(prefix) for prefix in prefixes],
                prefix_lifetime=settings.agent.prefix_lifetime,
                agents=settings.home_agents(random),
                delivery=settings.prefix_delivery(random),
            ),
            routers=routers,
            dsmip=settings.dsmip,
            device=settings.device,
            link=settings.home_link(),
            on_taken=self._pool.avoid,
            most_octets=settings.responder.lifetimes.octets,
        )
        self._trains = Trains(plane=self._plane, ipv6=self._ipv6, receive=self._receive, wants=self._plane_wants)

    @property
    def deadline(self) -> float | None:
        """The nearer deadline of IKE, the home agent and a drain."""
        deadlines = (self._table.deadline, self._plane.mobility.deadline, self.draining.deadline)
        return min((deadline for deadline in deadlines if deadline is not None), default=None)

    @property
    def bindings(self) -> int:
        """How many UEs are bound now."""
        return sum(self._is_bound(session) for session in self.sessions.all())

    @property
    def leases(self) -> int:
        """How many Home Addresses are given out."""
        return len(self._pool)

    def _is_bound(self, session: GatewaySession) -> bool:
        """Whether the binding of its Home Address is its own, and not that of the session that has taken its place."""
        home_address = None if session.lease is None else session.lease.home_address
        if home_address is None or self.sessions.of_home(home_address) is not session:
            return False
        return self._agent.binding(home_address) is not None

    def handle(self, event: GatewayEvent, now: float) -> list[GatewayEffect]:
        """Take one event and return all that comes of it, through every part."""
        self._occasion = occasion_of(event)
        return list(self._ipv6.on_their_way(self._dispatch(event, now), now))

    def _dispatch(self, event: GatewayEvent, now: float) -> Effects:
        match event:
            case DatagramArrived():
                yield from self._receive(event, now)
            case TrainArrived() | HomePacketArrived() | HomeTrainArrived():
                yield from self._trains.handle(event, now)
            case AaaAnswered(sa, answer):
                yield from self._answered(sa, answer, now)
            case DrainRequested():
                yield from self._drain(event, now)
            case LiveDrainRequested() | LiveDrainCancelled():
                self.draining.obey(event, now)
            case SessionAborted(name, cause):
                yield from self._abort(name, cause, now)
            case SessionLimited(name, seconds):
                yield from self._limit(name, seconds, f"the AAA server gave it {seconds:.0f} s more", now)
            case ReauthenticationWanted(name):
                yield from self._reauthenticate(name, now)
            case UsageWanted(interval):
                yield from self._account_for_use(interval, now)
            case AddressWanted() | LinkPacketArrived() | Tick():
                yield from self._at_home(event, now)
            case _:
                assert_never(event)

    def _at_home(self, event: AddressWanted | LinkPacketArrived | Tick, now: float) -> Effects:
        if isinstance(event, Tick):
            yield from self._send_away(now)
            yield from self._ike(event, now)
            yield from self._plane_wants(self._plane.mobility.move(event, now), now)
        yield from self._plane_wants(self._plane.mobility.on_link(event, now), now)

    def _send_away(self, now: float) -> Effects:
        for session, elsewhere in self.draining.due(now):
            session.ended_by = EndedBy.GATEWAY
            yield from self._ike(SaEvent(session.sa, elsewhere), now)

    def _abort(self, name: str, cause: str, now: float) -> Effects:
        """A UE that is bound is told by a Binding Revocation first, and then by a Delete (RFC 5846 §7)."""
        session = self.sessions.of_name(name)
        if session is None or session.ending is not None:
            return
        session.ended_by = EndedBy.AAA
        if session.lease is None or not self._is_bound(session):
            yield from self._ike(SaEvent(session.sa, ike.CloseRequested(cause)), now)
            return
        session.ending = cause
        revoke = RevokeRequested(session.lease.home_address, RevocationTrigger.ADMINISTRATIVE_REASON, cause)
        yield from self._plane_wants(self._plane.mobility.move(revoke, now), now)

    def _limit(self, name: str, seconds: float, cause: str, now: float) -> Effects:
        session = self.sessions.of_name(name)
        if session is not None and session.began is not None:
            most = self._responder.auth_lifetime
            left = seconds if most is None else min(seconds, session.began + most - now)
            session.until = now + left
            yield from self._ike(SaEvent(session.sa, ike.TimeLimited(left, cause)), now)

    def _reauthenticate(self, name: str, now: float) -> Effects:
        """Only the UE can begin an IKE SA: it is asked to, and its session ends where it does not (RFC 4478 §3)."""
        session, limit = self.sessions.of_name(name), self._responder.reauthentication_time
        if session is not None and (session.until is None or now + limit < session.until):
            cause = f"the AAA server wanted the UE to authenticate anew, which it did not within {limit:.0f} s"
            yield from self._limit(name, limit, cause, now)

    def _drain(self, event: DrainRequested, now: float) -> Effects:
        for session in self.sessions.all():
            session.ended_by = EndedBy.GATEWAY
            if event.at_once:
                yield from self._closed(session.sa, event.cause, now)
            else:
                yield from self._ike(SaEvent(session.sa, farewell(session, event)), now)

    # Datagrams

    def _receive(self, event: DatagramArrived, now: float) -> Effects:
        try:
            if event.channel is Channel.DSMIP:
                yield from self._plane_wants(self._plane.mobility.receive(event, now), now)
            else:
                yield from self._receive_ike(event, now)
        except UNUSABLE as error:
            clause = Clause.NOT_AUTHENTIC.value if event.channel is Channel.DSMIP else ""
            yield dropped(str(error), event.source, clause)

    def _receive_ike(self, event: DatagramArrived, now: float) -> Effects:
        """ESP by its SPI, else IKE with its marker, or without where it has its shape (RFC 3948 §2.2)."""
        if event.octets == KEEPALIVE:
            return
        spi = int.from_bytes(event.octets[:4], "big")
        session = self.sessions.of_spi(spi)
        if session is not None:
            wanted = self._plane.receive_esp(session, session.associations[spi], event, now)
            yield from self._plane_wants(wanted, now)
        elif event.octets.startswith(NON_ESP_MARKER) or has_ike_shape(event.octets):
            # Where the UE reaches us is where its ESP comes back from (RFC 3948 §3.1).
            self._arrived_at, self._arrived_from = event.destination, event.source
            yield from self._ike(ike.DatagramArrived(event.octets, event.source, event.destination), now)
        else:
            yield dropped(f"neither IKE nor ESP of ours: SPI {spi:#010x}", event.source)
            yield from self._tell_of_unknown(event.octets[:4], event.source, now)

    def _tell_of_unknown(self, spi: bytes, source: Endpoint, now: float) -> Effects:
        """INVALID_SPI within the IKE SA of whoever is there, now and then, and to nobody else (RFC 7296 §1.5)."""
        if len(spi) < len(NON_ESP_MARKER) or not self._unknown_spis.allow(now):
            return
        session = self.sessions.of_peer(source)
        if session is not None:
            invalid = Notify(NotifyType.INVALID_SPI, spi)
            yield from self._ike(SaEvent(session.sa, ike.TellRequested(invalid)), now)

    # IKE

    def _ike(self, event: TableEvent, now: float) -> Effects:
        self._plane.short_way.forget()
        for effect in self._table.handle(event, now):
            match effect:
                case ike.Transmit(octets, source, to):
                    yield Send(Channel.IKE, octets, source, to)
                case ike.Discarded(cause, source):
                    yield dropped(cause, source)
                case SaEffect(sa, inner):
                    yield from self._perform(sa, inner, now)
                case _:
                    assert_never(effect)

    def _perform(self, sa: bytes, effect: ike.ResponderEffect, now: float) -> Effects:
        session = self.sessions.of_sa(sa)
        match effect:
            case ike.AskAaa():
                yield self._ask(sa, effect)
            case ike.LeaseAddress():
                yield from self._lease(sa, effect, now)
            case ike.Refused(cause):
                yield self._refuse(sa, cause)
            case ike.Closed(cause):
                yield from self._closed(sa, cause, now)
            case ike.IkeKeysReady() | ike.Transmit() | ike.Discarded():
                return
            case _ if session is None:
                return
            case ike.ChildInstalled(child, home_address):
                self.sessions.install(session, Association(child, home_address, random=self._random))
                yield reports.installed(session, effect)
                yield from self._plane_wants(self._plane.mobility.installed(session, now), now)
            case ike.ChildRetired(spi_in):
                self.sessions.retire(session, spi_in)
            case ike.ChildRemoved(spi_in):
                self.sessions.remove(session, spi_in)
            case ike.Established():
                session.peer, session.local = effect.peer, self._arrived_at
                session.user_name, session.apn, session.began = effect.user_name, effect.apn, now
                session.until, session.told = effect.until, now
                yield reports.authenticated(session, effect)
                yield Account(record_of(session, Moment.START, now))
            case ike.PeerMoved(peer, local):
                session.peer, session.local = peer, local
                yield reports.moved(session)
            case _:
                assert_never(effect)

    def _ask(self, sa: bytes, effect: ike.AskAaa) -> AskAaa:
        session = self.sessions.of_sa(sa)
        if session is None:
            name = self._random(12).hex()
            session = GatewaySession(sa, name, local=self._arrived_at, peer=effect.care_of, identity=effect.identity)
            self.sessions.open(session)
        self._asked[sa] = session.name
        request = RelayRequest(
            session=session.name,
            eap=effect.eap,
            identity=effect.identity,
            apn=effect.apn,
            state=effect.state,
            care_of=effect.care_of.address,
        )
        return AskAaa(sa, request)

    def _answered(self, sa: bytes, answer: RelayAnswer, now: float) -> Effects:
        name = self._asked.pop(sa, None)
        session = self.sessions.of_sa(sa)
        if session is None:
            if isinstance(answer, RelayAccept) and name is not None:
                # The UE did not wait for it, and nobody else will end what the AAA server has begun (RFC 6733 §8.4).
                yield EndAaaSession(name, answer.user_name)
            return
        if isinstance(answer, RelayAccept):
            session.accepted = True
            session.user_name, session.chargeable = answer.user_name, answer.chargeable
        yield from self._ike(SaEvent(sa, ike.AaaAnswered(answer)), now)

    def _lease(self, sa: bytes, effect: ike.LeaseAddress, now: float) -> Effects:
        session = self.sessions.of_sa(sa)
        if session is None:
            return
        # IDi is what the UE says of itself; whose Home Address it gets, the AAA server's word decides, by a name or by
        # the address. Else it gets nobody's: EAP may have authenticated another than IDi says (RFC 7296 §2.16).
        subscriber = session.chargeable or session.user_name or str(effect.static or session.name)
        try:
            lease = self._pool.lease(subscriber, effect.static, effect.wanted)
        except addresses.AddressRefused as refused:
            yield from self._ike(SaEvent(sa, ike.AddressRefused(refused.reason)), now)
            return
        for older in self.sessions.displaced_by(lease, session):
            yield from self._supersede(older, subscriber, now, silent=effect.initial_contact)
        self.sessions.lease(session, lease)
        ipv4 = self._agent.lease_ipv4(lease.home_address) if effect.ipv4 is not ike.Ipv4Wish.NONE else None
        if ipv4 is None and effect.ipv4 is ike.Ipv4Wish.ALONE:
            why = "the UE takes nothing but IPv4, and there is no IPv4 Home Address to give"
            yield from self._ike(SaEvent(sa, ike.AddressRefused(why)), now)
            return
        session.ipv4_home_address = ipv4
        leased = ike.AddressLeased(lease.home_address, self._prefix_length, ipv4)
        yield from self._ike(SaEvent(sa, leased), now)

    def _supersede(self, older: GatewaySession, subscriber: str, now: float, *, silent: bool) -> Effects:
        """What the older session had ends before the new one begins: the subscriber's, or one that has his address."""
        is_his = older.lease is not None and older.lease.identity == subscriber
        cause = "the subscriber attached again" if is_his else "its Home Address is another one's by his profile"
        older.ended_by = EndedBy.ANOTHER
        if older.lease is not None:
            yield from self._end_binding(older.lease.home_address, now)
        for spi in list(older.associations):
            self.sessions.remove(older, spi)
        yield from self._ike(SaEvent(older.sa, ike.CloseRequested(cause, silent and is_his)), now)

    def _closed(self, sa: bytes, cause: str, now: float) -> Effects:
        session = self.sessions.of_sa(sa)
        said = self._refused == (sa, cause)
        if session is not None and session.ending is not None:
            cause, session.ending = session.ending, None
        if session is None:
            if not said:
                yield reports.given_up(cause)
            return
        if has_begun(session) or session.accepted:
            # without a Start before it, it says that the user was let in for nothing
            yield Account(record_of(session, Moment.STOP, now, ended_by(session, self._occasion, now)))
        lease = session.lease
        if lease is not None and self.sessions.of_home(lease.home_address) is session:
            yield from self._end_binding(lease.home_address, now)
            self._agent.release_ipv4(lease.home_address)
        self.sessions.close(session)
        if lease is not None:
            self._pool.release(lease)
        if session.accepted:
            yield EndAaaSession(session.name, session.user_name, ended_by(session, self._occasion, now))
        if not said:
            yield reports.ended(session, cause)

    def _account_for_use(self, interval: float, now: float) -> Effects:
        """Each session in its own time: all at once would be more than a server can hear (RFC 2869 §5.16)."""
        for session in self.sessions.all():
            if session.told is not None and now >= session.told + interval:
                session.told = now
                yield Account(record_of(session, Moment.INTERIM, now))

    def _end_binding(self, home_address: IPv6Address, now: float) -> Effects:
        yield from self._plane_wants(self._plane.mobility.move(SessionEnded(home_address), now), now)

    def _plane_wants(self, effects: Iterable[PlaneEffect], now: float) -> Effects:
        for effect in effects:
            yield from self._ike(effect, now) if isinstance(effect, SaEvent) else (effect,)

    def _refuse(self, sa: bytes, cause: str) -> Report:
        """A refusal that ends the IKE SA is followed by Closed with the same cause, which is not said twice."""
        self._refused = sa, cause
        return reports.refused(self.sessions.of_sa(sa), cause, self._arrived_from)
