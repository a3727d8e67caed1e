"""Traffic selectors: which inner packets an SA may carry (RFC 4301 §4.4.1.1, RFC 7296 §3.13.1)."""

from ipaddress import IPv6Address

from wire.frozen import dataclass
from wire.ip.checksum import IpAddress
from wire.ip.icmpv4 import PROTO_ICMP
from wire.ip.ipv4 import Ipv4Packet
from wire.ip.ipv6 import PROTO_ICMPV6, PROTO_MOBILITY, PROTO_UDP
from wire.ip.packet import IpPacket, protocol_of

ANY_PROTOCOL = 0
_PROTO_TCP = 6
_LAST_PORT = 0xFFFF
_FIRST_IPV6, _LAST_IPV6 = IPv6Address(0), IPv6Address((1 << 128) - 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Selector:
    """One range of addresses and ports, ends included; protocol 0 is any.

    A Mobility Header's type stands in the high octet of the port, an ICMPv6 type and code in its two octets.
    """

    first: IpAddress
    last: IpAddress
    protocol: int = ANY_PROTOCOL
    first_port: int = 0
    last_port: int = _LAST_PORT

    def covers(self, address: IpAddress, protocol: int, port: int | None) -> bool:
        """Whether one end of a packet is in the range; addresses of another family never are. Port None fits any."""
        return (
            self.protocol in {ANY_PROTOCOL, protocol}
            and address.version == self.first.version
            and int(self.first) <= int(address) <= int(self.last)
            and (port is None or self.first_port <= port <= self.last_port)
        )

    def covers_all(self, first: IPv6Address, last: IPv6Address) -> bool:
        """Whether every protocol and port of these addresses is in the range."""
        return (
            self.protocol == ANY_PROTOCOL
            and self.first.version == first.version
            and int(self.first) <= int(first) <= int(last) <= int(self.last)
            and (self.first_port, self.last_port) == (0, _LAST_PORT)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Selectors:
    """Both ends of an SA as seen by the one who holds it."""

    local: tuple[Selector, ...]
    remote: tuple[Selector, ...]

    def allow_inbound(self, packet: IpPacket) -> bool:
        """Whether a packet that came out of the SA may have been in it (RFC 4301 §5.2)."""
        source_port, destination_port = ports_of(packet)
        return self._allow(packet, packet.destination, destination_port, packet.source, source_port)

    def allow_outbound(self, packet: IpPacket) -> bool:
        """Whether a packet may go into the SA (RFC 4301 §5.1)."""
        source_port, destination_port = ports_of(packet)
        return self._allow(packet, packet.source, source_port, packet.destination, destination_port)

    def carry_all(self, home: IPv6Address, *, remote: bool) -> bool:
        """Whether `home`, at the remote end or else here, and every IPv6 address may send each other whatever it is."""
        near, far = (self.remote, self.local) if remote else (self.local, self.remote)
        return any(end.covers_all(home, home) for end in near) and any(
            end.covers_all(_FIRST_IPV6, _LAST_IPV6) for end in far
        )

    def _allow(
        self,
        packet: IpPacket,
        local: IpAddress,
        local_port: int | None,
        remote: IpAddress,
        remote_port: int | None,
    ) -> bool:
        protocol = protocol_of(packet)
        return any(end.covers(local, protocol, local_port) for end in self.local) and any(
            end.covers(remote, protocol, remote_port) for end in self.remote
        )


def ports_of(packet: IpPacket) -> tuple[int, int | None]:
    """The selector ports of a packet, source first; 0 where its protocol has none, it is cut short or a later
    fragment.

    A Mobility Header's type and an ICMPv6 message's type and code are the port of the end that sends them: "local
    BU, remote BA" allows each in its own direction (RFC 5555 §5.2.1). Their other end has none.
    """
    payload, protocol = packet.payload, protocol_of(packet)
    if len(payload) < 4 or (isinstance(packet, Ipv4Packet) and packet.fragment_offset):
        return 0, 0
    if protocol in {_PROTO_TCP, PROTO_UDP}:
        return int.from_bytes(payload[:2], "big"), int.from_bytes(payload[2:4], "big")
    if protocol == PROTO_MOBILITY:
        return payload[2] << 8, None
    if protocol in {PROTO_ICMPV6, PROTO_ICMP}:
        return int.from_bytes(payload[:2], "big"), None
    return 0, 0
