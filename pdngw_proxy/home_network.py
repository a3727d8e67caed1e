"""The home network inside the process: the home agent's own addresses and a few hosts that answer (RFC 6275 §10.1)."""

from collections.abc import Iterable
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from typing import overload

from pdngw_proxy.home_agents import HomeAgents
from pdngw_proxy.prefix_delivery import PrefixDelivery
from wire.errors import DecodeError
from wire.ip.checksum import IpAddress
from wire.ip.icmpv6 import (
    UNREACHABLE_ADDRESS,
    UNREACHABLE_NO_ROUTE,
    DestinationUnreachable,
    UnknownIcmpv6,
    build_icmpv6,
    parse_icmpv6,
)
from wire.ip.icmpv6_errors import error_about
from wire.ip.ipv6 import PROTO_ICMPV6, Ipv6Packet
from wire.ip.packet import IpPacket, packet_between, parse_packet
from wire.ip.responder import respond
from wire.mip6.discovery import (
    AgentReply,
    AgentRequest,
    HomePrefix,
    PrefixAdvertisement,
    PrefixSolicitation,
    home_agents_of,
    parse_question,
)

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


def anycast_of(prefixes: Iterable[IPv4Network | IPv6Network]) -> frozenset[IPv6Address]:
    """Where home agents are asked for, one address of each IPv6 prefix that has room for it (RFC 2526 §2)."""
    roomy = (prefix for prefix in prefixes if isinstance(prefix, IPv6Network) and prefix.prefixlen <= 120)
    return frozenset(map(home_agents_of, roomy))


class HomeNetwork:
    """Hosts without a kernel; each answers ICMP echo and the echo service of UDP.

    `routers` are the home agent's own addresses, one of each IP version that the network has; `prefixes` are its own,
    and `prefix_lifetime` says for how many seconds. `agents` are all home agents there, itself among them, in the order
    in which they are to be tried; None for itself alone. `delivery` is when mobile nodes are told of their prefix
    unasked, None for never. The home agent also answers who looks for home agents, and mobile nodes that ask for their
    home prefix (RFC 6275 §10.5, RFC 6275 §10.6).
    """

    def __init__(
        self,
        *,
        routers: Iterable[IpAddress],
        prefixes: Iterable[IPv4Network | IPv6Network],
        hosts: Iterable[IpAddress],
        prefix_lifetime: int = 2_592_000,
        agents: HomeAgents | None = None,
        delivery: PrefixDelivery | None = None,
    ) -> None:
        self._routers = {router.version: router for router in routers}
        self._prefixes = tuple(prefixes)
        self._hosts = {*self._routers.values(), *hosts}
        self._prefix_lifetime = prefix_lifetime
        self.agents = agents or HomeAgents((), random=bytes)
        self.delivery = delivery or PrefixDelivery(interval=0, preferred=0, random=bytes)
        self.anycast = anycast_of(self._prefixes)

    @property
    def own(self) -> frozenset[bytes]:
        """The octets of every address that is the home agent's own, whoever has the others."""
        return frozenset(address.packed for address in (*self._routers.values(), *self.anycast))

    def deliver(self, octets: bytes) -> list[bytes]:
        """Hand in a packet that the home agent put on the home network; the answers are packets from it.

        What is broken gets none. A destination that nobody has is told so by the home agent as the router.
        """
        try:
            packet = parse_packet(octets)
            answer = self._of_home_agent(packet)
            if answer is None:
                answer = respond(packet) if packet.destination in self._hosts else self._unreachable(packet)
        except DecodeError:
            return []
        return [answer.build()] if answer is not None else []

    def _of_home_agent(self, packet: IpPacket) -> IpPacket | None:
        """The home agent's answer about home agents and prefixes, from its own address; None for any other packet."""
        agent = self._routers.get(6)
        prefix = next((prefix for prefix in self._prefixes if isinstance(prefix, IPv6Network)), None)
        if not isinstance(packet, Ipv6Packet) or packet.next_header != PROTO_ICMPV6 or agent is None or prefix is None:
            return None
        message = parse_icmpv6(packet.payload, packet.source, packet.destination)
        question = parse_question(message) if isinstance(message, UnknownIcmpv6) else None
        answer: AgentReply | PrefixAdvertisement
        match question:
            case AgentRequest(identifier) if packet.destination in self.anycast:
                answer = AgentReply(identifier, self.agents.listed() or (IPv6Address(int(agent)),))
            case PrefixSolicitation(identifier) if packet.destination == agent and packet.source in prefix:
                self.delivery.answered(packet.source)
                answer = self._advertisement(identifier, prefix)
            case _:
                return None
        return packet_between(agent, packet.source, PROTO_ICMPV6, build_icmpv6(answer.build(), agent, packet.source))

    def advertise(self, home_address: IPv6Address) -> bytes:
        """What tells a mobile node of its prefix unasked, a whole packet (RFC 6275 §10.6.3)."""
        agent = IPv6Address(int(self._routers[6]))
        prefix = next(prefix for prefix in self._prefixes if isinstance(prefix, IPv6Network))
        payload = build_icmpv6(self._advertisement(0, prefix).build(), agent, home_address)
        return packet_between(agent, home_address, PROTO_ICMPV6, payload).build()

    def _advertisement(self, identifier: int, prefix: IPv6Network) -> PrefixAdvertisement:
        lifetime = self._prefix_lifetime
        return PrefixAdvertisement(identifier, (HomePrefix(prefix, valid=lifetime, preferred=lifetime),))

    def _unreachable(self, packet: IpPacket) -> IpPacket | None:
        router = self._routers.get(packet.destination.version)
        if router is None:
            return None
        at_home = any(packet.destination in prefix for prefix in self._prefixes)
        code = UNREACHABLE_ADDRESS if at_home else UNREACHABLE_NO_ROUTE
        return error_about(packet, DestinationUnreachable(code, packet.build()), router)
