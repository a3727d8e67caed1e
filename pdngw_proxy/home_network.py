"""The home network inside the process: the home agent's own address and a few hosts that answer (RFC 6275 §10.1)."""

from collections.abc import Iterable
from ipaddress import IPv6Address, IPv6Network

from wire.errors import DecodeError
from wire.ip.icmpv6 import UNREACHABLE_ADDRESS, UNREACHABLE_NO_ROUTE, DestinationUnreachable
from wire.ip.icmpv6_errors import error_about
from wire.ip.ipv6 import Ipv6Packet
from wire.ip.responder import respond

CORRESPONDENT_OFFSET = 0xCAFE


def correspondent_of(prefix: IPv6Network) -> IPv6Address:
    """The address of the host that every laboratory has in its home network, such as 2001:db8:1::cafe."""
    return prefix.network_address + CORRESPONDENT_OFFSET % prefix.num_addresses


class HomeNetwork:
    """Hosts without a kernel; each answers ICMPv6 echo and the echo service of UDP."""

    def __init__(self, *, ha_address: IPv6Address, prefix: IPv6Network, hosts: Iterable[IPv6Address]) -> None:
        self._ha_address = ha_address
        self._prefix = prefix
        self._hosts = {ha_address, *hosts}

    def deliver(self, octets: bytes) -> list[bytes]:
        """Hand in a packet that the home agent put on the home network; the answers are packets from it.

        What is broken gets none. A destination that nobody has is told so by the home agent as the router.
        """
        try:
            packet = Ipv6Packet.parse(octets)
            answer = respond(packet) if packet.destination in self._hosts else self._unreachable(packet)
        except DecodeError:
            return []
        return [answer.build()] if answer is not None else []

    def _unreachable(self, packet: Ipv6Packet) -> Ipv6Packet | None:
        code = UNREACHABLE_ADDRESS if packet.destination in self._prefix else UNREACHABLE_NO_ROUTE
        return error_about(packet, DestinationUnreachable(code, packet.build()), self._ha_address)
