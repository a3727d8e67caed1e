"""Packets between the tunnels and the home network (RFC 6275 §10.4.2, RFC 6275 §10.4.5, RFC 8200 §3)."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from ipaddress import IPv6Address

from pdngw_proxy.rate import RateLimit
from wire.errors import DecodeError
from wire.ip.icmpv6 import (
    EXCEEDED_HOP_LIMIT,
    UNREACHABLE_ADDRESS,
    DestinationUnreachable,
    Icmpv6Error,
    PacketTooBig,
    TimeExceeded,
)
from wire.ip.icmpv6_errors import error_about
from wire.ip.ipv6 import MINIMUM_MTU, Ipv6Packet

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
    """The home agent as a router.

    `binding` finds what leads to a Home Address, a binding or another tunnel; `mtu` is the tunnel's, inside.
    """

    def __init__(
        self, *, ha_address: IPv6Address, binding: Callable[[IPv6Address], object | None], mtu: int = 1400
    ) -> None:
        if mtu < MINIMUM_MTU:
            raise ValueError(f"a tunnel MTU of {mtu} octets, IPv6 needs {MINIMUM_MTU}")
        self._ha_address = ha_address
        self._binding = binding
        self._mtu = mtu
        self._errors = RateLimit(most=ERRORS_PER_SECOND)
        self.counters = Counters()

    def from_tunnel(self, octets: bytes, home_address: IPv6Address, now: float) -> list[ForwardEffect]:
        """A packet that came out of the tunnel SA of `home_address`.

        It must come from that address and from nobody else's (RFC 6275 §10.4.5), and the binding must stand.
        """
        self.counters.from_tunnel += 1
        try:
            packet = Ipv6Packet.parse(octets)
        except DecodeError as error:
            return self._discard(f"no IPv6 packet in the tunnel of {home_address}: {error}")
        if packet.source != home_address:
            return self._discard(f"spoofed source {packet.source} in the tunnel of {home_address}")
        if self._binding(home_address) is None:
            return self._discard(f"no binding of {home_address}")
        return self._forward(packet, now)

    def from_home(self, octets: bytes, now: float) -> list[ForwardEffect]:
        """A packet from the home network, or from the home agent itself, for a Home Address."""
        self.counters.from_home += 1
        try:
            packet = Ipv6Packet.parse(octets)
        except DecodeError as error:
            return self._discard(f"no IPv6 packet from the home network: {error}")
        if self._binding(packet.destination) is None:
            unreachable = DestinationUnreachable(UNREACHABLE_ADDRESS, octets)
            return self._complain(packet, unreachable, f"no binding of {packet.destination}", now)
        if self._binding(packet.source) is not None:
            return self._discard(f"spoofed source {packet.source}, whose mobile node is not at home")
        return self._forward(packet, now)

    def _forward(self, packet: Ipv6Packet, now: float) -> list[ForwardEffect]:
        """A packet from the home agent or to it is not on its way through, and keeps its hop limit."""
        destination = packet.destination
        if destination.is_multicast or destination.is_link_local or destination.is_unspecified:
            return self._discard(f"destination {destination} is not forwarded")
        if self._ha_address not in {packet.source, destination}:
            if packet.hop_limit <= 1:
                exceeded = TimeExceeded(EXCEEDED_HOP_LIMIT, packet.build())
                return self._complain(packet, exceeded, f"hop limit of {packet.source} exceeded", now)
            packet = replace(packet, hop_limit=packet.hop_limit - 1)
        octets = packet.build()
        if self._binding(destination) is None:
            return self._count(SendHome(octets), octets)
        if len(octets) > self._mtu:
            too_big = PacketTooBig(self._mtu, octets)
            return self._complain(packet, too_big, f"{len(octets)} octets for {destination} are too big", now)
        return self._count(SendToTunnel(destination, octets), octets)

    def _count(self, effect: ForwardEffect, octets: bytes) -> list[ForwardEffect]:
        self.counters.forwarded += 1
        self.counters.octets += len(octets)
        return [effect]

    def _discard(self, cause: str) -> list[ForwardEffect]:
        self.counters.discarded += 1
        return [Discard(cause)]

    def _complain(self, packet: Ipv6Packet, error: Icmpv6Error, cause: str, now: float) -> list[ForwardEffect]:
        """Discard, and tell the sender, through its tunnel when it is a mobile node."""
        effects = self._discard(cause)
        answer = error_about(packet, error, self._ha_address)
        if answer is None or packet.source == self._ha_address or not self._errors.allow(now):
            return effects
        if self._binding(packet.source) is not None:
            return [*effects, SendToTunnel(packet.source, answer.build())]
        return [*effects, SendHome(answer.build())]
