"""Packets between the tunnels and the home network (RFC 6275 §10.4.2, RFC 6275 §10.4.5, RFC 5555 §4.4, RFC 8200 §3)."""

from collections.abc import Callable, Iterable
from ipaddress import IPv6Address

from pdngw_proxy.rate import RateLimit
from wire.errors import DecodeError
from wire.frozen import dataclass
from wire.ip.checksum import IpAddress
from wire.ip.icmpv6 import (
    EXCEEDED_HOP_LIMIT,
    UNREACHABLE_ADDRESS,
    DestinationUnreachable,
    Icmpv6Error,
    PacketTooBig,
    TimeExceeded,
)
from wire.ip.icmpv6_errors import error_about
from wire.ip.ipv4 import Ipv4Packet
from wire.ip.ipv6 import MINIMUM_MTU
from wire.ip.packet import IpPacket, hops_left, one_hop_on, parse_packet

ERRORS_PER_SECOND = 100
"""ICMPv6 errors at most, to everybody together (RFC 4443 §2.4)."""


@dataclass(frozen=True, slots=True)
class SendToTunnel:
    """Seal a packet in the tunnel SA of `home_address`."""

    home_address: IPv6Address
    octets: bytes


@dataclass(frozen=True, slots=True)
class SendHome:
    """Put a packet on the home network: for the home agent itself, or for whoever has its destination."""

    octets: bytes


@dataclass(frozen=True, slots=True)
class Discard:
    """Not forwarded; `cause` in one line for the log."""

    cause: str


ForwardEffect = SendToTunnel | SendHome | Discard


@dataclass(slots=True)
class Counters:
    """Packets since the start; `octets` of those that were forwarded."""

    from_tunnel: int = 0
    from_home: int = 0
    forwarded: int = 0
    octets: int = 0
    discarded: int = 0


class Forwarder:
    """The home agent as a router of both IP versions.

    `home_of` is the Home Address of the bound mobile node that has an address, or None; `mtu` is the tunnel's, inside;
    `routers` are the home agent's own addresses, one of each IP version that it forwards.
    """

    def __init__(
        self,
        *,
        routers: Iterable[IpAddress],
        home_of: Callable[[IpAddress], IPv6Address | None],
        mtu: int = 1400,
    ) -> None:
        if mtu < MINIMUM_MTU:
            raise ValueError(f"a tunnel MTU of {mtu} octets, IPv6 needs {MINIMUM_MTU}")
        self._routers = {router.version: router for router in routers}
        self._home_of = home_of
        self.mtu = mtu
        self._errors = RateLimit(most=ERRORS_PER_SECOND)
        self.counters = Counters()

    def from_tunnel(self, packet: IpPacket, home_address: IPv6Address, now: float) -> list[ForwardEffect]:
        """A packet that came out of the tunnel SA of `home_address`.

        It must come from that mobile node's own addresses and from nobody else's (RFC 6275 §10.4.5, RFC 5555 §4.5),
        and the binding must stand.
        """
        self.counters.from_tunnel += 1
        if isinstance(packet.source, IPv6Address) and packet.source != home_address:
            return self._discard(f"spoofed source {packet.source} in the tunnel of {home_address}")
        owner = self._home_of(packet.source)
        if owner is None:
            return self._discard(f"no binding of {packet.source}")
        if owner != home_address:
            return self._discard(f"spoofed source {packet.source} in the tunnel of {home_address}")
        return self._forward(packet, now)

    def from_home(self, octets: bytes, now: float) -> list[ForwardEffect]:
        """A packet from the home network, or from the home agent itself, for a mobile node."""
        self.counters.from_home += 1
        try:
            packet = parse_packet(octets)
        except DecodeError as error:
            return self._discard(f"no IP packet from the home network: {error}")
        if self._home_of(packet.destination) is None:
            unreachable = DestinationUnreachable(UNREACHABLE_ADDRESS, octets)
            return self._complain(packet, unreachable, f"no binding of {packet.destination}", now)
        if self._home_of(packet.source) is not None:
            return self._discard(f"spoofed source {packet.source}, whose mobile node is not at home")
        return self._forward(packet, now)

    def _forward(self, packet: IpPacket, now: float) -> list[ForwardEffect]:
        """A packet from the home agent or to it is not on its way through, and keeps its hop limit."""
        destination = packet.destination
        router = self._routers.get(destination.version)
        if router is None or destination.is_multicast or destination.is_link_local or destination.is_unspecified:
            return self._discard(f"destination {destination} is not forwarded")
        if router not in {packet.source, destination}:
            if hops_left(packet) <= 1:
                exceeded = TimeExceeded(EXCEEDED_HOP_LIMIT, packet.build())
                return self._complain(packet, exceeded, f"hop limit of {packet.source} exceeded", now)
            packet = one_hop_on(packet)
        home_address = self._home_of(destination)
        if home_address is None:
            return self._count([SendHome(packet.build())])
        return self._into_tunnel(packet, home_address, now)

    def _into_tunnel(self, packet: IpPacket, home_address: IPv6Address, now: float) -> list[ForwardEffect]:
        octets = packet.build()
        if len(octets) <= self.mtu:
            return self._count([SendToTunnel(home_address, octets)])
        if isinstance(packet, Ipv4Packet) and not packet.dont_fragment:
            pieces = packet.fragments(self.mtu)
            return self._count([SendToTunnel(home_address, piece.build()) for piece in pieces])
        too_big = PacketTooBig(self.mtu, octets)
        return self._complain(packet, too_big, f"{len(octets)} octets for {packet.destination} are too big", now)

    def _count(self, effects: list[SendToTunnel] | list[SendHome]) -> list[ForwardEffect]:
        self.counters.forwarded += 1
        self.counters.octets += sum(len(effect.octets) for effect in effects)
        return [*effects]

    def _discard(self, cause: str) -> list[ForwardEffect]:
        self.counters.discarded += 1
        return [Discard(cause)]

    def _complain(self, packet: IpPacket, error: Icmpv6Error, cause: str, now: float) -> list[ForwardEffect]:
        """Discard, and tell the sender, through its tunnel when it is a mobile node."""
        effects = self._discard(cause)
        router = self._routers.get(packet.source.version)
        answer = error_about(packet, error, router) if router is not None else None
        if answer is None or packet.source == router or not self._errors.allow(now):
            return effects
        home_address = self._home_of(packet.source)
        if home_address is not None:
            return [*effects, SendToTunnel(home_address, answer.build())]
        return [*effects, SendHome(answer.build())]
