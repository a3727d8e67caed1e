"""The gateway's packets: Binding Updates and tunnels, each in its security association (RFC 4877, RFC 5555)."""

from collections import deque
from collections.abc import Callable, Iterator
from ipaddress import IPv4Address, IPv6Address
from typing import assert_never

from pdngw_proxy.forwarding import Discard, ForwardEffect, Forwarder, SendHome, SendToTunnel
from pdngw_proxy.gateway_events import (
    Channel,
    DatagramArrived,
    DeliverHome,
    GatewayEffect,
    Level,
    Report,
    Send,
    TrainArrived,
)
from pdngw_proxy.home_agent import HomeAgent
from pdngw_proxy.home_link import (
    AddressContested,
    AddressFree,
    AddressReleased,
    AddressTaken,
    AddressWanted,
    HomeLink,
    LinkEvent,
)
from pdngw_proxy.home_network import HomeNetwork
from pdngw_proxy.ike.events import CloseRequested, PathSeen, RekeyRequested
from pdngw_proxy.ike.table import SaEvent
from pdngw_proxy.ipv6_transport import ESP_PORT
from pdngw_proxy.mobility import (
    AgentEffect,
    AgentEvent,
    Binding,
    BindingAdded,
    BindingChanged,
    BindingRemoved,
    Clause,
    Dropped,
    HomeAddressUsed,
    LookForDuplicate,
    LookNoMore,
    MobilityArrived,
    Refused,
    SendBare,
    SendMobility,
    SendPacket,
    SessionEnded,
)
from pdngw_proxy.mobility import Endpoint as OuterEndpoint
from pdngw_proxy.reports import of_duplicate, of_mobility
from pdngw_proxy.sessions import GatewaySession, SessionBook
from pdngw_proxy.short_way import ShortWay
from wire.errors import ProtocolViolation
from wire.esp.sa import SequenceExhausted
from wire.ikev2.association import Association
from wire.ikev2.child import Mode
from wire.ikev2.nat import Endpoint
from wire.ip.checksum import IpAddress
from wire.ip.extensions import unfold
from wire.ip.ipv6 import PROTO_AH, PROTO_ESP, PROTO_MOBILITY, Ipv6Packet
from wire.mip6.binding_update import BindingFlag
from wire.mip6.encapsulation import at_home, open_mobility, parse_tunnelled, seal_mobility, seal_to_care_of, spi_of

PlaneEffect = GatewayEffect | SaEvent
"""What the gateway wants, or is to be done with an IKE SA."""

Effects = Iterator[PlaneEffect]

_DESTINATIONS = {4: slice(16, 20), 6: slice(24, 40)}
"""Where a header of each IP version has its Destination Address (RFC 791 §3.1, RFC 8200 §3)."""

_PROTECTED = {PROTO_ESP, PROTO_AH, PROTO_MOBILITY}
"""What may follow a Home Address option without a binding (RFC 6275 §9.3.1)."""

_MOST_HOPS = 8
"""Packets that one packet may cause on its way: an answer, an error, the answer's way home."""


class DataPlane:
    """Opens, checks, forwards and seals. `dsmip` is our own socket for Binding Updates.

    `routers` are the home agent's own addresses, the IPv6 one first. With `device` the home network is outside of this
    process, but for those addresses in `home`: a kernel would refuse what Mobile IPv6 adds to a packet (RFC 6275
    §6.3, RFC 6275 §6.4). Some of it may be on `link`; `on_taken` is told of addresses that somebody there has.
    """

    def __init__(
        self,
        *,
        sessions: SessionBook,
        agent: HomeAgent,
        home: HomeNetwork,
        routers: tuple[IPv6Address, *tuple[IPv4Address, ...]],
        dsmip: Endpoint,
        device: bool = False,
        most_octets: int | None = None,
        link: HomeLink | None = None,
        on_taken: Callable[[IPv6Address], None] = lambda _: None,
    ) -> None:
        self._link = link
        self._on_taken = on_taken
        self._most_octets = most_octets
        self._sessions = sessions
        self._agent = agent
        self._home = home
        self._ha_address = routers[0]
        self._own = home.own
        self._dsmip = dsmip
        self._device = device
        self._forwarder = Forwarder(routers=routers, home_of=self._home_of)
        self.short_way = ShortWay(
            sessions=sessions,
            home_of=self._home_of,
            own=self._own,
            counters=self._forwarder.counters,
            mtu=self._forwarder.mtu,
            most_octets=most_octets,
            device=device,
        )

    def _home_of(self, address: IpAddress) -> IPv6Address | None:
        """The Home Address whose binding has `address`; or that of a UE without an SA for Binding Updates.

        That is plain remote access: a tunnel and an address, and no mobility (RFC 7296 §1.1.3).
        """
        bound = self._agent.home_of(address)
        if bound is not None:
            return bound
        holder = address if isinstance(address, IPv6Address) else self._agent.holder_of(address)
        session = self._sessions.of_home(holder) if holder is not None else None
        is_mobile_node = session is not None and session.outbound(Mode.TRANSPORT) is not None
        return None if session is None or is_mobile_node else holder

    @property
    def deadline(self) -> float | None:
        """When the next entry of the binding cache is due, or a test on the home link ends."""
        deadlines = (self._agent.deadline, self._link.deadline if self._link is not None else None)
        return min((deadline for deadline in deadlines if deadline is not None), default=None)

    # The home link

    def on_link(self, event: LinkEvent, now: float) -> Effects:
        """Give the home link an event, and do what it wants."""
        for effect in self._link.handle(event, now) if self._link is not None else ():
            match effect:
                case AddressFree():
                    yield from self.move(effect, now)
                case AddressTaken(address, cause):
                    self._on_taken(address)
                    yield of_duplicate(effect)
                    yield from self.move(effect, now)
                    session = self._sessions.of_home(address)
                    if session is not None and session.is_plain:
                        yield SaEvent(session.sa, CloseRequested(cause))
                case AddressContested():
                    yield of_duplicate(effect)
                case _:
                    yield effect

    def installed(self, session: GatewaySession, now: float) -> Effects:
        """A UE without mobility is intercepted from its first tunnel on, a mobile node from its binding on.

        A Child SA of its may have told the one from the other.
        """
        if session.lease is None or self._agent.binding(session.lease.home_address) is not None:
            return
        address = session.lease.home_address
        yield from self.on_link(AddressWanted(address) if session.is_plain else AddressReleased(address), now)

    # Binding Updates

    def receive_mobility(self, event: DatagramArrived, now: float) -> Effects:
        """A datagram of the DSMIPv6 port; raises as Association does when it may not be used."""
        packet = parse_tunnelled(event.octets)
        if isinstance(packet, Ipv6Packet):
            seen = unfold(packet)
            if seen.care_of == event.source.address and seen.next_header not in _PROTECTED:
                yield from self.move(HomeAddressUsed(seen.source, seen.care_of), now)
                return
            packet = at_home(packet)
        spi = spi_of(packet) if isinstance(packet, Ipv6Packet) else None
        session = self._sessions.of_spi(spi) if spi is not None else None
        if not isinstance(packet, Ipv6Packet) or spi is None or session is None:
            raise ProtocolViolation("not protected by a security association of ours")
        association = session.associations[spi]
        if association.child.mode is not Mode.TRANSPORT:
            raise ProtocolViolation(f"a Mobility Header of {session.identity} in the tunnel's security association")
        octets = open_mobility(packet, association.inbound)
        try:
            association.check_mobility(packet, octets)
        except ProtocolViolation as error:
            clause = (
                Clause.FOREIGN_HOME_ADDRESS if packet.source != association.home_address else Clause.UNEXPECTED_TYPE
            )
            yield of_mobility(Dropped(clause, f"{error}, in the SA of {association.home_address}"))
            return
        arrived = MobilityArrived(
            octets=octets,
            sa_home_address=association.home_address,
            source=packet.source,
            destination=packet.destination,
            outer=OuterEndpoint(event.source.address, event.source.port),
        )
        yield from self.move(arrived, now)

    def move(self, event: AgentEvent, now: float) -> Effects:
        """Give the home agent an event, and do what it wants."""
        self.short_way.forget()
        for effect in self._agent.handle(event, now):
            yield from self._perform(effect, now)
        if isinstance(event, SessionEnded):
            yield from self.on_link(AddressReleased(event.home_address), now)

    def _perform(self, effect: AgentEffect, now: float) -> Effects:
        match effect:
            case LookForDuplicate(home_address, with_link_local):
                yield from self.on_link(AddressWanted(home_address, with_link_local), now)
            case LookNoMore(home_address):
                yield from self.on_link(AddressReleased(home_address), now)
            case SendMobility(octets=octets, home_address=home_address, endpoint=endpoint):
                yield from self._answer(octets, home_address, endpoint)
            case SendPacket(octets=octets, home_address=home_address):
                yield from self._tunnel(home_address, octets)
            case BindingAdded(binding):
                yield Report(Level.INFO, "binding added", _of_binding(binding))
            case BindingChanged(binding):
                yield Report(Level.DEBUG, "binding renewed", _of_binding(binding))
                yield from self._follow(binding)
            case BindingRemoved(binding, cause):
                yield Report(Level.INFO, "binding removed", {"cause": cause, **_of_binding(binding)})
                yield from self.on_link(AddressReleased(binding.home_address), now)
                yield from self._removed(binding.home_address)
            case SendBare(octets):
                to = Endpoint(Ipv6Packet.parse(octets).destination, ESP_PORT)
                yield Send(Channel.DSMIP, octets, Endpoint(self._ha_address, ESP_PORT), to)
            case Refused() | Dropped():
                yield of_mobility(effect)
            case _:
                assert_never(effect)

    def _follow(self, binding: Binding) -> Effects:
        """K = 1: IKE moves with the binding. Behind a NAT its port is unknown until the UE's next message of IKE."""
        session = self._sessions.of_home(binding.home_address)
        moves = binding.flags & BindingFlag.KEY_MANAGEMENT and self._agent.moves_ike and not binding.nat_detected
        if session is not None and moves and session.peer.address != binding.care_of:
            own = self._ha_address if binding.care_of.version == 6 else self._dsmip.address
            yield SaEvent(session.sa, PathSeen(Endpoint(binding.care_of, 0), Endpoint(own, 0)))

    def _removed(self, home_address: IPv6Address) -> Effects:
        session = self._sessions.of_home(home_address)
        if session is not None and session.ending is not None:
            yield SaEvent(session.sa, CloseRequested(session.ending))

    def _answer(self, octets: bytes, home_address: IPv6Address, endpoint: OuterEndpoint) -> Effects:
        session = self._sessions.of_home(home_address)
        association = session.outbound(Mode.TRANSPORT) if session else None
        if session is None or association is None:
            yield Report(Level.WARNING, "answer lost", {"cause": f"no security association of {home_address}"})
            return
        source = self._dsmip
        try:
            if isinstance(endpoint.address, IPv6Address):
                source = Endpoint(self._ha_address, ESP_PORT)
                datagram = seal_to_care_of(
                    octets, home_address, self._ha_address, endpoint.address, association.outbound
                )
            else:
                datagram = seal_mobility(octets, self._ha_address, home_address, association.outbound)
        except SequenceExhausted as error:
            yield from self._exhausted(session, str(error))
            return
        yield Send(Channel.DSMIP, datagram, source, Endpoint(endpoint.address, endpoint.port))

    # Tunnels

    def receive_esp(
        self, session: GatewaySession, association: Association, event: DatagramArrived, now: float
    ) -> Effects:
        """A tunnel-mode ESP packet of `session`; raises as Association does when it may not be used."""
        if association.child.mode is not Mode.TUNNEL:
            raise ProtocolViolation(f"ESP of {session.identity} outside its IPv6 packet")
        newest = association.inbound.sequence
        if not newest:
            # With its first packet it is ready, and may be the one to send through (RFC 7296 §2.8).
            self.short_way.forget()
        opened = association.inbound.open(event.octets)
        is_newest = association.inbound.sequence > newest
        yield from self.receive_opened(session, association, opened, event, now, is_newest=is_newest)

    def receive_opened(
        self,
        session: GatewaySession,
        association: Association,
        opened: tuple[bytes, int],
        event: DatagramArrived | TrainArrived,
        now: float,
        *,
        is_newest: bool = False,
    ) -> Effects:
        """What the SA has opened, and its Next Header; raises as Association does when it may not be used."""
        packet = association.admit(*opened)
        if event.source != session.peer and is_newest:
            yield from self._seen(session, event)
        session.traffic.came(len(packet))
        yield from self._wear(session, association)
        yield from self._forward(self._forwarder.from_tunnel(packet, association.home_address, now), now)

    def _seen(self, session: GatewaySession, event: DatagramArrived | TrainArrived) -> Effects:
        """An authentic packet, and no older one than came before, is from another place (RFC 7296 §2.23).

        Where a mobile node is, its binding says: what comes late from the place that it left does not lead back there.
        """
        binding = self._agent.binding(session.lease.home_address) if session.lease is not None else None
        if binding is not None and binding.endpoint.address != event.source.address:
            return
        if event.source.port != ESP_PORT:
            yield SaEvent(session.sa, PathSeen(event.source, event.destination))
        elif event.source.address == session.peer.address:
            # It came without UDP: whatever answers it goes so too.
            session.peer, session.local = event.source, event.destination

    def receive_home(self, octets: bytes, now: float) -> Effects:
        """A packet from the home network's device."""
        if _destination(octets) in self._own:
            for answer in self._home.deliver(octets):
                yield DeliverHome(answer)
        else:
            yield from self._forward(self._forwarder.from_home(octets, now), now)

    def _forward(self, effects: list[ForwardEffect], now: float) -> Effects:
        waiting = deque(effects)
        for _ in range(_MOST_HOPS):
            if not waiting:
                return
            effect = waiting.popleft()
            match effect:
                case SendToTunnel(home_address, octets):
                    yield from self._tunnel(home_address, octets)
                case SendHome(octets) if self._device and _destination(octets) not in self._own:
                    yield DeliverHome(octets)
                case SendHome(octets):
                    for answer in self._home.deliver(octets):
                        waiting.extend(self._forwarder.from_home(answer, now))
                case Discard(cause):
                    yield Report(Level.DEBUG, "packet discarded", {"cause": cause})
                case _:
                    assert_never(effect)

    def _tunnel(self, home_address: IPv6Address, octets: bytes) -> Effects:
        session = self._sessions.of_home(home_address)
        association = session.outbound(Mode.TUNNEL, octets) if session else None
        if session is None or association is None:
            yield Report(Level.DEBUG, "packet discarded", {"cause": f"no tunnel to {home_address}"})
            return
        try:
            datagram = association.seal_tunnelled(octets)
        except SequenceExhausted as error:
            yield from self._exhausted(session, str(error))
        except ProtocolViolation as error:
            # Not the fault of whoever sent the packet on its way.
            yield Report(Level.DEBUG, "packet discarded", {"cause": str(error)})
        else:
            session.traffic.went(len(octets))
            yield Send(Channel.IKE, datagram, session.local, session.peer)
            yield from self._wear(session, association)

    def _wear(self, session: GatewaySession, association: Association) -> Effects:
        """Ask once for a successor of what is nearly used up."""
        if association.wears_out(self._most_octets) and association.child.spi_in not in session.worn:
            session.worn.add(association.child.spi_in)
            yield SaEvent(session.sa, RekeyRequested(association.child.spi_in))

    def _exhausted(self, session: GatewaySession, cause: str) -> Effects:
        """An SA that has sent its last number is worth nothing, and its UE attaches again (RFC 4303 §3.3.3)."""
        if session.exhausted:
            yield Report(Level.DEBUG, "packet discarded", {"cause": cause})
            return
        session.exhausted = True
        yield Report(Level.WARNING, "security association exhausted", {"cause": cause, "identity": session.identity})
        yield SaEvent(session.sa, CloseRequested(cause))


def _of_binding(binding: Binding) -> dict[str, str]:
    return {
        "home_address": str(binding.home_address),
        **({"ipv4_home_address": str(binding.ipv4_home_address)} if binding.ipv4_home_address else {}),
        "care_of": str(binding.care_of),
        "lifetime": f"{binding.lifetime} s",
        "sequence": str(binding.sequence),
        "nat": "yes" if binding.nat_detected else "no",
    }


def _destination(octets: bytes) -> bytes:
    return octets[_DESTINATIONS.get(octets[0] >> 4 if octets else 0, slice(0))]
