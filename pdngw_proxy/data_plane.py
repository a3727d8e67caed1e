"""The gateway's packets between tunnels and the home network, each in its security association (RFC 4877, RFC 5555)."""

from collections import deque
from collections.abc import Callable
from ipaddress import IPv4Address, IPv6Address
from typing import assert_never

from pdngw_proxy.forwarding import Discard, ForwardEffect, Forwarder, SendHome, SendToTunnel
from pdngw_proxy.gateway_events import (
    Channel,
    DatagramArrived,
    DeliverHome,
    Level,
    Report,
    Send,
    TrainArrived,
)
from pdngw_proxy.home_agent import HomeAgent
from pdngw_proxy.home_link import (
    HomeLink,
)
from pdngw_proxy.home_network import HomeNetwork
from pdngw_proxy.ike.events import PathSeen, RekeyRequested
from pdngw_proxy.ike.table import SaEvent
from pdngw_proxy.ipv6_transport import ESP_PORT
from pdngw_proxy.mobility_plane import Effects, MobilityPlane, exhausted
from pdngw_proxy.sessions import GatewaySession, SessionBook
from pdngw_proxy.short_way import ShortWay
from wire.errors import ProtocolViolation
from wire.esp.sa import SequenceExhausted
from wire.ikev2.association import Association
from wire.ikev2.child import Mode
from wire.ikev2.nat import Endpoint
from wire.ip.checksum import IpAddress

_DESTINATIONS = {4: slice(16, 20), 6: slice(24, 40)}
"""Where a header of each IP version has its Destination Address (RFC 791 §3.1, RFC 8200 §3)."""

_MOST_HOPS = 8
"""Packets that one packet may cause on its way: an answer, an error, the answer's way home."""


class DataPlane:
    """Opens, checks, forwards and seals. `dsmip` is our own socket for Binding Updates, which are `mobility`'s.

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
        self._most_octets = most_octets
        self._sessions = sessions
        self._agent = agent
        self._home = home
        self._own = home.own
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
        self.mobility = MobilityPlane(
            sessions=sessions,
            agent=agent,
            ha_address=routers[0],
            dsmip=dsmip,
            link=link,
            on_taken=on_taken,
            tunnel=self._tunnel,
            forget=self.short_way.forget,
            delivery=home.delivery,
            advertise=home.advertise,
            agents=home.agents,
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
            yield from exhausted(session, str(error))
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


def _destination(octets: bytes) -> bytes:
    return octets[_DESTINATIONS.get(octets[0] >> 4 if octets else 0, slice(0))]
