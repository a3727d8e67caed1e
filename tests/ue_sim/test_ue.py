"""The UE as one machine, on the network in memory: every way from Off and back."""

import random
import sys
from collections.abc import Callable
from dataclasses import replace
from ipaddress import IPv4Address, IPv6Address

import dns.name
import dns.rdata
import pytest

from pdngw_proxy.gateway_events import DrainRequested, SessionAborted
from pdngw_proxy.ike.states import Connected
from pdngw_proxy.mobility import SessionEnded
from tests.aaa.memory_hss import IMSI, usim
from tests.network import (
    AGENT,
    APN,
    CORRESPONDENT,
    DNS,
    DSMIP,
    GATEWAY_ADDRESS,
    HA_ADDRESS,
    NATT,
    Network,
    VirtualUe,
    assert_nothing_is_left,
    responder_policy,
    subscribers,
)
from ue_sim.connection import Connection
from ue_sim.discovery import Discovered
from ue_sim.ike.events import EVERY_CHILD, IkeKeysReady, ProbeRequested, RekeyRequested
from ue_sim.pinger import EchoMissed, EchoTimed, PingFinished, PingRequested
from ue_sim.ue_events import (
    TRANSITIONS,
    AttachFailed,
    AttachRequested,
    Channel,
    Connecting,
    DatagramArrived,
    DeliverPacket,
    Detached,
    Discovering,
    IkeRequested,
    Leaving,
    Note,
    Off,
    OnTheNetwork,
    PacketToSend,
    ReauthenticationRequested,
    Registering,
    Renewing,
    Send,
    Step,
)
from wire.esp.encapsulation import build_ike
from wire.identity import Imsi, Plmn
from wire.ikev2.association import Association
from wire.ikev2.constants import ExchangeType, NotifyType
from wire.ikev2.nat import Endpoint
from wire.ikev2.payloads.notify import Notify
from wire.ikev2.redirect import GatewayIdentity, redirect
from wire.ip.icmpv6 import EchoReply, EchoRequest, Icmpv6Message, build_icmpv6, parse_icmpv6
from wire.ip.ipv6 import PROTO_ICMPV6, Ipv6Packet
from wire.names import ha_apn_name
from wire.sansio import Tick
from wire.secret import Secret

OTHER_IMSI = Imsi("001010000000002")


def on_the_network(network: Network, imsi: Imsi = IMSI, lifetime: int = 3600) -> VirtualUe:
    phone = network.attach(imsi, lifetime=lifetime)
    network.run(until=network.now + 2.0)
    assert type(phone.state) is OnTheNetwork
    return phone


def until_state(network: Network, phone: VirtualUe, kind: type) -> None:
    """Let the clock run, a little at a time, until the UE is in that state."""
    for _ in range(2000):
        if type(phone.state) is kind:
            return
        network.run(until=network.now + 0.001)
    pytest.fail(f"the UE did not become {kind.__name__} but is {phone.state}")


def causes(phone: VirtualUe) -> list[str]:
    return [note.cause for note in phone.said(Note)]


def test_ue_tells_each_step_once_and_in_order() -> None:
    network = Network(duplicate=1.0)
    phone = on_the_network(network)
    assert phone.steps == [1, 2, 3, 4, 5, 6, 7]


def test_ue_that_is_attached_does_not_attach_again() -> None:
    network = Network()
    phone = on_the_network(network)
    sent = len(network.sent)
    phone.begin()
    assert causes(phone)[-1] == "the UE is attached, or on the way"
    assert len(network.sent) == sent


def test_ue_that_is_off_has_nothing_to_do() -> None:
    network = Network()
    phone = on_the_network(network)
    phone.detach()
    network.run(until=network.now + 1.0)
    assert phone.machine.deadline is None
    phone.detach()
    phone.tell(DatagramArrived(Channel.IKE, bytes(60)))
    phone.tell(Tick())
    assert causes(phone)[-2:] == ["there is nothing to detach from", "a datagram without an IKE SA"]
    assert phone.is_off


def test_ue_leaves_while_it_discovers_and_hears_of_no_failure_later() -> None:
    network = Network(silent=[DNS])
    phone = network.attach()
    network.run(until=1.2)
    assert type(phone.state) is Discovering
    phone.detach()
    sent = len(network.sent)
    network.run(until=60.0)
    assert phone.said(Detached) == [Detached("detached")]
    assert len(network.sent) == sent
    assert phone.machine.deadline is None


def test_ue_fails_when_dns_knows_nothing() -> None:
    network = Network()
    phone = network.attach(plmn=Plmn("999", "99"))
    network.run(until=1.0)
    assert phone.failed.step is Step.DISCOVERY
    assert phone.failed.cause == "DNS says REFUSED for _mip6._ipv6.epc.mnc099.mcc999.3gppnetwork.org"
    assert phone.is_off


def test_ue_fails_when_dns_is_silent() -> None:
    network = Network(silent=[DNS])
    phone = network.attach()
    network.run(until=6.9)
    assert type(phone.state) is Discovering
    network.run(until=7.1)
    assert phone.failed.step is Step.DISCOVERY


def test_ue_fails_when_the_card_refuses_the_network() -> None:
    network = Network()
    phone = network.attach(usim=usim(k=Secret(bytes(16))))
    network.run(until=2.0)
    assert phone.failed.step is Step.EAP


def test_ue_fails_when_the_gateway_is_silent_and_repeats_its_request_before() -> None:
    network = Network(silent=[NATT])
    phone = network.attach()
    network.run(until=60.0)
    requests = {datagram.octets for datagram in network.sent if datagram.to == NATT}
    assert len(requests) == 1
    assert len(network.sent) > 6
    assert phone.failed.step is Step.IKE_SA_INIT


def test_ue_fails_when_it_gets_no_tunnel() -> None:
    network = Network(responder=responder_policy(child_limit=1))
    phone = network.attach()
    until_state(network, phone, Leaving)
    network.run(until=network.now + 1.0)
    assert phone.failed.step is Step.IPSEC_SA
    assert phone.is_off


def test_ue_leaves_before_the_gateway_knows_it() -> None:
    network = Network()
    phone = network.attach()
    until_state(network, phone, Connecting)
    phone.detach()
    assert phone.is_off
    network.run(until=120.0)
    assert phone.said(Detached) == [Detached("detached")]
    assert len(network.gateway.sessions) == 0


def test_ue_leaves_while_it_waits_for_its_tunnel() -> None:
    network = Network()
    phone = network.attach()
    while not any(step == Step.HOME_ADDRESS.value for step in phone.steps):
        network.run(until=network.now + 0.001)
    until_state(network, phone, Connecting)
    phone.detach()
    until_state(network, phone, Leaving)
    network.run(until=network.now + 1.0)
    assert phone.is_off
    assert (network.gateway.leases, len(network.gateway.sessions)) == (0, 0)


def test_ue_repeats_its_binding_update_and_gives_up() -> None:
    network = Network(silent=[DSMIP])
    phone = network.attach()
    network.run(until=60.0)
    updates = [datagram.octets for datagram in network.sent if datagram.to == DSMIP]
    assert len(updates) == len(set(updates)) == 4
    assert phone.failed.step is Step.BINDING_ACK
    assert phone.steps.count(Step.BINDING_UPDATE.value) == 1


def test_ue_takes_a_refused_binding_for_the_end() -> None:
    network = Network(agent=replace(AGENT, most_bindings=0))
    phone = network.attach()
    network.run(until=2.0)
    assert phone.failed.step is Step.BINDING_ACK
    assert phone.is_off


def test_ue_leaves_while_it_registers() -> None:
    network = Network(silent=[DSMIP])
    phone = network.attach()
    until_state(network, phone, Registering)
    phone.detach()
    network.run(until=network.now + 60.0)
    assert phone.detached == Detached("detached; the home agent did not confirm")
    assert len(network.gateway.sessions) == 0


def test_ue_that_registers_is_told_when_the_gateway_stops() -> None:
    network = Network(silent=[DSMIP])
    phone = network.attach()
    until_state(network, phone, Registering)
    network.tell_gateway(DrainRequested("the gateway stops"))
    network.run(until=network.now + 1.0)
    assert phone.failed.cause == "the gateway deleted the IKE SA"
    assert phone.failed.step is Step.BINDING_ACK


def test_ue_that_registers_notices_a_dead_gateway() -> None:
    network = Network(silent=[DSMIP])
    phone = network.attach(give_up_after=300.0)
    until_state(network, phone, Registering)
    network.silent |= {NATT}
    network.run(until=120.0)
    assert phone.failed.step is Step.BINDING_ACK
    assert "waited 21 s in vain for the answer to INFORMATIONAL" in phone.failed.cause
    assert phone.is_off


def test_ue_notices_a_dead_gateway() -> None:
    network = Network()
    phone = on_the_network(network)
    network.silent |= {NATT, DSMIP}
    network.run(until=network.now + 60.0)
    assert phone.detached == Detached("waited 21 s in vain for the answer to INFORMATIONAL")


def test_ue_is_told_when_the_gateway_stops() -> None:
    network = Network()
    phone = on_the_network(network)
    network.tell_gateway(DrainRequested("the gateway stops"))
    network.run(until=network.now + 1.0)
    assert phone.detached == Detached("the gateway deleted the IKE SA")


def test_ue_leaves_when_its_binding_runs_out() -> None:
    network = Network()
    phone = on_the_network(network, lifetime=40)
    network.silent |= {DSMIP}
    network.run(until=network.now + 60.0)
    assert "no Binding Acknowledgement from 2001:db8:7::1" in phone.detached.cause
    assert len(network.gateway.sessions) == 0


def test_ue_leaves_when_its_binding_is_not_renewed() -> None:
    network = Network(hss=subscribers(IMSI, OTHER_IMSI), agent=replace(AGENT, most_bindings=1))
    phone = on_the_network(network, lifetime=40)
    # the home agent forgets it, as one that was started anew, and gives its only place to another
    network.gateway._agent.handle(SessionEnded(phone.attached.home_address), network.now)
    on_the_network(network, OTHER_IMSI)
    network.run(until=network.now + 60.0)
    assert "status 130 (insufficient resources)" in phone.detached.cause


def test_ue_leaves_even_when_nobody_answers() -> None:
    network = Network()
    phone = on_the_network(network)
    network.silent |= {NATT, DSMIP}
    phone.detach()
    network.run(until=network.now + 60.0)
    assert phone.detached == Detached("detached; the home agent did not confirm")
    assert phone.machine.deadline is None


def test_ue_drops_what_it_cannot_open() -> None:
    network = Network()
    phone = on_the_network(network)
    sent = len(network.sent)
    before = len(phone.effects)
    for channel in Channel:
        for octets in (b"", b"\xff", bytes(3), bytes(200), b"\x01" * 200, b"\x60" + bytes(60)):
            phone.tell(DatagramArrived(channel, octets))
    assert {type(effect) for effect in phone.effects[before:]} == {Note}
    assert len(network.sent) == sent
    assert type(phone.state) is OnTheNetwork


def test_ue_drops_a_binding_acknowledgement_that_comes_again() -> None:
    network = Network()
    phone = on_the_network(network)
    (answer,) = (datagram.octets for datagram in network.sent if datagram.source == DSMIP)
    phone.tell(DatagramArrived(Channel.DSMIP, answer))
    assert "dropped from DSMIPv6" in causes(phone)[-1]


def test_pings_are_timed_one_by_one() -> None:
    network = Network()
    phone = on_the_network(network)
    finished = phone.ping(HA_ADDRESS, pings=3)
    assert [echo.sequence for echo in phone.said(EchoTimed)] == [1, 2, 3]
    assert finished.round_trips == pytest.approx((0.01, 0.01, 0.01))


def test_ping_that_nobody_answers_is_missed() -> None:
    network = Network()
    phone = on_the_network(network)
    network.silent |= {NATT}
    finished = phone.ping(HA_ADDRESS, pings=2)
    assert (finished.sent, finished.received) == (2, 0)
    assert [missed.cause for missed in phone.said(EchoMissed)] == ["no echo reply within 2 s"] * 2


def test_ping_needs_a_home_address() -> None:
    network = Network(silent=[DNS])
    phone = network.attach()
    phone.tell(PingRequested(destination=HA_ADDRESS, identifier=1, count=1))
    assert "a ping needs a Home Address: attach first" in causes(phone)
    assert not any(effect.channel is Channel.IKE for effect in phone.said(Send))


def test_pings_end_with_the_tunnel() -> None:
    network = Network()
    phone = on_the_network(network)
    network.silent |= {NATT, DSMIP}
    phone.tell(PingRequested(destination=HA_ADDRESS, identifier=1, count=1000))
    phone.detach()
    network.run(until=network.now + 60.0)
    assert phone.is_off
    assert phone.machine.deadline is None
    assert phone.said(PingFinished) == []


def test_ue_answers_an_echo_request_of_another() -> None:
    network = Network(hss=subscribers(IMSI, OTHER_IMSI))
    phone, friend = on_the_network(network), on_the_network(network, OTHER_IMSI)
    assert friend.ping(phone.attached.home_address, pings=1).received == 1


# A TUN device


def on_a_device(network: Network) -> VirtualUe:
    phone = network.attach(device=True)
    network.run(until=network.now + 2.0)
    assert phone.attached.prefix_length == 64
    return phone


def kernel_packet(phone: VirtualUe, message: Icmpv6Message, source: IPv6Address | None = None) -> bytes:
    source = source or phone.attached.home_address
    payload = build_icmpv6(message, source, CORRESPONDENT)
    return Ipv6Packet(
        source=source, destination=CORRESPONDENT, next_header=PROTO_ICMPV6, payload=payload, hop_limit=64
    ).build()


def test_packet_of_an_application_goes_through_the_tunnel_and_the_answer_back_to_it() -> None:
    network = Network()
    phone = on_a_device(network)
    phone.tell(PacketToSend(kernel_packet(phone, EchoRequest(99, 1, b"hello"))))
    network.run(until=network.now + 1.0)
    (delivered,) = phone.said(DeliverPacket)
    answer = Ipv6Packet.parse(delivered.octets)
    message = parse_icmpv6(answer.payload, CORRESPONDENT, phone.attached.home_address)
    assert message == EchoReply(99, 1, b"hello")


def test_own_pings_go_on_beside_the_device() -> None:
    network = Network()
    phone = on_a_device(network)
    assert phone.ping(HA_ADDRESS, pings=2).received == 2
    assert phone.said(DeliverPacket) == []


def test_device_may_send_by_home_address_alone() -> None:
    network = Network()
    phone = on_a_device(network)
    sent = len(network.sent)
    spoofed = kernel_packet(phone, EchoRequest(1, 1, b""), IPv6Address("2001:db8:7::bad"))
    for octets in (spoofed, spoofed[:30], b"\x45" + bytes(39), b""):
        phone.tell(PacketToSend(octets))
    assert len(network.sent) == sent
    assert "outside the selectors" in causes(phone)[-4]
    assert all(cause.startswith("not sent: ") for cause in causes(phone)[-4:])


def test_packet_of_an_application_needs_a_tunnel() -> None:
    network = Network(silent=[DNS])
    phone = network.attach(device=True)
    phone.tell(PacketToSend(bytes(40)))
    assert causes(phone) == ["no tunnel to send through"]


# Security associations without numbers (RFC 4303 §3.3.3)


def exhaust(association: Association | None) -> None:
    assert association is not None
    association.outbound._sequence = association.outbound._limit - 1


def connection_of(phone: VirtualUe) -> Connection:
    connection = phone.machine.links.current
    assert connection is not None
    return connection


def leaves_and_can_attach_again(network: Network, phone: VirtualUe) -> None:
    assert type(phone.state) is Leaving, phone.state
    network.run(until=network.now + 1.0)
    assert "packets; attach again" in phone.detached.cause
    assert (len(network.gateway.sessions), network.gateway.bindings) == (0, 0)
    phone.begin()
    network.run(until=network.now + 2.0)
    assert phone.ping(HA_ADDRESS, pings=1).received == 1


def test_ue_whose_tunnel_is_exhausted_by_an_application_leaves_and_can_attach_again() -> None:
    network = Network()
    phone = on_a_device(network)
    exhaust(connection_of(phone).tunnel)
    phone.tell(PacketToSend(kernel_packet(phone, EchoRequest(1, 1, b""))))
    leaves_and_can_attach_again(network, phone)


def test_ue_whose_tunnel_is_exhausted_by_a_ping_leaves_and_can_attach_again() -> None:
    network = Network()
    phone = on_the_network(network)
    exhaust(connection_of(phone).tunnel)
    phone.tell(PingRequested(destination=HA_ADDRESS, identifier=1, count=1))
    leaves_and_can_attach_again(network, phone)


ELSEWHERE = Endpoint(IPv4Address("198.51.100.44"), 4500)


def test_ue_that_moves_stays_on_the_network() -> None:
    network = Network()
    phone = on_the_network(network)
    network.move(phone, ELSEWHERE)
    network.run(until=network.now + 1.0)
    assert type(phone.state) is OnTheNetwork
    assert phone.ping(HA_ADDRESS, pings=1).received == 1
    assert phone.machine._settings.ike == ELSEWHERE


def test_ue_that_moves_before_it_attaches_begins_from_there() -> None:
    network = Network()
    phone = on_the_network(network)
    phone.detach()
    network.run(until=network.now + 5.0)
    network.move(phone, ELSEWHERE)
    phone.begin()
    network.run(until=network.now + 5.0)
    assert type(phone.state) is OnTheNetwork
    assert {sent.source.address for sent in network.sent[-3:]} <= {ELSEWHERE.address, GATEWAY_ADDRESS}


def test_ue_whose_binding_updates_are_exhausted_leaves_when_it_moves() -> None:
    network = Network()
    phone = on_the_network(network)
    exhaust(connection_of(phone).transport)
    network.move(phone, ELSEWHERE)
    assert type(phone.state) is Leaving
    network.run(until=network.now + 60.0)
    assert "packets; attach again" in phone.detached.cause


def test_ue_whose_gateway_is_configured_asks_no_dns() -> None:
    # RFC 5026 §5.1: the home agent may be configured
    network = Network(silent=[DNS])
    phone = network.attach(configured=Discovered("the configuration", HA_ADDRESS, GATEWAY_ADDRESS))
    network.run(until=5.0)
    assert type(phone.state) is OnTheNetwork
    assert phone.ping(HA_ADDRESS, pings=1).received == 1


def test_ue_tries_the_next_address_of_a_name_when_nobody_is_at_the_first() -> None:
    network = Network()
    name = dns.name.from_text(ha_apn_name(APN, Plmn("001", "01")))
    nobody, gateway = (dns.rdata.from_text("IN", "A", text) for text in ("192.0.2.9", str(GATEWAY_ADDRESS)))
    home_agent = dns.rdata.from_text("IN", "AAAA", str(HA_ADDRESS))
    network._zone = replace(network._zone, records={**network._zone.records, name: (nobody, gateway, home_agent)})
    for seed in range(3):
        # the server shuffles them
        random.seed(seed)
        phone = network.attach(give_up_after=3.0)
        network.run(until=network.now + 10.0)
        assert type(phone.state) is OnTheNetwork, phone.effects[-3:]
        phone.detach()
        network.run(until=network.now + 5.0)
    assert {IPv4Address("192.0.2.9"), GATEWAY_ADDRESS} <= {one.to.address for one in network.sent}


def test_ue_whose_configured_gateway_has_no_address_of_its_network_says_so() -> None:
    phone = Network().attach(configured=Discovered("the configuration", HA_ADDRESS, None))
    assert phone.failed.step is Step.DISCOVERY
    assert phone.failed.cause == "the configuration has no IPv4 address, and this UE is in an IPv4 network"
    assert phone.is_off


def test_ue_whose_binding_updates_are_exhausted_leaves_when_it_should_renew() -> None:
    network = Network()
    phone = on_the_network(network, lifetime=40)
    exhaust(connection_of(phone).transport)
    network.run(until=network.now + 60.0)
    assert "packets; attach again" in phone.detached.cause
    assert len(network.gateway.sessions) == 0


def test_ue_whose_binding_updates_are_exhausted_while_it_registers_fails() -> None:
    network = Network(silent=[DSMIP])
    phone = network.attach()
    until_state(network, phone, Registering)
    exhaust(connection_of(phone).transport)
    network.run(until=network.now + 60.0)
    assert phone.failed.step is Step.BINDING_ACK
    assert "has sent" in phone.failed.cause
    assert phone.is_off


def test_ue_that_leaves_does_so_without_numbers_too() -> None:
    network = Network()
    phone = on_the_network(network)
    exhaust(connection_of(phone).transport)
    phone.detach()
    network.run(until=network.now + 60.0)
    assert phone.detached == Detached("detached; the home agent did not confirm")
    assert any(cause.startswith("not sent: SPI") for cause in causes(phone))


def test_ue_without_mobility_is_on_the_network_with_its_tunnel() -> None:
    """Plain remote access: no SA for the Mobility Header, no Binding Update, and the gateway is told at the end."""
    network = Network()
    phone = network.attach(mobility=False)
    network.run(until=2.0)
    assert type(phone.state) is OnTheNetwork
    assert connection_of(phone).transport is None
    assert phone.steps == [1, 2, 3, 4, 5]
    phone.tell(PingRequested(destination=phone.attached.ha_address, identifier=1, count=2))
    network.run(until=5.0)
    (finished,) = phone.said(PingFinished)
    assert finished.received == 2
    phone.detach()
    network.run(until=8.0)
    assert phone.detached == Detached("detached")
    assert not network.gateway.leases


def test_ue_has_its_sas_replaced_under_its_pings() -> None:
    """RFC 7296 §2.8: nothing is lost, though both ends rekey all they have."""
    network = Network()
    phone = on_the_network(network)
    first = connection_of(phone).tunnel
    phone.tell(PingRequested(destination=phone.attached.ha_address, identifier=1, count=20))
    for wish in (RekeyRequested(EVERY_CHILD), RekeyRequested(), ProbeRequested(), RekeyRequested(EVERY_CHILD)):
        network.run(until=network.now + 4.0)
        phone.tell(IkeRequested(wish))
    network.run(until=network.now + 30.0)
    (finished,) = phone.said(PingFinished)
    assert finished.received == 20
    assert connection_of(phone).tunnel is not first
    assert type(phone.state) is OnTheNetwork
    assert len(phone.said(IkeKeysReady)) == 2


def say(network: Network, phone: VirtualUe, notify: Notify) -> None:
    """Have the gateway notify the UE of something by INFORMATIONAL, on the IKE SA that it made last."""
    *_, entry = network.gateway._table._entries.values()
    state = entry.responder.state
    assert isinstance(state, Connected)
    transmit = state.upkeep.sa.exchanges.request(ExchangeType.INFORMATIONAL, (notify,), network.now)
    network.send(NATT, phone.settings.ike, build_ike(transmit.octets))


def auth_lifetime(seconds: int) -> Notify:
    """What wants the UE to authenticate anew (RFC 4478 §3)."""
    return Notify(NotifyType.AUTH_LIFETIME, seconds.to_bytes(4, "big"))


def test_ue_is_on_the_network_again_after_another_authentication() -> None:
    """Both ways; tests/ue_sim/test_links.py says what they keep."""
    network = Network()
    phone = on_the_network(network)
    for make in (True, False):
        phone.tell(ReauthenticationRequested(make))
        network.run(until=network.now + 3.0)
        assert type(phone.state) is OnTheNetwork
    assert len(phone.said(IkeKeysReady)) == 3


def test_ue_is_told_to_authenticate_anew_or_elsewhere() -> None:
    network = Network()
    phone = network.attach(make_before_break=False)
    until_state(network, phone, OnTheNetwork)
    say(network, phone, auth_lifetime(10))
    network.run(until=network.now + 7.9)
    until_state(network, phone, Renewing)
    until_state(network, phone, OnTheNetwork)
    say(network, phone, redirect(GatewayIdentity(GATEWAY_ADDRESS)))
    until_state(network, phone, Renewing)
    phone.tell(DatagramArrived(Channel.IKE, bytes(60)))
    until_state(network, phone, OnTheNetwork)


def test_ue_that_waits_for_the_answer_to_delete_waits_for_a_while_or_leaves() -> None:
    for leaves in (False, True):
        network = Network()
        phone = on_the_network(network)
        network.silent.add(NATT)
        phone.tell(ReauthenticationRequested(make_before_break=False))
        network.run(until=network.now + 3.0)
        assert isinstance(phone.state, Renewing)
        if leaves:
            phone.detach()
            until_state(network, phone, Leaving)
        network.run(until=network.now + 60.0)
        assert phone.is_off


def test_ue_that_has_no_way_to_its_gateway_any_more_says_so_and_ends() -> None:
    """As after a move into a network of another IP version, in which the gateway has no address."""
    for is_silent in (False, True):
        network = Network()
        phone = on_the_network(network)
        if is_silent:
            network.silent.add(NATT)
        phone.tell(ReauthenticationRequested(make_before_break=False))
        renewing = phone.machine.state
        assert isinstance(renewing, Renewing)
        phone.machine.state = replace(renewing, gateway=replace(renewing.gateway, ipv4=None))
        network.run(until=network.now + 60.0)
        assert phone.is_off
        assert phone.said(AttachFailed) == [AttachFailed(Step.IKE_SA_INIT, "the PDN GW has no IPv4 address")]


def test_ue_leaves_at_once_where_the_old_ike_sa_is_gone_and_the_new_one_not_there() -> None:
    network = Network()
    phone = network.attach(mobility=False)
    until_state(network, phone, OnTheNetwork)
    (session,) = network.gateway.sessions.all()
    network.relay = lambda _: None
    phone.tell(ReauthenticationRequested(make_before_break=True))
    network.run(until=network.now + 0.1)
    network.tell_gateway(SessionAborted(session.name, "the AAA server ended it"))
    network.run(until=network.now + 0.1)
    phone.detach()
    assert phone.is_off
    network.run(until=network.now + 200.0)
    assert_nothing_is_left(network)


def scenarios() -> list[Callable[[], None]]:
    """Every test of this module but the one that asks what they took."""
    found = [value for name, value in vars(sys.modules[__name__]).items() if name.startswith("test_")]
    return [test for test in found if test is not test_every_entry_of_the_table_is_taken]


def test_every_entry_of_the_table_is_taken() -> None:
    VirtualUe.taken.clear()
    for scenario in scenarios():
        scenario()
    listed = {(*key, following) for key, many in TRANSITIONS.items() for following in many}
    moved = {(before, event, after) for before, event, after in VirtualUe.taken if before is not after}
    assert moved <= listed
    assert listed <= VirtualUe.taken
    assert (Off, AttachRequested, Discovering) in moved
