"""The short way of packets that nothing is to be decided about: IPv6 between a UE that is at home here and others.

DataPlane and Forwarder decide; this keeps what they said until anything happens that could change it (`forget`), and
does for each packet what they would do. Whatever it does not know, or is not sure of, it leaves to them.
"""

from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import IPv6Address
from typing import TypeVar

from pdngw_proxy.forwarding import Counters
from pdngw_proxy.sessions import GatewaySession, SessionBook
from wire.ikev2.association import Association
from wire.ikev2.child import Mode
from wire.ip.checksum import IpAddress
from wire.ip.ipv6 import PROTO_IPV6, is_whole

KnownT = TypeVar("KnownT")

_MOST_KNOWN = 4096
_HOPS = tuple(bytes((max(hops - 1, 0),)) for hops in range(256))
"""By hop limit, the octet that stands there one hop on."""


@dataclass(slots=True)
class Tunnel:
    """A tunnel that carries all that its session's UE sends from its Home Address `home`, or is sent there.

    Before `worn_octets` and the sequence number `worn_sequence` nobody has to think of its successor.
    """

    session: GatewaySession
    association: Association
    home: bytes
    worn_octets: float
    worn_sequence: float

    def carry(self, octets: int) -> bool:
        """Count a packet of so many octets, either way; False when that would wear it out, and it is not counted."""
        carried = self.association.octets + octets
        if carried >= self.worn_octets or self.association.outbound.sequence + 1 >= self.worn_sequence:
            return False
        self.association.octets = carried
        return True


class ShortWay:
    """`home_of` is the Home Address of whoever has an address here, as Forwarder takes it; `own` are the home agent's.

    `mtu` is the tunnel's, `most_octets` what one of its security associations may carry, `counters` are Forwarder's.
    Without a `device` for the home network nothing that comes out of a tunnel goes the short way.
    """

    def __init__(
        self,
        *,
        sessions: SessionBook,
        home_of: Callable[[IpAddress], IPv6Address | None],
        own: frozenset[bytes],
        counters: Counters,
        mtu: int,
        most_octets: int | None,
        device: bool,
    ) -> None:
        self._device = device
        self._sessions = sessions
        self._home_of = home_of
        self._own = own
        self._counters = counters
        self._mtu = mtu
        self._most_octets = most_octets
        self._by_spi: dict[bytes, Tunnel] = {}
        self._by_home: dict[bytes, Tunnel] = {}
        self._elsewhere: dict[bytes, bool] = {}

    def forget(self) -> None:
        """Something happened that is no packet of a tunnel: sessions, bindings and addresses may be others now."""
        self._by_spi.clear()
        self._by_home.clear()
        self._elsewhere.clear()

    def tunnel_from(self, spi: bytes) -> Tunnel | None:
        """The tunnel whose ESP begins with these four octets, or None."""
        tunnel = self._by_spi.get(spi)
        if tunnel is None and (tunnel := self._find_from(spi)) is not None:
            _keep(self._by_spi, spi, tunnel)
        return tunnel

    def tunnel_to(self, home: bytes) -> Tunnel | None:
        """The tunnel to a Home Address of 16 octets, or None."""
        tunnel = self._by_home.get(home)
        if tunnel is None and (tunnel := self._find_to(home)) is not None:
            _keep(self._by_home, home, tunnel)
        return tunnel

    def homeward(self, tunnel: Tunnel, packet: bytes, next_header: int) -> bytes | None:
        """The packet that came out of the tunnel, one hop on; None when somebody else has to decide."""
        octets = len(packet)
        if (
            next_header != PROTO_IPV6
            or not is_whole(packet)
            or packet[7] <= 1
            or packet[8:24] != tunnel.home
            or not self._is_elsewhere(packet[24:40])
            or not tunnel.carry(octets)
        ):
            return None
        tunnel.session.traffic.came(octets)
        self._counters.from_tunnel += 1
        self._count(octets)
        return b"".join((packet[:7], _HOPS[packet[7]], packet[8:]))

    def outward(self, tunnel: Tunnel, packet: bytes) -> bytes | None:
        """The ESP of a packet to the tunnel's Home Address, one hop on; None when somebody else has to decide."""
        octets = len(packet)
        if (
            octets > self._mtu
            or not is_whole(packet)
            or packet[7] <= 1
            or not self._is_elsewhere(packet[8:24])
            or not tunnel.carry(octets)
        ):
            return None
        tunnel.session.traffic.went(octets)
        self._counters.from_home += 1
        self._count(octets)
        return tunnel.association.outbound.seal(b"".join((packet[:7], _HOPS[packet[7]], packet[8:])), PROTO_IPV6)

    def _count(self, octets: int) -> None:
        self._counters.forwarded += 1
        self._counters.octets += octets

    def _find_from(self, spi: bytes) -> Tunnel | None:
        number = int.from_bytes(spi)
        session = self._sessions.of_spi(number) if self._device else None
        association = session.associations[number] if session is not None else None
        if session is None or association is None or association.child.mode is not Mode.TUNNEL:
            return None
        # the first packet that comes shows that the peer has the SA, which is news (RFC 7296 §2.8)
        if not association.inbound.sequence or not association.carries_all(inward=True):
            return None
        home = association.home_address
        return self._tunnel(session, association, home) if self._home_of(home) == home else None

    def _find_to(self, octets: bytes) -> Tunnel | None:
        home = IPv6Address(octets)
        session = self._sessions.of_home(home) if octets not in self._own and self._home_of(home) == home else None
        association = session.outbound(Mode.TUNNEL) if session is not None else None
        if session is None or association is None:
            return None
        tunnels = (one for one in session.associations.values() if one.child.mode is Mode.TUNNEL)
        # where they differ, it is the packet that says which of them it goes through
        all_alike = all(one.carries_all(inward=True) for one in tunnels)
        return self._tunnel(session, association, home) if all_alike else None

    def _tunnel(self, session: GatewaySession, association: Association, home: IPv6Address) -> Tunnel:
        return Tunnel(session, association, home.packed, *association.worn_at(self._most_octets))

    def _is_elsewhere(self, octets: bytes) -> bool:
        """Whether an address is that of a host to which packets go, and neither a UE's nor the home agent's."""
        try:
            return self._elsewhere[octets]
        except KeyError:
            address = IPv6Address(octets)
            is_host = not (address.is_multicast or address.is_link_local or address.is_unspecified)
            found = is_host and octets not in self._own and self._home_of(address) is None
            _keep(self._elsewhere, octets, found)
            return found


def _keep(known: dict[bytes, KnownT], key: bytes, value: KnownT) -> None:
    """Remember it, in bounds: strangers choose keys."""
    if len(known) >= _MOST_KNOWN:
        known.clear()
    known[key] = value
