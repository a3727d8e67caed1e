"""The gateway and its mobile nodes: Binding Updates in their SAs, and the home link (RFC 4877, RFC 5555)."""

from collections.abc import Callable, Iterator
from ipaddress import IPv4Address, IPv6Address
from typing import assert_never

from pdngw_proxy.gateway_events import (
    Channel,
    DatagramArrived,
    GatewayEffect,
    Level,
    Report,
    Send,
)
from pdngw_proxy.home_agent import HomeAgent
from pdngw_proxy.home_agents import HomeAgents
from pdngw_proxy.home_link import (
    AddressContested,
    AddressFree,
    AddressReleased,
    AddressTaken,
    AddressWanted,
    HomeLink,
    LinkEvent,
    LinkPacketArrived,
)
from pdngw_proxy.ike.events import CloseRequested, PathSeen
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
from pdngw_proxy.prefix_delivery import PrefixDelivery
from pdngw_proxy.reports import of_duplicate, of_mobility
from pdngw_proxy.sessions import GatewaySession, SessionBook
from wire.errors import ProtocolViolation
from wire.esp.sa import SequenceExhausted
from wire.ikev2.child import Mode
from wire.ikev2.nat import Endpoint
from wire.ip.extensions import unfold
from wire.ip.ipv6 import PROTO_AH, PROTO_ESP, PROTO_MOBILITY, Ipv6Packet
from wire.mip6.binding_update import BindingFlag
from wire.mip6.encapsulation import at_home, open_mobility, parse_tunnelled, seal_mobility, seal_to_care_of, spi_of

PlaneEffect = GatewayEffect | SaEvent
"""What the gateway wants, or is to be done with an IKE SA."""

Effects = Iterator[PlaneEffect]

_PROTECTED = {PROTO_ESP, PROTO_AH, PROTO_MOBILITY}
"""What may follow a Home Address option without a binding (RFC 6275 §9.3.1)."""


class MobilityPlane:
    """Opens what comes to the home agent, and does what the home agent wants.

    `tunnel` sends a packet to a mobile node, `forget` is called before anything changes what packets may take. Others
    may share the home prefix, on `link`; `on_taken` is told of the addresses that somebody there has. `advertise` makes
    the packet that tells a mobile node of its prefix, when `delivery` says so; `agents` is the Home Agents List.
    """

    def __init__(
        self,
        *,
        sessions: SessionBook,
        agent: HomeAgent,
        ha_address: IPv6Address,
        dsmip: Endpoint,
        link: HomeLink | None,
        on_taken: Callable[[IPv6Address], None],
        tunnel: Callable[[IPv6Address, bytes], Effects],
        forget: Callable[[], None],
        delivery: PrefixDelivery,
        advertise: Callable[[IPv6Address], bytes],
        agents: HomeAgents,
    ) -> None:
        self._sessions = sessions
        self._agent = agent
        self._ha_address = ha_address
        self._dsmip = dsmip
        self._link = link
        self._on_taken = on_taken
        self._tunnel = tunnel
        self._forget = forget
        self._delivery = delivery
        self._advertise = advertise
        self._agents = agents

    @property
    def deadline(self) -> float | None:
        """When a binding or a home agent is due, a mobile node to be told, or a test on the home link over."""
        of_link = self._link.deadline if self._link is not None else None
        deadlines = (self._agent.deadline, self._delivery.deadline, self._agents.deadline, of_link)
        return min((deadline for deadline in deadlines if deadline is not None), default=None)

    # The home link

    def on_link(self, event: LinkEvent, now: float) -> Effects:
        """Give the home link an event, and do what it wants; other home agents are heard there too."""
        self._agents.forget(now)
        if isinstance(event, LinkPacketArrived):
            self._agents.hear(event.octets, now)
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

    def receive(self, event: DatagramArrived, now: float) -> Effects:
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
        if isinstance(event.destination.address, IPv4Address):
            session.registers_at = event.destination.address
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
        self._forget()
        for effect in self._agent.handle(event, now):
            yield from self._perform(effect, now)
        for home_address in self._delivery.due(now):
            yield from self._tunnel(home_address, self._advertise(home_address))
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
                self._note_ipv4(binding)
                self._delivery.begin(binding.home_address, now)
                yield Report(Level.INFO, "binding added", _of_binding(binding))
                yield from self._follow(binding)
            case BindingChanged(binding):
                self._note_ipv4(binding)
                self._delivery.renewed(binding.home_address, now)
                yield Report(Level.DEBUG, "binding renewed", _of_binding(binding))
                yield from self._follow(binding)
            case BindingRemoved(binding, cause):
                yield Report(Level.INFO, "binding removed", {"cause": cause, **_of_binding(binding)})
                self._delivery.end(binding.home_address)
                yield from self.on_link(AddressReleased(binding.home_address), now)
                yield from self._removed(binding.home_address)
            case SendBare(octets):
                to = Endpoint(Ipv6Packet.parse(octets).destination, ESP_PORT)
                yield Send(Channel.DSMIP, octets, Endpoint(self._ha_address, ESP_PORT), to)
            case Refused() | Dropped():
                yield of_mobility(effect)
            case _:
                assert_never(effect)

    def _note_ipv4(self, binding: Binding) -> None:
        session = self._sessions.of_home(binding.home_address)
        if session is not None and binding.ipv4_home_address is not None:
            session.ipv4_home_address = binding.ipv4_home_address

    def _follow(self, binding: Binding) -> Effects:
        """K = 1: IKE moves with the binding. Behind a NAT its port is unknown until the UE's next message of IKE."""
        session = self._sessions.of_home(binding.home_address)
        moves = binding.flags & BindingFlag.KEY_MANAGEMENT and self._agent.moves_ike and not binding.nat_detected
        if session is not None and moves and session.peer.address != binding.care_of:
            own = self._ha_address if binding.care_of.version == 6 else self._own_of(session).address
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
        source = self._own_of(session)
        try:
            if isinstance(endpoint.address, IPv6Address):
                source = Endpoint(self._ha_address, ESP_PORT)
                datagram = seal_to_care_of(
                    octets, home_address, self._ha_address, endpoint.address, association.outbound
                )
            else:
                datagram = seal_mobility(octets, self._ha_address, home_address, association.outbound)
        except SequenceExhausted as error:
            yield from exhausted(session, str(error))
            return
        yield Send(Channel.DSMIP, datagram, source, Endpoint(endpoint.address, endpoint.port))

    def _own_of(self, session: GatewaySession) -> Endpoint:
        """Our end of its Binding Updates in IPv4 networks, where the gateway may have several addresses."""
        return Endpoint(session.registers_at or self._dsmip.address, self._dsmip.port)


def exhausted(session: GatewaySession, cause: str) -> Effects:
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
