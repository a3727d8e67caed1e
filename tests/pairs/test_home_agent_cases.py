"""The published conformance list for home agents (IPv6 Ready, Mobility Support in IPv6, Home Agent), case by case.

Ours is a virtual home link, so that each case is the one of that section of the list; those of a real home link that
hold for us as well keep their number. In sections 2.5 to 3.2 the number follows from the list's order. Every Binding
Update is sealed in the mobile node's own SA and every answer opened with it; clauses are of RFC 6275.
"""

from dataclasses import dataclass, field, replace
from ipaddress import IPv4Address, IPv6Address, IPv6Network

import pytest

from pdngw_proxy.addresses import Lease
from pdngw_proxy.data_plane import DataPlane
from pdngw_proxy.gateway_events import Channel, DatagramArrived, Report, Send
from pdngw_proxy.home_agent import HomeAgent
from pdngw_proxy.home_network import HomeNetwork
from pdngw_proxy.mobility import HomeAgentPolicy
from pdngw_proxy.mobility_plane import PlaneEffect
from pdngw_proxy.sessions import GatewaySession, SessionBook
from tests.pdngw_proxy.associations import pair
from wire.errors import ProtocolViolation
from wire.ikev2.child import Mode
from wire.ikev2.nat import Endpoint
from wire.ip.extensions import DestinationOption, DestinationOptions
from wire.ip.icmpv6 import EchoRequest, ParameterProblem, build_icmpv6, parse_icmpv6
from wire.ip.ipv6 import (
    PROTO_AH,
    PROTO_DESTINATION_OPTIONS,
    PROTO_ICMPV6,
    PROTO_IPV6,
    PROTO_MOBILITY,
    Ipv6Packet,
)
from wire.mip6.binding_ack import AckFlag, BindingAck
from wire.mip6.binding_error import BindingError
from wire.mip6.binding_update import BindingFlag, BindingUpdate
from wire.mip6.encapsulation import at_home, open_mobility, parse_tunnelled, seal_from_care_of, seal_mobility
from wire.mip6.header import MobilityHeader, checksum_holds, mobility_checksum
from wire.mip6.ipv4_options import Ipv4CareOf
from wire.mip6.ipv6_options import AlternateCareOf, NonceIndices
from wire.mip6.messages import MobilityMessage, build_message, parse_message
from wire.sansio import Tick

AGENT, HOME = IPv6Address("2001:db8:1::1"), IPv6Address("2001:db8:1::100")
NATT, DSMIP = Endpoint(IPv4Address("192.0.2.4"), 4500), Endpoint(IPv4Address("192.0.2.4"), 4191)
CARE_OF = IPv4Address("198.51.100.9")
OUTER = Endpoint(CARE_OF, 4191)
A, H, K, L = (
    BindingFlag.ACKNOWLEDGE,
    BindingFlag.HOME_REGISTRATION,
    BindingFlag.KEY_MANAGEMENT,
    BindingFlag.LINK_LOCAL,
)
UPDATE = BindingUpdate(sequence=15, flags=A | H, lifetime=900, options=(Ipv4CareOf(CARE_OF),))
POLICY = HomeAgentPolicy(ha_address=AGENT, home_prefix=IPv6Network("2001:db8:1::/64"))


@dataclass
class Ground:
    """A home agent with one mobile node, whose Home Address and policy a case may choose."""

    policy: HomeAgentPolicy = POLICY
    home: IPv6Address = HOME
    now: float = 1.0
    outer: Endpoint = OUTER
    agent: HomeAgent = field(init=False)

    def __post_init__(self) -> None:
        self.agent = HomeAgent(self.policy)
        book = SessionBook()
        self.plane = DataPlane(
            sessions=book,
            agent=self.agent,
            home=HomeNetwork(routers=[AGENT], prefixes=[self.policy.home_prefix], hosts=()),
            routers=(AGENT,),
            dsmip=DSMIP,
        )
        self.session = GatewaySession(b"one", "one", local=NATT, peer=Endpoint(CARE_OF, 4500), identity="UE")
        book.open(self.session)
        book.lease(self.session, Lease(self.home, "UE", 1))
        own, self.transport = pair(self.home, Mode.TRANSPORT, 0x1000)
        own_tunnel, self.tunnel = pair(self.home, Mode.TUNNEL, 0x1100)
        for association in (own, own_tunnel):
            book.install(self.session, association)

    def send(self, octets: bytes) -> list[PlaneEffect]:
        """What comes of a Mobility Header, sealed by the mobile node."""
        outbound, outer = self.transport.outbound, self.outer.address
        if isinstance(outer, IPv6Address):
            datagram = seal_from_care_of(octets, self.home, AGENT, outer, outbound)
        else:
            datagram = seal_mobility(octets, self.home, AGENT, outbound)
        arrived = DatagramArrived(Channel.DSMIP, datagram, self.outer, DSMIP)
        return list(self.plane.mobility.receive(arrived, self.now))

    def answer(self, octets: bytes) -> MobilityMessage | None:
        """The Mobility Header that answers it, or None."""
        sent = [effect for effect in self.send(octets) if isinstance(effect, Send) and effect.channel is Channel.DSMIP]
        if not sent:
            return None
        packet = parse_tunnelled(sent[0].octets)
        assert isinstance(packet, Ipv6Packet)
        packet = at_home(packet)
        return parse_message(open_mobility(packet, self.transport.inbound))

    def problem(self, octets: bytes) -> ParameterProblem:
        """The ICMPv6 Parameter Problem that answers it, inside the tunnel."""
        (sent,) = [effect for effect in self.send(octets) if isinstance(effect, Send)]
        packet = self.tunnel.open_tunnelled(sent.octets)
        message = parse_icmpv6(packet.payload, packet.source, packet.destination)
        assert isinstance(message, ParameterProblem)
        return message

    def update(self, update: BindingUpdate = UPDATE, **changes: object) -> BindingAck | None:
        """The Binding Acknowledgement of a Binding Update, or None."""
        message = self.answer(self.octets(replace(update, **changes)))  # type: ignore[arg-type]
        assert message is None or isinstance(message, BindingAck)
        return message

    def octets(self, message: MobilityMessage = UPDATE) -> bytes:
        """A whole Mobility Header of the mobile node."""
        return build_message(message, self.home, AGENT)

    @property
    def is_bound(self) -> bool:
        """Whether the home agent holds a binding, and forwards what the mobile node tunnels."""
        payload = build_icmpv6(EchoRequest(1, 2, b""), self.home, AGENT)
        echo = Ipv6Packet(source=self.home, destination=AGENT, next_header=PROTO_ICMPV6, payload=payload)
        octets = self.tunnel.outbound.seal(echo.build(), PROTO_IPV6)
        arrived = DatagramArrived(Channel.IKE, octets, self.session.peer, NATT)
        effects = self.plane.receive_esp(self.session, self.session.associations[0x1100], arrived, self.now)
        forwarded = any(isinstance(effect, Send) for effect in effects)
        assert forwarded is (self.agent.binding(self.home) is not None)
        return forwarded


def bound(policy: HomeAgentPolicy = POLICY) -> Ground:
    ground = Ground(policy)
    assert status(ground.update()) == 0
    return ground


def status(ack: BindingAck | None) -> int:
    assert ack is not None
    return ack.status


def resummed(octets: bytes) -> bytes:
    """The same header with a checksum that fits what it says."""
    zeroed = octets[:4] + bytes(2) + octets[6:]
    return zeroed[:4] + mobility_checksum(zeroed, HOME, AGENT).to_bytes(2, "big") + zeroed[6:]


# 1. Processing Mobility Headers (§9.2)


def test_invalid_checksum_is_dropped_in_silence_ha_1_1_8() -> None:
    ground = Ground()
    octets = ground.octets()
    assert ground.answer(octets[:4] + bytes((octets[4] ^ 1,)) + octets[5:]) is None
    assert not ground.is_bound


@pytest.mark.parametrize("before", [Ground, bound], ids=["ha_1_1_1", "ha_1_1_5"])
def test_unrecognised_mh_type_gets_a_binding_error_2(before: type[Ground]) -> None:
    ground = before()
    was_bound = ground.is_bound
    error = ground.answer(MobilityHeader(200, bytes(10)).build(HOME, AGENT))
    assert isinstance(error, BindingError)
    assert error.status == 2
    assert ground.is_bound is was_bound


@pytest.mark.parametrize("before", [Ground, bound], ids=["ha_1_1_9", "ha_1_1_6"])
def test_piggybacked_payload_is_pointed_at(before: type[Ground]) -> None:
    ground = before()
    was_bound = ground.is_bound
    problem = ground.problem(resummed(bytes((PROTO_ICMPV6,)) + ground.octets()[1:]))
    assert (problem.code, problem.pointer) == (0, 40)
    assert ground.is_bound is was_bound


@pytest.mark.parametrize("before", [Ground, bound], ids=["ha_1_1_10", "ha_1_1_7"])
def test_too_short_a_header_length_is_pointed_at(before: type[Ground]) -> None:
    ground = before()
    was_bound = ground.is_bound
    problem = ground.problem(MobilityHeader(5, bytes(2)).build(HOME, AGENT))
    assert (problem.code, problem.pointer) == (0, 41)
    assert ground.is_bound is was_bound


# 2.1 Valid registration (§10.3.1)


def test_update_with_a_is_accepted_ha_2_1_5() -> None:
    ground = Ground()
    ack = ground.update()
    assert ack is not None
    assert (ack.status, ack.sequence, ack.lifetime) == (0, 15, 900)
    assert ground.is_bound


def test_update_without_a_is_answered_as_well_ha_2_1_6() -> None:
    assert status(Ground().update(flags=H)) == 0


def test_reserved_bits_are_ignored_ha_2_1_15() -> None:
    ground = Ground()
    octets = ground.octets()
    suspicious = octets[:3] + b"\xff" + octets[4:9] + bytes((octets[9] | 0x3F,)) + octets[10:]
    ack = ground.answer(resummed(suspicious))
    assert isinstance(ack, BindingAck)
    assert ack.status == 0


def test_lifetime_may_be_decreased_ha_2_1_7() -> None:
    ground = bound()
    ack = ground.update(sequence=16, lifetime=10)
    assert ack is not None
    assert ack.lifetime == 10
    list(ground.plane.mobility.move(Tick(), 41.0))
    assert not ground.is_bound


def test_expired_lifetime_ends_forwarding_ha_2_1_8() -> None:
    ground = bound()
    ground.now = 3600.9
    assert ground.is_bound
    list(ground.plane.mobility.move(Tick(), 3601.0))
    assert not ground.is_bound


def test_lifetime_is_no_longer_than_the_prefix_ha_2_1_9() -> None:
    ack = Ground(replace(POLICY, prefix_lifetime=120)).update(flags=A | H | K)
    assert ack is not None
    # accepted, but prefix discovery necessary
    assert (ack.status, ack.lifetime_seconds, ack.flags) == (1, 120, AckFlag.KEY_MANAGEMENT)


@pytest.mark.parametrize(
    ("flags", "moves_ike", "answer"),
    [(A | H, True, AckFlag(0)), (A | H | K, True, AckFlag.KEY_MANAGEMENT), (A | H | K, False, AckFlag(0))],
    ids=["ha_2_1_12", "ha_2_1_13", "ha_2_1_13 without the capability"],
)
def test_k_is_answered_by_what_the_home_agent_can_do(flags: BindingFlag, moves_ike: bool, answer: AckFlag) -> None:
    ack = Ground(replace(POLICY, moves_ike=moves_ike)).update(flags=flags)
    assert ack is not None
    assert (ack.status, ack.flags) == (0, answer)


# 1.2 Home Address options before anything but ESP (§9.3.1, §9.3.3)


def hears(ground: Ground, home: IPv6Address, source: IPv6Address, next_header: int = PROTO_ICMPV6) -> list[PlaneEffect]:
    """What comes of a packet of `home` with a Home Address option, and without ESP, from `source`."""
    option = DestinationOptions(next_header, (DestinationOption.home_address(home),))
    payload = option.build() + build_icmpv6(EchoRequest(1, 2, b""), home, AGENT)
    packet = Ipv6Packet(
        source=source, destination=AGENT, next_header=PROTO_DESTINATION_OPTIONS, payload=payload
    ).build()
    arrived = DatagramArrived(Channel.DSMIP, packet, Endpoint(source, 0), Endpoint(AGENT, 0))
    return list(ground.plane.mobility.receive(arrived, ground.now))


def error_to(effects: list[PlaneEffect], source: IPv6Address) -> BindingError | None:
    """The Binding Error that goes to the packet's own source, with no routing header; None for silence."""
    sent = [effect for effect in effects if isinstance(effect, Send)]
    if not sent:
        return None
    packet = Ipv6Packet.parse(sent[0].octets)
    assert (packet.source, packet.destination, packet.next_header) == (AGENT, source, PROTO_MOBILITY)
    assert checksum_holds(packet.payload, AGENT, source)
    error = parse_message(packet.payload)
    assert isinstance(error, BindingError)
    return error


AWAY, ELSEWHERE = IPv6Address("2001:db8:b::77"), IPv6Address("2001:db8:c::77")


@pytest.mark.parametrize(
    ("home", "source"),
    [(IPv6Address("2001:db8:1::101"), AWAY), (HOME, ELSEWHERE), (IPv6Address("ff1e::1"), AWAY)],
    ids=["no binding", "another Care-of Address", "no unicast address"],
)
def test_home_address_option_without_its_binding_gets_a_binding_error_1(home: IPv6Address, source: IPv6Address) -> None:
    ground = Ground(outer=Endpoint(AWAY, 0))
    assert status(ground.update(options=(AlternateCareOf(AWAY),))) == 0
    effects = hears(ground, home, source)
    assert error_to(effects, source) == BindingError(1, home)
    (report,) = [effect for effect in effects if isinstance(effect, Report)]
    assert report.clause == "RFC 6275 §9.3.1 unknown binding"


def test_home_address_option_with_its_binding_is_dropped_for_want_of_esp() -> None:
    # §10.4.5: reverse-tunnelled packets may be discarded without ESP, and here they are
    ground = Ground(outer=Endpoint(AWAY, 0))
    assert status(ground.update(options=(AlternateCareOf(AWAY),))) == 0
    (report,) = hears(ground, HOME, AWAY)
    assert isinstance(report, Report)
    assert report.clause == "RFC 6275 §5.1 not authentic"


@pytest.mark.parametrize("protocol", [PROTO_AH, PROTO_MOBILITY])
def test_protection_that_is_missing_is_no_unknown_binding(protocol: int) -> None:
    with pytest.raises(ProtocolViolation, match="not protected"):
        hears(Ground(), HOME, AWAY, protocol)


@pytest.mark.parametrize("source", ["ff1e::1", "fe80::1", "::"])
def test_binding_error_goes_to_no_address_that_is_not_unicast(source: str) -> None:
    assert error_to(hears(Ground(), HOME, IPv6Address(source)), AWAY) is None


def test_binding_errors_1_are_limited() -> None:
    ground = Ground()
    answered = [error_to(hears(ground, HOME, AWAY), AWAY) for _ in range(20)]
    assert [error is not None for error in answered] == [True] * 10 + [False] * 10


# 2.2 Invalid registration (§9.5.1, §10.3.1, §5.1)


def test_unauthorised_update_is_dropped_ha_2_2_6() -> None:
    ground = Ground()
    bare = Ipv6Packet(source=HOME, destination=AGENT, next_header=PROTO_MOBILITY, payload=ground.octets())
    with pytest.raises(ProtocolViolation, match="not protected"):
        list(ground.plane.mobility.receive(DatagramArrived(Channel.DSMIP, bare.build(), NATT, DSMIP), 1.0))
    assert not ground.is_bound


def test_update_of_another_home_address_is_dropped_ha_2_2_6() -> None:
    ground, victim = Ground(), IPv6Address("2001:db8:1::101")
    octets = build_message(UPDATE, victim, AGENT)
    datagram = seal_mobility(octets, victim, AGENT, ground.transport.outbound)
    (report,) = ground.plane.mobility.receive(DatagramArrived(Channel.DSMIP, datagram, NATT, DSMIP), 1.0)
    assert isinstance(report, Report)
    assert report.clause == "RFC 6275 §5.1 foreign Home Address"
    assert ground.agent.binding(victim) is None


def test_nonce_indices_in_a_home_registration_are_dropped_ha_2_2_8() -> None:
    ground = Ground()
    assert ground.update(options=(NonceIndices(1, 2), Ipv4CareOf(CARE_OF))) is None
    assert not ground.is_bound


@pytest.mark.parametrize(
    ("home", "flags"),
    [("ff1e::1", A | H), ("fe80::100", A | H), ("fe80::100", A | H | L)],
    ids=["ha_2_2_14", "ha_2_2_11", "ha_2_2_12"],
)
def test_home_address_that_is_not_unicast_routable_is_dropped(home: str, flags: BindingFlag) -> None:
    assert Ground(home=IPv6Address(home)).update(flags=flags) is None


@pytest.mark.parametrize("flags", [A | H, H], ids=["ha_2_2_4", "ha_2_2_5"])
def test_home_address_of_another_subnet_gets_132(flags: BindingFlag) -> None:
    assert status(Ground(home=IPv6Address("2001:db8:2::100")).update(flags=flags)) == 132


@pytest.mark.parametrize(
    "care_of",
    ["2001:db8:1::101", "2001:db8:1::1", "ff1e::1", "fe80::77", "::"],
    ids=["home", "agent", "many", "link", "none"],
)
def test_care_of_address_that_no_packet_may_go_to_gets_174(care_of: str) -> None:
    # §6.1.8; at home, two mobile nodes could send each other's packets round for ever
    ground = Ground()
    assert status(ground.update(options=(AlternateCareOf(IPv6Address(care_of)),))) == 174
    assert not ground.is_bound


# 2.5 to 2.8 Sequence numbers (§9.5.1): what is greater modulo 65536, the half behind the last one counting as old


@pytest.mark.parametrize(
    ("first", "second"),
    [(15, 16), (15, 32782), (32783, 32784), (32783, 14)],
    ids=["ha_2_5_3", "ha_2_5_4", "ha_2_7_3", "ha_2_7_4"],
)
@pytest.mark.parametrize("flags", [A | H, H], ids=["A", "no A"])
def test_greater_sequence_number_is_accepted(first: int, second: int, flags: BindingFlag) -> None:
    ground = Ground()
    assert status(ground.update(sequence=first, flags=flags)) == 0
    ack = ground.update(sequence=second, flags=flags)
    assert ack is not None
    assert (ack.status, ack.sequence) == (0, second)


@pytest.mark.parametrize(
    ("first", "second"),
    [(15, 14), (15, 15), (15, 32783), (32783, 32782), (32783, 32783), (32783, 15)],
    ids=["ha_2_6_7", "ha_2_6_8", "ha_2_6_9", "ha_2_8_7", "ha_2_8_8", "ha_2_8_9"],
)
@pytest.mark.parametrize("flags", [A | H, H], ids=["A", "no A"])
def test_old_sequence_number_gets_135_with_the_last_one(first: int, second: int, flags: BindingFlag) -> None:
    ground = Ground()
    assert status(ground.update(sequence=first, flags=flags)) == 0
    ack = ground.update(sequence=second, flags=flags)
    assert ack is not None
    assert (ack.status, ack.sequence, ack.lifetime) == (135, first, 0)
    assert ground.is_bound


def test_registration_type_may_not_change_section_9_5_1() -> None:
    ground = bound()
    assert status(ground.update(sequence=16, flags=A)) == 139
    assert ground.is_bound


# 3. De-registration (§10.3.2)


@pytest.mark.parametrize("flags", [A | H, H], ids=["ha_3_1_11", "ha_3_1_12"])
def test_lifetime_zero_ends_a_binding(flags: BindingFlag) -> None:
    ground = bound()
    ack = ground.update(sequence=16, lifetime=0, flags=flags)
    assert ack is not None
    assert (ack.status, ack.sequence, ack.lifetime) == (0, 16, 0)
    assert not ground.is_bound


@pytest.mark.parametrize("lifetime", [0, 900], ids=["ha_3_1_2", "ha_3_1_4"])
def test_care_of_address_that_is_the_home_address_ends_a_binding(lifetime: int) -> None:
    ground = bound()
    ack = ground.update(sequence=16, lifetime=lifetime, options=(AlternateCareOf(HOME),))
    assert ack is not None
    assert (ack.status, ack.lifetime) == (0, 0)
    assert not ground.is_bound


@pytest.mark.parametrize("flags", [A | H, H], ids=["ha_3_2_11", "ha_3_2_12"])
def test_de_registration_of_nothing_gets_133(flags: BindingFlag) -> None:
    assert status(Ground().update(lifetime=0, flags=flags)) == 133


def test_old_de_registration_gets_135_ha_3_3() -> None:
    ground = bound()
    ack = ground.update(sequence=14, lifetime=0)
    assert ack is not None
    assert (ack.status, ack.sequence) == (135, 15)
    assert ground.is_bound


def test_update_from_before_a_de_registration_does_not_bind_section_10_3_2() -> None:
    ground = bound()
    ground.update(sequence=17, lifetime=0)
    assert status(ground.update(sequence=16)) == 135
    assert not ground.is_bound
