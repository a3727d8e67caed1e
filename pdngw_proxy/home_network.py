"""The home network inside the process: the home agent's own addresses and a few hosts that answer (RFC 6275 §10.1)."""

from collections.abc import Iterable
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from typing import overload

from wire.errors import DecodeError
from wire.ip.checksum import IpAddress
from wire.ip.icmpv6 import UNREACHABLE_ADDRESS, UNREACHABLE_NO_ROUTE, DestinationUnreachable
from wire.ip.icmpv6_errors import error_about
from wire.ip.packet import IpPacket, parse_packet
from wire.ip.responder import respond

CORRESPONDENT_OFFSET = 0xCAFE


@overload
def correspondent_of(prefix: IPv6Network) -> IPv6Address: ...
@overload
def correspondent_of(prefix: IPv4Network) -> IPv4Address: ...
@overload
def correspondent_of(prefix: IPv4Network | IPv6Network) -> IpAddress: ...
def correspondent_of(prefix: IPv4Network | IPv6Network) -> IpAddress:
    """The address of the host that every laboratory has in its home network, such as 2001:db8:1::cafe or 10.1.2.254."""
    return prefix.network_address + CORRESPONDENT_OFFSET % prefix.num_addresses


class HomeNetwork:
    """Hosts without a kernel; each answers ICMP echo and the echo service of UDP.

    `routers` are the home agent's own addresses, one of each IP version that the network has; `prefixes` are its own.
    """

    def __init__(
        self,
        *,
        routers: Iterable[IpAddress],
        prefixes: Iterable[IPv4Network | IPv6Network],
        hosts: Iterable[IpAddress],
    ) -> None:
        self._routers = {router.version: router for router in routers}
        self._prefixes = tuple(prefixes)
        self._hosts = {*self._routers.values(), *hosts}

    def deliver(self, octets: bytes) -> list[bytes]:
        """Hand in a packet that the home agent put on the home network; the answers are packets from it.

        What is broken gets none. A destination that nobody has is told so by the home agent as the router.
        """
        try:
            packet = parse_packet(octets)
            answer = respond(packet) if packet.destination in self._hosts else self._unreachable(packet)
        except DecodeError:
            return []
        return [answer.build()] if answer is not None else []

    def _unreachable(self, packet: IpPacket) -> IpPacket | None:
        router = self._routers.get(packet.destination.version)
        if router is None:
            return None
        at_home = any(packet.destination in prefix for prefix in self._prefixes)
        code = UNREACHABLE_ADDRESS if at_home else UNREACHABLE_NO_ROUTE
        return error_about(packet, DestinationUnreachable(code, packet.build()), router)
