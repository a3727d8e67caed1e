"""The home network inside the process."""

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

import pytest

from pdngw_proxy.home_agents import HomeAgents, KnownAgent
from pdngw_proxy.home_network import HomeNetwork, anycast_of, correspondent_of
from pdngw_proxy.prefix_delivery import PrefixDelivery
from tests.wire.mip6.vectors import named
from wire.ip.icmpv4 import build_icmpv4, parse_icmpv4
from wire.ip.icmpv6 import DestinationUnreachable, EchoReply, EchoRequest, UnknownIcmpv6, build_icmpv6, parse_icmpv6
from wire.ip.ipv4 import Ipv4Packet
from wire.ip.ipv6 import Ipv6Packet
from wire.ip.udp import UdpDatagram
from wire.mip6.discovery import AgentReply

PREFIX = IPv6Network("2001:db8:1::/64")
AGENT, UE = IPv6Address("2001:db8:1::1"), IPv6Address("2001:db8:1::100")
HOST = correspondent_of(PREFIX)
PREFIX4 = IPv4Network("10.1.2.0/24")
AGENT4, UE4, HOST4 = IPv4Address("10.1.2.1"), IPv4Address("10.1.2.10"), correspondent_of(PREFIX4)


def network() -> HomeNetwork:
    return HomeNetwork(routers=[AGENT, AGENT4], prefixes=[PREFIX, PREFIX4], hosts=[HOST, HOST4])


def ping(destination: IPv6Address) -> Ipv6Packet:
    payload = build_icmpv6(EchoRequest(1, 2, b"data"), UE, destination)
    return Ipv6Packet(source=UE, destination=destination, next_header=58, payload=payload)


def test_correspondent_has_an_address_that_is_easily_remembered() -> None:
    assert str(HOST) == "2001:db8:1::cafe"
    assert correspondent_of(IPv6Network("2001:db8::/120")) == IPv6Address("2001:db8::fe")
    assert str(HOST4) == "10.1.2.254"


@pytest.mark.parametrize("destination", [AGENT, HOST])
def test_hosts_answer_an_echo_request(destination: IPv6Address) -> None:
    (octets,) = network().deliver(ping(destination).build())
    answer = Ipv6Packet.parse(octets)
    assert (answer.source, answer.destination) == (destination, UE)
    assert parse_icmpv6(answer.payload, destination, UE) == EchoReply(1, 2, b"data")


def test_hosts_echo_a_datagram() -> None:
    payload = UdpDatagram(5000, 7, b"hello").build(UE, HOST)
    sent = Ipv6Packet(source=UE, destination=HOST, next_header=17, payload=payload)
    (octets,) = network().deliver(sent.build())
    answer = Ipv6Packet.parse(octets)
    assert UdpDatagram.parse(answer.payload, HOST, UE) == UdpDatagram(7, 5000, b"hello")


@pytest.mark.parametrize(("destination", "code"), [("2001:db8:1::dead", 3), ("2001:db8:2::1", 0)])
def test_nobody_at_an_address_is_told_by_the_home_agent(destination: str, code: int) -> None:
    sent = ping(IPv6Address(destination)).build()
    (octets,) = network().deliver(sent)
    answer = Ipv6Packet.parse(octets)
    assert answer.source == AGENT
    assert parse_icmpv6(answer.payload, AGENT, UE) == DestinationUnreachable(code, sent)


@pytest.mark.parametrize("destination", [AGENT4, HOST4])
def test_hosts_answer_an_ipv4_echo_request(destination: IPv4Address) -> None:
    (octets,) = network().deliver(ping4(destination).build())
    answer = Ipv4Packet.parse(octets)
    assert (answer.source, answer.destination) == (destination, UE4)
    assert parse_icmpv4(answer.payload) == EchoReply(1, 2, b"data")


def test_nobody_at_an_ipv4_address_is_told_by_the_home_agent() -> None:
    sent = ping4(IPv4Address("10.1.2.99")).build()
    (octets,) = network().deliver(sent)
    answer = Ipv4Packet.parse(octets)
    assert answer.source == AGENT4
    assert parse_icmpv4(answer.payload) == DestinationUnreachable(3, sent)


def test_network_without_ipv4_is_silent_about_it() -> None:
    assert HomeNetwork(routers=[AGENT], prefixes=[PREFIX], hosts=[HOST]).deliver(ping4(HOST4).build()) == []


def ping4(destination: IPv4Address) -> Ipv4Packet:
    payload = build_icmpv4(EchoRequest(1, 2, b"data"))
    return Ipv4Packet(source=UE4, destination=destination, protocol=1, payload=payload)


def test_broken_packets_get_no_answer() -> None:
    assert network().deliver(b"") == []
    assert network().deliver(ping(HOST).build()[:-1] + b"?") == []
    assert network().deliver(ping(IPv6Address("ff02::1")).build()) == []


# Looking for home agents and prefixes (RFC 6275 §10.5, RFC 6275 §10.6)


def test_home_agent_answers_the_request_of_the_mobile_ipv6_set() -> None:
    request, reply = named("dhaad_request"), named("dhaad_reply")
    agent, prefix = IPv6Address("2001:db8:aaaa::1"), IPv6Network("2001:db8:aaaa::/64")
    home = HomeNetwork(routers=[agent], prefixes=[prefix], hosts=[])
    assert home.deliver(request.packet) == [reply.packet]
    assert home.own == {agent.packed, IPv6Address("2001:db8:aaaa:0:fdff:ffff:ffff:fffe").packed}


def test_home_agent_names_all_that_it_is_told_of() -> None:
    agents = HomeAgents([KnownAgent(AGENT), KnownAgent(HOST, 1)], random=bytes)
    home = HomeNetwork(routers=[AGENT], prefixes=[PREFIX], hosts=[], agents=agents)
    (anycast,) = home.anycast
    (octets,) = home.deliver(solicitation(UE, anycast, kind=144))
    answer = Ipv6Packet.parse(octets)
    message = parse_icmpv6(answer.payload, AGENT, UE)
    assert message == AgentReply(0x55AA, (HOST, AGENT)).build()


def solicitation(source: IPv6Address, destination: IPv6Address, kind: int = 146) -> bytes:
    payload = build_icmpv6(UnknownIcmpv6(kind, 0, bytes.fromhex("55aa0000")), source, destination)
    return Ipv6Packet(source=source, destination=destination, next_header=58, payload=payload).build()


def test_mobile_node_is_told_its_home_prefix() -> None:
    home = HomeNetwork(routers=[AGENT], prefixes=[PREFIX], hosts=[HOST], prefix_lifetime=7200)
    (octets,) = home.deliver(solicitation(UE, AGENT))
    answer = Ipv6Packet.parse(octets)
    assert (answer.source, answer.destination) == (AGENT, UE)
    # RFC 6275 §6.8, and the Prefix Information of RFC 4861 §4.6.2 behind it
    assert answer.payload[0] == 147
    assert answer.payload[4:].hex() == ("55aa0000030440c000001c2000001c200000000020010db8000100000000000000000000")


def test_mobile_node_is_told_its_home_prefix_unasked_and_answers_by_asking() -> None:
    delivery = PrefixDelivery(interval=600, preferred=7200, random=bytes)
    home = HomeNetwork(routers=[AGENT], prefixes=[PREFIX], hosts=[HOST], prefix_lifetime=7200, delivery=delivery)
    delivery.begin(UE, 0.0)
    assert delivery.due(600.0) == [UE]
    told = Ipv6Packet.parse(home.advertise(UE))
    (octets,) = home.deliver(solicitation(UE, AGENT))
    asked = Ipv6Packet.parse(octets)
    assert (told.source, told.destination) == (AGENT, UE)
    # but for checksum and identifier it is the same
    assert (told.payload[:2], told.payload[4:6], told.payload[6:]) == (asked.payload[:2], bytes(2), asked.payload[6:])
    assert delivery.due(700.0) == [], "it has answered"


@pytest.mark.parametrize(
    ("source", "destination", "kind"),
    [
        (IPv6Address("2001:db8:b::77"), AGENT, 146),
        (UE, HOST, 146),
        (UE, AGENT, 144),
        (UE, AGENT, 147),
    ],
    ids=["not from home", "to a host", "agents by unicast", "an advertisement"],
)
def test_questions_that_are_not_for_the_home_agent_get_no_answer(
    source: IPv6Address, destination: IPv6Address, kind: int
) -> None:
    assert network().deliver(solicitation(source, destination, kind)) == []


def test_small_prefix_has_no_anycast_address() -> None:
    assert anycast_of([IPv6Network("2001:db8::/124"), PREFIX4]) == frozenset()
