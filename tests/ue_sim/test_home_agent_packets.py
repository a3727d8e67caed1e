"""What is for the mobile node itself, told from what is for its applications."""

from dataclasses import replace
from ipaddress import IPv4Address, IPv6Address, IPv6Network

import pytest

from tests.wire.mip6.vectors import named
from ue_sim.agent_discovery import ReplyArrived
from ue_sim.home_agent_packets import quotes_update, read_bare, read_mobility, read_tunnelled
from ue_sim.mobility import ErrorArrived, ProblemArrived
from ue_sim.prefix_discovery import AdvertisementArrived
from ue_sim.ue_events import Note
from wire.errors import DecodeError
from wire.ip.extensions import DestinationOption, DestinationOptions
from wire.ip.icmpv6 import EchoRequest, Icmpv6Message, ParameterProblem, UnknownIcmpv6, build_icmpv6
from wire.ip.ipv4 import Ipv4Packet
from wire.ip.ipv6 import PROTO_DESTINATION_OPTIONS, PROTO_ESP, PROTO_ICMPV6, PROTO_MOBILITY, Ipv6Packet
from wire.mip6.binding_error import BindingError
from wire.mip6.discovery import AgentReply, HomePrefix, PrefixAdvertisement
from wire.mip6.messages import build_message
from wire.mip6.refresh_request import RefreshRequest

AGENT, HOME, CARE_OF = (IPv6Address(text) for text in ("2001:db8:1::1", "2001:db8:1::100", "2001:db8:b::77"))
SPI = 0x1234
ADVERTISED = PrefixAdvertisement(7, (HomePrefix(IPv6Network("2001:db8:1::/64"), 60, 60),))


def icmp(message: Icmpv6Message, destination: IPv6Address = CARE_OF, source: IPv6Address = AGENT) -> Ipv6Packet:
    payload = build_icmpv6(message, source, destination)
    return Ipv6Packet(source=source, destination=destination, next_header=PROTO_ICMPV6, payload=payload)


def sent_update(spi: int = SPI) -> Ipv6Packet:
    option = DestinationOptions(PROTO_ESP, (DestinationOption.home_address(HOME),)).build()
    return Ipv6Packet(
        source=CARE_OF,
        destination=AGENT,
        next_header=PROTO_DESTINATION_OPTIONS,
        payload=option + spi.to_bytes(4, "big") + bytes(60),
    )


def test_reply_and_binding_error_of_the_mobile_ipv6_set_are_read() -> None:
    reply = read_bare(Ipv6Packet.parse(named("dhaad_reply").packet))
    assert isinstance(reply, AgentReply)
    error = read_bare(Ipv6Packet.parse(named("binding_error_unknown_hoa").packet))
    assert isinstance(error, BindingError)
    assert error.status == 1


@pytest.mark.parametrize(
    "packet",
    [
        icmp(EchoRequest(1, 2, b"")),
        icmp(ADVERTISED.build()),
        Ipv6Packet(
            source=AGENT,
            destination=CARE_OF,
            next_header=PROTO_MOBILITY,
            payload=build_message(RefreshRequest(), AGENT, CARE_OF),
        ),
        Ipv6Packet(source=AGENT, destination=CARE_OF, next_header=43, payload=bytes(24)),
    ],
    ids=["echo", "a prefix that nothing protects", "a refresh request that nothing protects", "routing header"],
)
def test_nothing_else_counts_without_protection(packet: Ipv6Packet) -> None:
    assert read_bare(packet) is None


@pytest.mark.parametrize("protocol", [PROTO_MOBILITY, PROTO_ICMPV6])
def test_wrong_checksum_is_broken(protocol: int) -> None:
    packet = Ipv6Packet(source=AGENT, destination=CARE_OF, next_header=protocol, payload=b"\x3b\x02\x07" + bytes(21))
    with pytest.raises(DecodeError, match="checksum"):
        read_bare(packet)


def test_problem_about_our_own_update_is_known_by_its_spi() -> None:
    problem = read_bare(icmp(ParameterProblem(1, 6, sent_update().build())))
    assert isinstance(problem, ParameterProblem)
    ours = {"care_of": CARE_OF, "ha_address": AGENT}
    assert quotes_update(problem, spi=SPI, **ours)
    assert not quotes_update(problem, spi=SPI + 1, **ours)
    assert not quotes_update(problem, spi=SPI, care_of=HOME, ha_address=AGENT)
    assert not quotes_update(replace(problem, invoking=problem.invoking[:50]), spi=SPI, **ours)


def test_home_agent_speaks_by_the_tunnel() -> None:
    about_us = Ipv6Packet(source=HOME, destination=AGENT, next_header=PROTO_MOBILITY, payload=bytes(8)).build()
    problem = ParameterProblem(0, 41, about_us)
    for message, expected in ((ADVERTISED.build(), AdvertisementArrived(ADVERTISED)), (problem, ProblemArrived(0, 41))):
        packet = icmp(message, HOME)
        assert read_tunnelled(packet, HOME, AGENT) == expected
        assert read_tunnelled(packet, HOME, CARE_OF) is None


@pytest.mark.parametrize(
    "packet",
    [
        icmp(EchoRequest(1, 2, b""), HOME),
        icmp(AgentReply(7, (AGENT,)).build(), HOME),
        icmp(ParameterProblem(0, 6, icmp(EchoRequest(1, 2, b""), AGENT, HOME).build()), HOME),
        icmp(ParameterProblem(0, 6, b"cut"), HOME),
        icmp(UnknownIcmpv6(147, 0, b"\x00"), HOME),
        replace(icmp(ADVERTISED.build(), HOME), next_header=PROTO_MOBILITY),
        Ipv4Packet(source=IPv4Address("10.1.2.1"), destination=IPv4Address("10.1.2.3"), protocol=1, payload=b""),
    ],
)
def test_every_other_packet_is_for_the_applications(packet: Ipv6Packet | Ipv4Packet) -> None:
    assert read_tunnelled(packet, HOME, AGENT) is None


def test_bare_packets_become_events_where_they_are_for_us() -> None:
    reply = AgentReply(7, (AGENT,))
    assert read_mobility(icmp(reply.build()).build(), None, CARE_OF, AGENT) == ReplyArrived(reply)
    error = BindingError(1, HOME)
    packet = Ipv6Packet(
        source=AGENT,
        destination=CARE_OF,
        next_header=PROTO_MOBILITY,
        payload=build_message(error, AGENT, CARE_OF),
    )
    assert read_mobility(packet.build(), None, CARE_OF, AGENT) == ErrorArrived(AGENT, error)
    unheard = read_mobility(packet.build(), None, IPv4Address("10.1.2.3"), AGENT)
    assert unheard == Note("a Mobility Header without a tunnel")
    problem = icmp(ParameterProblem(1, 6, sent_update().build())).build()
    told = read_mobility(problem, None, CARE_OF, AGENT)
    assert told == Note(f"a Parameter Problem of {AGENT} about nothing that we have sent")
