"""A UE that moves while its traffic runs: between networks, behind a NAT, and between IPv4 and IPv6 (RFC 5555 §4.4).

Whole machines on a virtual clock. The home agent's own IPv6 address is no kernel's, so that in IPv6 networks whole
packets go between UE and gateway: a Binding Update behind a Home Address option, its answer behind a type 2 routing
header, IKE and ESP in UDP.
"""

from dataclasses import replace
from ipaddress import IPv4Address, IPv4Network, IPv6Address
from random import Random

import pytest

from pdngw_proxy import gateway_events as pgw
from tests.network import AGENT, DSMIP, HA_ADDRESS, NATT, Network, VirtualUe, assert_nothing_is_left, responder_policy
from tests.pdngw_proxy.forgery import echo_request, sealed_update
from ue_sim import ue_events as ue
from ue_sim.binding_states import Registered
from ue_sim.pinger import PingFinished, PingRequested
from wire.ikev2.nat import Endpoint
from wire.ip.checksum import IpAddress
from wire.ip.icmpv6 import build_icmpv6, parse_icmpv6
from wire.ip.ipv6 import PROTO_ESP, Ipv6Packet
from wire.mip6.discovery import AgentReply, AgentRequest, home_agents_of

HOME4 = IPv4Network("10.1.2.0/24")
ROUTER4 = IPv4Address("10.1.2.1")
IPV4, OTHER_IPV4 = Endpoint(IPv4Address("192.0.2.10"), 4500), Endpoint(IPv4Address("198.51.100.44"), 4500)
IPV6, OTHER_IPV6 = (Endpoint(IPv6Address(f"2001:db8:{net}::77"), 4500) for net in ("b", "c"))


def network(*, moves_ike: bool = True, **changes: object) -> Network:
    return Network(
        device=True,
        agent=replace(AGENT, ipv4_home_prefix=HOME4, moves_ike=moves_ike),
        responder=responder_policy(ipv4_home_prefix=HOME4),
        **changes,  # type: ignore[arg-type]
    )


def attached(net: Network, at: Endpoint = IPV4) -> VirtualUe:
    phone = net.attach(ike=at, ipv4=True)
    net.run(until=5.0)
    assert isinstance(phone.state, ue.OnTheNetwork)
    return phone


def binding_of(net: Network, phone: VirtualUe) -> tuple[IpAddress, IpAddress]:
    """Where the home agent believes the UE to be, and where its ESP goes."""
    home_address = phone.attached.home_address
    binding = net.gateway._agent.binding(home_address)
    session = net.gateway.sessions.of_home(home_address)
    assert binding is not None
    assert session is not None
    return binding.care_of, session.peer.address


def lose_ike(net: Network, phone: VirtualUe) -> None:
    """From now on a Binding Update arrives, and what would show a new path to IKE does not."""
    carry = net.send

    def send(source: Endpoint, to: Endpoint, octets: bytes) -> None:
        if source != phone.socket(ue.Channel.IKE):
            carry(source, to, octets)

    net.send = send  # type: ignore[method-assign]


@pytest.mark.parametrize("at", [IPV4, IPV6], ids=["IPv4", "IPv6"])
@pytest.mark.parametrize("destination", [HA_ADDRESS, ROUTER4], ids=["IPv6 inside", "IPv4 inside"])
def test_both_payloads_go_over_both_transports(at: Endpoint, destination: IpAddress) -> None:
    net = network()
    phone = attached(net, at)
    assert binding_of(net, phone) == (at.address, at.address)
    assert phone.ping(destination).received == 5
    phone.detach()
    net.run(until=net.now + 10.0)
    assert phone.is_off
    assert net.causes() == []
    assert_nothing_is_left(net)


@pytest.mark.parametrize(
    ("one", "other"),
    [(IPV4, OTHER_IPV4), (IPV6, OTHER_IPV6), (IPV6, IPV4), (IPV4, IPV6)],
    ids=["IPv4 to IPv4", "IPv6 to IPv6", "IPv6 to IPv4", "IPv4 to IPv6"],
)
def test_traffic_goes_on_through_a_move_and_back(one: Endpoint, other: Endpoint) -> None:
    net = network()
    phone = attached(net, one)
    phone.tell(PingRequested(destination=HA_ADDRESS, identifier=7, count=100, interval=0.1))
    for at in (other, one):
        net.run(until=net.now + 3.0)
        # Binding Update, and an empty INFORMATIONAL that shows the new path -->
        net.move(phone, at)
        net.run(until=net.now + 0.5)
        assert binding_of(net, phone) == (at.address, at.address)
    net.run(until=net.now + 10.0)
    (finished,) = phone.said(PingFinished)
    # what was on its way to the old place when the UE left it is lost, and nothing after that
    assert finished.sent - finished.received <= 2
    assert net.gateway.bindings == 1
    assert len(phone.said(ue.Attached)) == 1


@pytest.mark.parametrize("seed", range(6))
def test_move_survives_loss_and_reordering(seed: int) -> None:
    net = network(seed=seed)
    phone = attached(net, IPV6)
    net._fate = (0.25, 0.1, 0.2)
    for at in (IPV4, OTHER_IPV6, OTHER_IPV4, IPV6):
        net.run(until=net.now + 1.5)
        net.move(phone, at)
    net._fate = (0.0, 0.0, 0.0)
    net.run(until=net.now + 40.0)
    assert binding_of(net, phone) == (IPV6.address, IPV6.address)
    assert phone.ping(HA_ADDRESS).received == 5
    assert phone.ping(ROUTER4).received == 5


def test_ue_that_moves_behind_a_nat_is_told_so_and_served() -> None:
    net = network()
    phone = attached(net, IPV6)
    net.nat = IPv4Address("203.0.113.1")
    net.move(phone, IPV4)
    net.run(until=net.now + 1.0)
    assert binding_of(net, phone) == (IPV4.address, net.nat)
    assert phone.ping(HA_ADDRESS).received == 5
    binding = net.gateway._agent.binding(phone.attached.home_address)
    assert binding is not None
    assert binding.nat_detected


@pytest.mark.parametrize(
    ("one", "other"),
    [(IPV4, OTHER_IPV4), (IPV6, OTHER_IPV6), (IPV6, IPV4), (IPV4, IPV6)],
    ids=["IPv4 to IPv4", "IPv6 to IPv6", "IPv6 to IPv4", "IPv4 to IPv6"],
)
@pytest.mark.parametrize("moves_ike", [True, False], ids=["K", "no K"])
def test_ike_and_esp_move_with_the_binding_where_k_is_granted(one: Endpoint, other: Endpoint, moves_ike: bool) -> None:
    # RFC 6275 §10.3.1, RFC 4877 §7.4, RFC 5555 §5.1
    net = network(moves_ike=moves_ike)
    phone = attached(net, one)
    lose_ike(net, phone)
    net.move(phone, other)
    net.run(until=net.now + 0.5)
    assert binding_of(net, phone) == (other.address, other.address if moves_ike else one.address)
    session = net.gateway.sessions.of_home(phone.attached.home_address)
    assert session is not None
    assert session.local.address.version == session.peer.address.version
    assert session.peer.port == session.local.port == NATT.port


def test_ike_does_not_follow_to_a_nat_whose_port_nobody_knows() -> None:
    net = network()
    phone = attached(net, IPV6)
    net.nat = IPv4Address("203.0.113.1")
    lose_ike(net, phone)
    net.move(phone, IPV4)
    net.run(until=net.now + 0.5)
    assert binding_of(net, phone) == (IPV4.address, IPV6.address)


def test_mapping_that_a_nat_changes_is_followed_with_the_next_packet() -> None:
    # RFC 7296 §2.23: any authentic ESP in UDP will do
    net = network(nat=IPv4Address("203.0.113.1"))
    phone = attached(net)
    net.nat_shift = 20000
    assert phone.ping(HA_ADDRESS).received == 5
    session = net.gateway.sessions.of_home(phone.attached.home_address)
    assert session is not None
    assert session.peer == Endpoint(IPv4Address("203.0.113.1"), IPV4.port + 20000)
    # and the binding with its next update, soon enough for the NAT (RFC 5555 §4.3)
    net.run(until=net.now + 120.0)
    binding = net.gateway._agent.binding(phone.attached.home_address)
    assert binding is not None
    assert (binding.endpoint.port - 20000, binding.nat_detected) == (phone.socket(ue.Channel.DSMIP).port, True)


@pytest.mark.parametrize("lost", [1, 2, 3])
def test_answer_that_is_lost_is_asked_for_again_after_a_move(lost: int) -> None:
    net = network()
    phone = attached(net)
    carry, gone = net.send, 0

    def send(source: Endpoint, to: Endpoint, octets: bytes) -> None:
        nonlocal gone
        if source == DSMIP and gone < lost:
            gone += 1
        else:
            carry(source, to, octets)

    net.send = send  # type: ignore[method-assign]
    net.move(phone, OTHER_IPV4)
    # 1 s, 2 s, 4 s (RFC 6275 §11.8)
    net.run(until=net.now + 2.0**lost)
    assert gone == lost
    assert isinstance(phone.machine._node._node.state, Registered)
    assert phone.ping(HA_ADDRESS).received == 5


def test_binding_that_nobody_renews_ends_and_the_ue_says_so() -> None:
    net = network()
    phone = net.attach(ike=IPV4, lifetime=40)
    net.run(until=5.0)
    net.silent |= {DSMIP}
    net.run(until=60.0)
    assert net.gateway.bindings == 0
    assert "no Binding Acknowledgement" in phone.detached.cause
    assert_nothing_is_left(net)


def test_ue_that_begins_anew_elsewhere_is_bound_there_and_its_old_self_is_not() -> None:
    # RFC 7296 §2.4 INITIAL_CONTACT; the old sequence numbers are forgotten with the old SAs
    net = network()
    old = attached(net, IPV4)
    home_address = old.attached.home_address
    late = sealed_update(old, home_address)
    new = net.attach(ike=IPV6, ipv4=True, initial_contact=True)
    net.run(until=net.now + 5.0)
    assert new.attached.home_address == home_address
    net.send(old.socket(ue.Channel.DSMIP), DSMIP, late)
    net.run(until=net.now + 0.5)
    assert binding_of(net, new) == (IPV6.address, IPV6.address)
    assert net.causes()[-1] == "not protected by a security association of ours"
    assert new.ping(HA_ADDRESS).received == 5


@pytest.mark.parametrize("seed", range(8))
def test_moves_within_a_second_end_where_the_ue_is(seed: int) -> None:
    chance = Random(seed)
    net = network(seed=seed)
    phone = attached(net, IPV6)
    net._fate = (0.2, 0.1, 0.3)
    for at in (IPV4, IPV6, OTHER_IPV4, OTHER_IPV6, IPV4)[: chance.randrange(2, 6)]:
        net.run(until=net.now + chance.choice([0.001, 0.02, 0.1, 0.3]))
        net.move(phone, at)
    net._fate = (0.0, 0.0, 0.0)
    net.run(until=net.now + 5.0)
    here = phone.settings.ike.address
    assert binding_of(net, phone) == (here, here)
    assert phone.ping(HA_ADDRESS).received == 5
    assert len(phone.said(ue.Attached)) == 1


def test_ue_stays_where_its_gateway_cannot_be_reached() -> None:
    net = network()
    phone = attached(net)
    found = phone.machine.links.found
    assert found is not None
    phone.machine.links.found = replace(found, ipv4=None)
    net.move(phone, OTHER_IPV4)
    assert any("the PDN GW has no IPv4 address" in note.cause for note in phone.said(ue.Note))


def test_esp_without_udp_is_answered_without() -> None:
    # RFC 4303 in IPv6, as a kernel speaks it
    net = network()
    phone = attached(net, IPV6)
    assert phone.ping(HA_ADDRESS, pings=1).received == 1
    connection = phone.machine.links.current
    assert connection is not None
    assert connection.tunnel is not None
    inner = echo_request(phone.attached.home_address)
    for _ in range(2):
        bare = Ipv6Packet(
            source=IPv6Address(str(IPV6.address)),
            destination=HA_ADDRESS,
            next_header=PROTO_ESP,
            payload=connection.tunnel.seal_tunnelled(inner),
        )
        (answer,) = net.gateway.handle(pgw.HomePacketArrived(bare.build()), net.now)
        assert isinstance(answer, pgw.DeliverHome)
        assert Ipv6Packet.parse(answer.octets).next_header == PROTO_ESP


def test_forged_esp_does_not_change_how_a_ue_is_answered() -> None:
    net = network()
    phone = attached(net, IPV6)
    connection = phone.machine.links.current
    assert connection is not None
    assert connection.tunnel is not None
    forged = connection.tunnel.child.spi_out.to_bytes(4, "big") + bytes(60)
    bare = Ipv6Packet(
        source=IPv6Address(str(IPV6.address)), destination=HA_ADDRESS, next_header=PROTO_ESP, payload=forged
    )
    net.tell_gateway(pgw.HomePacketArrived(bare.build()))
    session = net.gateway.sessions.of_home(phone.attached.home_address)
    assert session is not None
    assert session.peer == IPV6
    assert NATT.port == session.local.port


def test_home_agents_are_found_from_an_ipv6_network() -> None:
    # RFC 6275 §10.5: asked by the anycast address, answered to the Care-of Address
    net = network()
    request = Ipv6Packet(
        source=IPv6Address(str(IPV6.address)),
        destination=home_agents_of(AGENT.home_prefix),
        next_header=58,
        payload=build_icmpv6(
            AgentRequest(7).build(), IPv6Address(str(IPV6.address)), home_agents_of(AGENT.home_prefix)
        ),
    )
    net.tell_gateway(pgw.HomePacketArrived(request.build()))
    (octets,) = net.sent_home
    answer = Ipv6Packet.parse(octets)
    message = parse_icmpv6(answer.payload, HA_ADDRESS, answer.destination)
    assert (answer.source, answer.destination) == (HA_ADDRESS, IPV6.address)
    assert message == AgentReply(7, (HA_ADDRESS,)).build()
