"""Binding Updates and tunnels: each packet only in the security association that is for it."""

from dataclasses import replace
from ipaddress import IPv4Address, IPv6Address, IPv6Network

import pytest

from pdngw_proxy.addresses import Lease
from pdngw_proxy.data_plane import DataPlane, PlaneEffect
from pdngw_proxy.gateway_events import Channel, DatagramArrived, DeliverHome, Level, Report, Send
from pdngw_proxy.home_agent import HomeAgent
from pdngw_proxy.home_network import HomeNetwork, correspondent_of
from pdngw_proxy.ike.events import CloseRequested, PathSeen, RekeyRequested
from pdngw_proxy.ike.table import SaEvent
from pdngw_proxy.mobility import HomeAgentPolicy, SessionEnded
from pdngw_proxy.sessions import GatewaySession, SessionBook
from tests.pdngw_proxy.associations import pair
from wire.errors import ProtocolViolation
from wire.esp.replay import Replayed
from wire.ikev2.association import UNUSABLE, Association
from wire.ikev2.child import Mode
from wire.ikev2.nat import Endpoint
from wire.ip.icmpv6 import EchoReply, EchoRequest, build_icmpv6, parse_icmpv6
from wire.ip.ipv6 import PROTO_ICMPV6, PROTO_IPV6, PROTO_MOBILITY, PROTO_UDP, Ipv6Packet
from wire.ip.packet import hops_left
from wire.ip.udp import UdpDatagram
from wire.mip6.binding_ack import BindingAck
from wire.mip6.binding_update import BindingFlag, BindingUpdate
from wire.mip6.encapsulation import open_mobility, parse_tunnelled, seal_mobility
from wire.mip6.ipv4_options import Ipv4CareOf
from wire.mip6.messages import build_message, parse_message
from wire.sansio import Tick

PREFIX = IPv6Network("2001:db8:1::/64")
AGENT, HOME, SECOND, FOREIGN = (IPv6Address(f"2001:db8:1::{end}") for end in ("1", "100", "101", "bad"))
CORRESPONDENT = correspondent_of(PREFIX)
GATEWAY = IPv4Address("192.0.2.4")
NATT, DSMIP = Endpoint(GATEWAY, 4500), Endpoint(GATEWAY, 4191)
CARE_OF = IPv4Address("198.51.100.9")
FLAGS = BindingFlag.ACKNOWLEDGE | BindingFlag.HOME_REGISTRATION


class Ground:
    """A data plane with one UE on it, and that UE's end of both SAs; `wide` leaves the gateway's selectors open."""

    def __init__(self, *, wide: bool = False, device: bool = False) -> None:
        self.book = SessionBook()
        policy = HomeAgentPolicy(ha_address=AGENT, home_prefix=PREFIX)
        self.plane = DataPlane(
            sessions=self.book,
            agent=HomeAgent(policy),
            home=HomeNetwork(routers=[AGENT], prefixes=[PREFIX], hosts=() if device else (CORRESPONDENT,)),
            routers=(AGENT,),
            dsmip=DSMIP,
            device=device,
        )
        self.session, self.transport, self.tunnel = self.add(HOME, 0x1000, CARE_OF, wide=wide)

    def add(
        self, home_address: IPv6Address, spi: int, care_of: IPv4Address, *, wide: bool = False
    ) -> tuple[GatewaySession, Association, Association]:
        """Another UE."""
        peer = Endpoint(care_of, 4500)
        session = GatewaySession(spi.to_bytes(8, "big"), f"session {spi}", local=NATT, peer=peer, identity=f"UE {spi}")
        self.book.open(session)
        self.book.lease(session, Lease(home_address, session.identity, spi))
        transport, its_transport = pair(home_address, Mode.TRANSPORT, spi, wide=wide)
        tunnel, its_tunnel = pair(home_address, Mode.TUNNEL, spi + 0x100, wide=wide)
        for association in (transport, tunnel):
            self.book.install(session, association)
        return session, its_transport, its_tunnel

    def update(
        self,
        home_address: IPv6Address = HOME,
        *,
        sa: Association | None = None,
        sequence: int = 1,
        lifetime: int = 900,
    ) -> list[PlaneEffect]:
        """What comes of a Binding Update, sealed in the transport SA or in another."""
        update = BindingUpdate(sequence=sequence, flags=FLAGS, lifetime=lifetime, options=(Ipv4CareOf(CARE_OF),))
        octets = build_message(update, home_address, AGENT)
        outbound = (sa or self.transport).outbound
        return self.mobility(seal_mobility(octets, home_address, AGENT, outbound))

    def mobility(self, datagram: bytes) -> list[PlaneEffect]:
        """What comes of a datagram on the DSMIPv6 port."""
        arrived = DatagramArrived(Channel.DSMIP, datagram, Endpoint(CARE_OF, 4191), DSMIP)
        return list(self.plane.receive_mobility(arrived, 1.0))

    def esp(self, packet: bytes, *, next_header: int = PROTO_IPV6) -> list[PlaneEffect]:
        """What comes of an inner packet that the first UE tunnels."""
        octets = self.tunnel.outbound.seal(packet, next_header)
        association = self.session.associations[self.tunnel.child.spi_out]
        arrived = DatagramArrived(Channel.IKE, octets, self.session.peer, NATT)
        return list(self.plane.receive_esp(self.session, association, arrived, 1.0))


@pytest.fixture
def ground() -> Ground:
    return Ground()


@pytest.fixture
def bound(ground: Ground) -> Ground:
    """A UE that is bound already."""
    ground.update()
    return ground


def echo(source: IPv6Address, destination: IPv6Address) -> bytes:
    payload = build_icmpv6(EchoRequest(1, 2, b"data"), source, destination)
    packet = Ipv6Packet(source=source, destination=destination, next_header=PROTO_ICMPV6, payload=payload)
    return packet.build()


def the_report(effects: list[PlaneEffect]) -> Report:
    (report,) = effects
    assert isinstance(report, Report)
    return report


def sent(effects: list[PlaneEffect]) -> Send:
    (send,) = (effect for effect in effects if isinstance(effect, Send))
    return send


# Binding Updates


def test_update_is_acknowledged_inside_the_sa_from_the_dsmipv6_port(ground: Ground) -> None:
    effects = ground.update()
    assert [effect.phrase for effect in effects if isinstance(effect, Report)] == ["binding added"]
    answer = sent(effects)
    assert (answer.channel, answer.source, answer.to) == (Channel.DSMIP, DSMIP, Endpoint(CARE_OF, 4191))
    packet = parse_tunnelled(answer.octets)
    assert isinstance(packet, Ipv6Packet)
    assert (packet.source, packet.destination) == (AGENT, HOME)
    ack = parse_message(open_mobility(packet, ground.transport.inbound))
    assert isinstance(ack, BindingAck)
    assert (ack.status, ack.sequence, ack.lifetime) == (0, 1, 900)


def test_binding_is_reported_with_what_an_operator_wants_to_know(ground: Ground) -> None:
    report = next(effect for effect in ground.update() if isinstance(effect, Report))
    assert report.details == {
        "home_address": str(HOME),
        "care_of": str(CARE_OF),
        "lifetime": "3600 s",
        "sequence": "1",
        "nat": "no",
    }


def test_renewal_and_end_of_a_binding_are_reported(bound: Ground) -> None:
    phrases = [
        effect.phrase
        for lifetime, sequence in ((900, 2), (0, 3))
        for effect in bound.update(sequence=sequence, lifetime=lifetime)
        if isinstance(effect, Report)
    ]
    assert phrases == ["binding renewed", "binding removed"]


def test_expiry_of_a_binding_is_reported_with_its_cause(bound: Ground) -> None:
    report = the_report(list(bound.plane.move(Tick(), 3700.0)))
    assert (report.phrase, report.details["cause"]) == ("binding removed", "its lifetime ended")


def test_refused_update_is_answered_and_reported_once(ground: Ground) -> None:
    effects = ground.update(lifetime=0)
    (report,) = (effect for effect in effects if isinstance(effect, Report))
    assert (report.level, report.phrase) == (Level.WARNING, "Binding Update refused")
    assert report.details["cause"].startswith("status 133")
    assert sent(effects)


def test_foreign_home_address_is_outside_the_selectors(ground: Ground) -> None:
    # RFC 4877 §4.3
    report = the_report(ground.update(FOREIGN))
    cause = f"a Mobility Header from {FOREIGN} is outside the selectors, in the SA of {HOME}"
    assert report.details == {"cause": cause, "clause": "RFC 6275 §5.1 foreign Home Address"}


def test_foreign_home_address_is_dropped_by_policy_where_selectors_let_it_through() -> None:
    # RFC 6275 §5.1: the home agent itself knows which Home Address an SA is for.
    report = the_report(Ground(wide=True).update(FOREIGN))
    assert (report.level, report.phrase) == (Level.WARNING, "mobility message dropped")
    assert report.details["cause"] == f"foreign Home Address {FOREIGN} in the SA of {HOME}"


def test_unprotected_update_is_refused(ground: Ground) -> None:
    octets = build_message(BindingUpdate(sequence=1, flags=FLAGS, lifetime=900), HOME, AGENT)
    bare = Ipv6Packet(source=HOME, destination=AGENT, next_header=PROTO_MOBILITY, payload=octets)
    with pytest.raises(ProtocolViolation, match="not protected"):
        ground.mobility(bare.build())


def test_update_under_an_unknown_spi_is_refused(ground: Ground) -> None:
    _, stranger = pair(HOME, Mode.TRANSPORT, 0x9000)
    with pytest.raises(ProtocolViolation, match="not protected"):
        ground.update(sa=stranger)


def test_update_in_the_tunnels_sa_is_refused(ground: Ground) -> None:
    with pytest.raises(ProtocolViolation, match="in the tunnel's security association"):
        ground.update(sa=ground.tunnel)


def test_replayed_update_is_refused(ground: Ground) -> None:
    octets = build_message(BindingUpdate(sequence=1, flags=FLAGS, lifetime=900), HOME, AGENT)
    datagram = seal_mobility(octets, HOME, AGENT, ground.transport.outbound)
    ground.mobility(datagram)
    with pytest.raises(Replayed):
        ground.mobility(datagram)


def test_answer_without_an_sa_is_lost_with_its_cause(ground: Ground) -> None:
    own, _ = pair(HOME, Mode.TRANSPORT, 0x1000)
    other = GatewaySession(b"another!", "another", local=NATT, peer=Endpoint(CARE_OF, 4500))
    ground.book.open(other)
    ground.book.lease(other, Lease(HOME, "somebody", 7))
    effects = ground.update()
    assert not [effect for effect in effects if isinstance(effect, Send)]
    assert effects[-1] == Report(
        Level.WARNING, "answer lost", {"cause": f"no security association of {own.home_address}"}
    )


def test_answer_in_an_exhausted_sa_is_lost_and_the_session_closed(ground: Ground) -> None:
    ground.session.associations[0x1000].outbound._sequence = (1 << 64) - 1
    *_, report, close = ground.update()
    assert isinstance(report, Report)
    assert (report.level, report.phrase) == (Level.WARNING, "security association exhausted")
    assert close == SaEvent(ground.session.sa, CloseRequested(report.details["cause"]))


# Tunnels


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
    report = the_report(list(bound.plane.move(SessionEnded(HOME), 2.0)))
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
