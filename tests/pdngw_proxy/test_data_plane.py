"""Tunnels: each packet only in the security association that is for it."""

from dataclasses import replace
from ipaddress import IPv4Address, IPv6Address

import pytest

from pdngw_proxy.gateway_events import Channel, DatagramArrived, DeliverHome, Level, Report
from pdngw_proxy.ike.events import CloseRequested, PathSeen, RekeyRequested
from pdngw_proxy.ike.table import SaEvent
from pdngw_proxy.mobility import SessionEnded
from pdngw_proxy.mobility_plane import PlaneEffect
from tests.pdngw_proxy.plane_ground import (
    AGENT,
    CARE_OF,
    CORRESPONDENT,
    FOREIGN,
    HOME,
    NATT,
    SECOND,
    Ground,
    echo,
    sent,
    the_report,
)
from wire.errors import ProtocolViolation
from wire.ikev2.association import UNUSABLE
from wire.ikev2.nat import Endpoint
from wire.ip.icmpv6 import EchoReply, parse_icmpv6
from wire.ip.ipv6 import PROTO_IPV6, PROTO_UDP, Ipv6Packet
from wire.ip.packet import hops_left
from wire.ip.udp import UdpDatagram


@pytest.fixture
def ground() -> Ground:
    return Ground()


@pytest.fixture
def bound(ground: Ground) -> Ground:
    """A UE that is bound already."""
    ground.update()
    return ground


def test_echo_request_to_the_home_agent_comes_back_through_the_tunnel(bound: Ground) -> None:
    answer = sent(bound.esp(echo(HOME, AGENT)))
    assert (answer.channel, answer.source, answer.to) == (Channel.IKE, NATT, Endpoint(CARE_OF, 4500))
    packet = bound.tunnel.open_tunnelled(answer.octets)
    assert parse_icmpv6(packet.payload, AGENT, HOME) == EchoReply(1, 2, b"data")


def test_datagram_to_the_home_network_comes_back_through_the_tunnel(bound: Ground) -> None:
    inner = Ipv6Packet(
        source=HOME,
        destination=CORRESPONDENT,
        next_header=PROTO_UDP,
        payload=UdpDatagram(5000, 7, b"hello").build(HOME, CORRESPONDENT),
    )
    packet = bound.tunnel.open_tunnelled(sent(bound.esp(inner.build())).octets)
    assert UdpDatagram.parse(packet.payload, CORRESPONDENT, HOME) == UdpDatagram(7, 5000, b"hello")


def test_authentic_packet_from_a_new_place_shows_where_the_ue_is(bound: Ground) -> None:
    # RFC 7296 §2.23; one that was overtaken says nothing, and neither does a forged one
    association = bound.session.associations[bound.tunnel.child.spi_out]
    late, fresh = (bound.tunnel.outbound.seal(echo(HOME, AGENT), PROTO_IPV6) for _ in range(2))
    mapped = Endpoint(CARE_OF, 61000)
    shown = []
    for octets, source in ((fresh, mapped), (late, Endpoint(CARE_OF, 1))):
        arrived = DatagramArrived(Channel.IKE, octets, source, NATT)
        effects = list(bound.plane.receive_esp(bound.session, association, arrived, 1.0))
        shown += [effect for effect in effects if isinstance(effect, SaEvent)]
    assert shown == [SaEvent(bound.session.sa, PathSeen(mapped, NATT))]
    # what a UE sent before it moved may come after its Binding Update
    former = Endpoint(IPv4Address("198.51.100.7"), 4500)
    left = DatagramArrived(Channel.IKE, bound.tunnel.outbound.seal(echo(HOME, AGENT), PROTO_IPV6), former, NATT)
    effects = list(bound.plane.receive_esp(bound.session, association, left, 1.0))
    assert not [effect for effect in effects if isinstance(effect, SaEvent)]
    forged = DatagramArrived(Channel.IKE, fresh[:4] + bytes(len(fresh) - 4), Endpoint(CARE_OF, 1), NATT)
    with pytest.raises(UNUSABLE):
        list(bound.plane.receive_esp(bound.session, association, forged, 1.0))


def test_packet_for_another_ue_goes_into_its_tunnel_and_to_its_place(bound: Ground) -> None:
    _, its_transport, its_tunnel = bound.add(SECOND, 0x5000, IPv4Address("203.0.113.7"))
    bound.update(SECOND, sa=its_transport)
    forwarded = sent(bound.esp(echo(HOME, SECOND)))
    assert forwarded.to == Endpoint(IPv4Address("203.0.113.7"), 4500)
    packet = its_tunnel.open_tunnelled(forwarded.octets)
    assert (packet.source, packet.destination, hops_left(packet)) == (HOME, SECOND, 63)


def test_packet_without_a_binding_is_discarded(ground: Ground) -> None:
    report = the_report(ground.esp(echo(HOME, AGENT)))
    assert (report.level, report.details) == (Level.DEBUG, {"cause": f"no binding of {HOME}"})


def test_ue_without_an_sa_for_binding_updates_needs_no_binding(ground: Ground) -> None:
    """Plain remote access: the tunnel leads to where the IKE SA is, both ways."""
    ground.book.remove(ground.session, ground.transport.child.spi_out)
    forwarded = sent(ground.esp(echo(HOME, AGENT)))
    assert forwarded.to == Endpoint(CARE_OF, 4500)
    answer = ground.tunnel.open_tunnelled(forwarded.octets)
    assert parse_icmpv6(answer.payload, AGENT, HOME) == EchoReply(1, 2, b"data")


def test_packet_for_a_ue_whose_tunnel_is_gone_is_discarded(bound: Ground) -> None:
    session, its_transport, its_tunnel = bound.add(SECOND, 0x5000, IPv4Address("203.0.113.7"))
    bound.update(SECOND, sa=its_transport)
    bound.book.remove(session, its_tunnel.child.spi_out)
    report = the_report(bound.esp(echo(HOME, SECOND)))
    assert report.details == {"cause": f"no tunnel to {SECOND}"}


def test_packet_for_an_exhausted_tunnel_is_lost_and_the_session_closed_once(bound: Ground) -> None:
    # RFC 4303 §3.3.3
    bound.session.associations[bound.tunnel.child.spi_out].outbound._sequence = (1 << 64) - 1
    rekey, report, close = bound.esp(echo(HOME, AGENT))
    assert rekey == SaEvent(bound.session.sa, RekeyRequested(bound.tunnel.child.spi_out))
    assert isinstance(report, Report)
    assert (report.level, report.phrase) == (Level.WARNING, "security association exhausted")
    assert report.details == {"cause": "SPI 0x00001101 has sent 18446744073709551615 packets", "identity": "UE 4096"}
    assert close == SaEvent(bound.session.sa, CloseRequested(report.details["cause"]))
    again = the_report(bound.esp(echo(HOME, AGENT)))
    assert (again.level, again.phrase) == (Level.DEBUG, "packet discarded")


def test_spoofed_inner_source_is_outside_the_selectors(bound: Ground) -> None:
    with pytest.raises(ProtocolViolation, match="outside the selectors"):
        bound.esp(echo(FOREIGN, AGENT))


def test_spoofed_inner_source_is_discarded_where_selectors_let_it_through() -> None:
    # RFC 6275 §10.4.5
    ground = Ground(wide=True)
    ground.update()
    report = the_report(ground.esp(echo(FOREIGN, AGENT)))
    assert report.details["cause"] == f"spoofed source {FOREIGN} in the tunnel of {HOME}"


def test_esp_that_carries_no_ip_packet_is_refused(bound: Ground) -> None:
    with pytest.raises(ProtocolViolation, match="protocol 59 and no IP packet"):
        bound.esp(bytes(20), next_header=59)


def test_esp_of_the_transport_sa_is_refused_outside_its_packet(bound: Ground) -> None:
    association = bound.session.associations[bound.transport.child.spi_out]
    octets = bound.transport.outbound.seal(echo(HOME, AGENT), PROTO_IPV6)
    arrived = DatagramArrived(Channel.IKE, octets, bound.session.peer, NATT)
    with pytest.raises(ProtocolViolation, match="outside its IPv6 packet"):
        list(bound.plane.receive_esp(bound.session, association, arrived, 1.0))


def test_error_about_a_packet_goes_back_through_the_tunnel(bound: Ground) -> None:
    nobody = IPv6Address("2001:db8:1::404")
    packet = bound.tunnel.open_tunnelled(sent(bound.esp(echo(HOME, nobody))).octets)
    assert (packet.source, packet.destination) == (AGENT, HOME)


def test_packet_that_was_its_own_cause_does_not_go_round_for_ever(bound: Ground) -> None:
    looping = replace(Ipv6Packet.parse(echo(HOME, HOME)), hop_limit=255)
    assert len(bound.esp(looping.build())) <= 8


def test_session_that_ends_takes_its_binding(bound: Ground) -> None:
    report = the_report(list(bound.plane.mobility.move(SessionEnded(HOME), 2.0)))
    assert (report.phrase, report.details["cause"]) == ("binding removed", "its session ended")
    assert the_report(bound.esp(echo(HOME, AGENT))).details == {"cause": f"no binding of {HOME}"}


# A home network behind a device

KERNEL = IPv6Address("2001:db8:1::2")


@pytest.fixture
def outside() -> Ground:
    """A UE that is bound, and a home network that is not in this process."""
    ground = Ground(device=True)
    ground.update()
    return ground


def from_device(ground: Ground, octets: bytes) -> list[PlaneEffect]:
    return list(ground.plane.receive_home(octets, 1.0))


def test_packet_for_the_home_network_goes_to_the_device_one_hop_older(outside: Ground) -> None:
    sent_home = replace(Ipv6Packet.parse(echo(HOME, KERNEL)), hop_limit=63)
    assert outside.esp(echo(HOME, KERNEL)) == [DeliverHome(sent_home.build())]


def test_packet_from_the_device_goes_into_the_tunnel(outside: Ground) -> None:
    effect = sent(from_device(outside, echo(KERNEL, HOME)))
    packet = outside.tunnel.open_tunnelled(effect.octets)
    assert (packet.source, packet.destination, hops_left(packet)) == (KERNEL, HOME, 63)


def test_home_agent_answers_both_sides_itself(outside: Ground) -> None:
    # Its address is no kernel's: one would refuse a Home Address option (RFC 6275 §6.3).
    through_tunnel = outside.tunnel.open_tunnelled(sent(outside.esp(echo(HOME, AGENT))).octets)
    assert parse_icmpv6(through_tunnel.payload, AGENT, HOME) == EchoReply(1, 2, b"data")
    (answer,) = from_device(outside, echo(KERNEL, AGENT))
    assert isinstance(answer, DeliverHome)
    assert parse_icmpv6(Ipv6Packet.parse(answer.octets).payload, AGENT, KERNEL) == EchoReply(1, 2, b"data")


def test_host_is_told_of_a_home_address_that_is_not_bound(outside: Ground) -> None:
    error, report = sorted(from_device(outside, echo(KERNEL, SECOND)), key=lambda effect: type(effect).__name__)
    assert isinstance(error, DeliverHome)
    assert isinstance(report, Report)
    packet = Ipv6Packet.parse(error.octets)
    assert (packet.source, packet.destination) == (AGENT, KERNEL)
    assert report.details["cause"] == f"no binding of {SECOND}"


def test_ue_is_told_when_the_kernel_sends_its_packet_back(outside: Ground) -> None:
    effects = from_device(outside, echo(HOME, SECOND))
    packet = outside.tunnel.open_tunnelled(sent(effects).octets)
    assert (packet.source, packet.destination) == (AGENT, HOME)


def test_host_does_not_speak_for_a_mobile_node(outside: Ground) -> None:
    _, its_transport, _ = outside.add(SECOND, 0x5000, IPv4Address("203.0.113.7"))
    outside.update(SECOND, sa=its_transport)
    report = the_report(from_device(outside, echo(SECOND, HOME)))
    assert report.details["cause"] == f"spoofed source {SECOND}, whose mobile node is not at home"


@pytest.mark.parametrize("octets", [b"", bytes(39), b"\x45" + bytes(60), echo(KERNEL, AGENT)[:45]])
def test_what_is_no_packet_is_discarded(outside: Ground, octets: bytes) -> None:
    assert all(isinstance(effect, Report) for effect in from_device(outside, octets))


def test_multicast_of_the_kernel_stays_at_home(outside: Ground) -> None:
    report = the_report(from_device(outside, echo(KERNEL, IPv6Address("ff02::1"))))
    assert report.level is Level.DEBUG
