"""Binding Updates: each only in the security association that is for it."""

from ipaddress import IPv4Address

import pytest

from pdngw_proxy.addresses import Lease
from pdngw_proxy.gateway_events import Channel, Level, Report, Send
from pdngw_proxy.home_link import LinkPacketArrived
from pdngw_proxy.ike.events import CloseRequested, PathSeen
from pdngw_proxy.ike.table import SaEvent
from pdngw_proxy.mobility import RevokeRequested
from pdngw_proxy.sessions import GatewaySession
from tests.pdngw_proxy.associations import pair
from tests.pdngw_proxy.plane_ground import (
    AGENT,
    CARE_OF,
    DSMIP,
    FLAGS,
    FOREIGN,
    HOME,
    NATT,
    Ground,
    sent,
    the_report,
)
from tests.wire.mip6.test_router_advertisement import RADVD
from wire.errors import ProtocolViolation
from wire.esp.replay import Replayed
from wire.ikev2.child import Mode
from wire.ikev2.nat import Endpoint
from wire.ip.ipv6 import PROTO_MOBILITY, Ipv6Packet
from wire.mip6.binding_ack import BindingAck
from wire.mip6.binding_update import BindingFlag, BindingUpdate
from wire.mip6.encapsulation import open_mobility, parse_tunnelled, seal_mobility
from wire.mip6.messages import build_message, parse_message
from wire.mip6.revocation import RevocationTrigger
from wire.sansio import Tick


@pytest.fixture
def ground() -> Ground:
    return Ground()


@pytest.fixture
def bound(ground: Ground) -> Ground:
    """A UE that is bound already."""
    ground.update()
    return ground


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
    report = the_report(list(bound.plane.mobility.move(Tick(), 3700.0)))
    assert (report.phrase, report.details["cause"]) == ("binding removed", "its lifetime ended")


def test_refused_update_is_answered_and_reported_once(ground: Ground) -> None:
    effects = ground.update(lifetime=0)
    (report,) = (effect for effect in effects if isinstance(effect, Report))
    assert (report.level, report.phrase) == (Level.WARNING, "Binding Update refused")
    assert report.details["cause"].startswith("status 133")
    assert sent(effects)


@pytest.mark.parametrize("sequence", [1, 2], ids=["first", "renewal"])
def test_ike_follows_an_update_with_k_from_another_place(ground: Ground, sequence: int) -> None:
    # RFC 6275 §10.3.1: it may have moved since IKE_AUTH, or while it had no binding.
    for before in range(1, sequence):
        ground.update(sequence=before)
    ground.session.peer = Endpoint(IPv4Address("198.51.100.200"), 4500)
    effects = ground.update(sequence=sequence, flags=FLAGS | BindingFlag.KEY_MANAGEMENT)
    seen = PathSeen(Endpoint(CARE_OF, 0), Endpoint(DSMIP.address, 0))
    assert SaEvent(ground.session.sa, seen) in effects


def test_all_that_is_said_to_a_mobile_node_leaves_from_where_its_updates_come_to() -> None:
    """A gateway that has several addresses is asked at one of them by each mobile node."""
    ground, other = Ground(), Endpoint(IPv4Address("192.0.2.44"), DSMIP.port)
    ground.session.peer = Endpoint(IPv4Address("198.51.100.200"), 4500)
    effects = ground.update(flags=FLAGS | BindingFlag.KEY_MANAGEMENT, to=other)
    assert sent(effects).source == other
    assert SaEvent(ground.session.sa, PathSeen(Endpoint(CARE_OF, 0), Endpoint(other.address, 0))) in effects
    revoke = RevokeRequested(HOME, RevocationTrigger.ADMINISTRATIVE_REASON, "why")
    assert sent(list(ground.plane.mobility.move(revoke, 2.0))).source == other


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


def test_home_agent_that_is_heard_on_the_link_is_forgotten_in_time(ground: Ground) -> None:
    # RFC 6275 §10.5.1
    plane = ground.plane.mobility
    assert list(plane.on_link(LinkPacketArrived(RADVD), 1.0)) == []
    assert ground.plane._home.agents.listed() == (AGENT + 1,)
    assert plane.deadline == 1801.0
    assert list(plane.on_link(Tick(), 1801.0)) == []
    assert ground.plane._home.agents.listed() == ()
