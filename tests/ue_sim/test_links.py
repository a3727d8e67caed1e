"""The UE's IKE SAs on the network in memory: where one begins, what keeps its way through a NAT, what replaces it."""

from ipaddress import IPv4Address

import pytest

from pdngw_proxy import gateway_events as pgw
from pdngw_proxy.aaa_link.port import RelayReject
from tests.aaa.identities.keyrings import Node
from tests.aaa.memory_hss import IMSI
from tests.network import DSMIP, GATEWAY_ADDRESS, IKE, NATT, Network, VirtualUe, assert_nothing_is_left
from tests.ue_sim.test_ue import auth_lifetime, say
from ue_sim.ike.events import IkeKeysReady
from ue_sim.pinger import PingFinished, PingRequested
from ue_sim.ue_events import (
    Attached,
    Detached,
    Note,
    NotReauthenticated,
    OnTheNetwork,
    ReauthenticationRequested,
    Step,
)
from wire.esp.encapsulation import KEEPALIVE, NON_ESP_MARKER
from wire.ikev2.constants import ExchangeType, NotifyType
from wire.ikev2.nat import Endpoint
from wire.ikev2.payloads.notify import Notify
from wire.ikev2.redirect import GatewayIdentity, redirect, redirect_support
from wire.ikev2.upkeep.states import Lifetimes

NAT = IPv4Address("203.0.113.9")
ELSEWHERE = Endpoint(IPv4Address("198.51.100.44"), 4500)


def attached(network: Network, **changes: object) -> VirtualUe:
    phone = network.attach(IMSI, usim=None, **changes)
    network.run(until=2.0)
    assert type(phone.state) is OnTheNetwork
    return phone


def kept_alive(network: Network, seconds: float) -> list[float]:
    """How long after now each keepalive was sent, within `seconds`; nothing else is to be sent in that time."""
    began, sent = network.now, len(network.sent)
    network.run(until=began + seconds)
    return [one.sent_at - began for one in network.sent[sent:] if one.octets == KEEPALIVE and one.to == NATT]


def test_ue_behind_a_nat_speaks_every_twenty_seconds() -> None:
    network = Network(nat=NAT)
    attached(network, liveness_interval=1000.0)
    first, second, third = kept_alive(network, 61.0)
    assert 18.0 < first <= 20.0
    assert second - first == pytest.approx(20.0)
    assert third - second == pytest.approx(20.0)


def test_interval_is_the_ues_choice() -> None:
    network = Network(nat=NAT)
    attached(network, liveness_interval=1000.0, keepalive_interval=5.0)
    assert len(kept_alive(network, 60.0)) == 12


@pytest.mark.parametrize(("nat", "interval"), [(None, 20.0), (NAT, 0.0)], ids=["no NAT", "none wanted"])
def test_ue_is_silent_where_nothing_has_to_be_kept(nat: IPv4Address | None, interval: float) -> None:
    network = Network(nat=nat)
    attached(network, liveness_interval=1000.0, keepalive_interval=interval)
    assert kept_alive(network, 200.0) == []


def test_questions_keep_the_mapping_as_well() -> None:
    network = Network(nat=NAT)
    attached(network, liveness_interval=15.0)
    assert kept_alive(network, 100.0) == []


def test_keepalives_end_with_the_ike_sa() -> None:
    network = Network(nat=NAT)
    phone = attached(network, liveness_interval=1000.0)
    phone.detach()
    network.run(until=network.now + 1.0)
    assert phone.is_off
    assert (kept_alive(network, 100.0), phone.machine.deadline) == ([], None)


@pytest.mark.parametrize("mobility", [True, False], ids=["DS-MIPv6", "MOBIKE"])
def test_ue_that_moves_behind_a_nat_begins_to_keep_the_mapping(mobility: bool) -> None:
    """Told by NAT Detection of the Binding Acknowledgement (RFC 5555 §4.3), or of IKE's (RFC 4555 §3.8)."""
    network = Network()
    phone = attached(network, liveness_interval=1000.0, mobility=mobility, mobike=not mobility)
    assert kept_alive(network, 50.0) == []
    network.nat = NAT
    network.move(phone, ELSEWHERE)
    network.run(until=network.now + 1.0)
    assert len(kept_alive(network, 61.0)) == 3
    network.nat = None
    network.move(phone, Endpoint(IPv4Address("192.0.2.10"), 4500))
    network.run(until=network.now + 1.0)
    assert kept_alive(network, 61.0) == []


@pytest.mark.parametrize("nat", [None, NAT], ids=["no NAT", "NAT"])
def test_ike_begins_at_one_port_and_floats_to_the_other(nat: IPv4Address | None) -> None:
    """RFC 7296 §2.23: behind a NAT it must, and our ESP in UDP wants it in any case."""
    network = Network(nat=nat)
    phone = attached(network, ike_port=IKE.port)
    ours = [one for one in network.sent if one.source == phone.settings.ike]
    bare, floated = ([one for one in ours if one.to == port] for port in (IKE, NATT))
    assert (len(bare), len(ours)) == (1, 1 + len(floated))
    assert bare[0].octets[17:19] == b"\x20\x22"
    assert not bare[0].octets.startswith(NON_ESP_MARKER)
    assert floated[0].octets.startswith(NON_ESP_MARKER)
    assert phone.ping(phone.attached.ha_address).received == 5
    assert phone.machine.links.current is not None
    assert phone.machine.links.current.gateway == Endpoint(GATEWAY_ADDRESS, NATT.port)


@pytest.mark.parametrize("nat", [None, NAT], ids=["no NAT", "NAT"])
def test_ue_has_two_ports_of_its_own_as_handsets_do(nat: IPv4Address | None) -> None:
    """RFC 7296 §2.23: from 500 to 500, then from 4500 to 4500; where there is no NAT, none is seen."""
    network = Network(nat=nat)
    phone = attached(network, ike_port=IKE.port, own_port=500)
    own = [one for one in network.sent if one.source.address == phone.settings.ike.address and one.to in (IKE, NATT)]
    ports = [(one.source.port, one.to.port) for one in own]
    assert (ports[0], set(ports[1:])) == ((500, IKE.port), {(4500, NATT.port)})
    connection = phone.machine.links.current
    assert connection is not None
    assert connection.behind_nat is (nat is not None)
    phone.tell(ReauthenticationRequested(make_before_break=False))
    network.run(until=network.now + 3.0)
    again = [one for one in network.sent if one.source == Endpoint(phone.settings.ike.address, 500)]
    assert [one.octets[18] for one in again] == [ExchangeType.IKE_SA_INIT] * 2
    assert phone.ping(phone.attached.ha_address).received == 5


def test_ue_floats_on_a_bad_network_too() -> None:
    for seed in range(8):
        network = Network(seed, loss=0.15, duplicate=0.3, reorder=0.3, nat=NAT)
        phone = network.attach(ike_port=IKE.port)
        network.run(until=60.0)
        assert type(phone.state) is OnTheNetwork, phone.effects[-3:]


def test_ue_replaces_a_tunnel_that_has_carried_almost_all_that_it_may() -> None:
    network = Network()
    phone = attached(network, lifetimes=Lifetimes(octets=2000))
    connection = phone.machine.links.current
    assert connection is not None
    spis = []
    for _ in range(4):
        assert connection.tunnel is not None
        spis.append(connection.tunnel.child.spi_in)
        assert phone.ping(phone.attached.ha_address, pings=20).received == 20
        network.run(until=network.now + 5.0)
        assert len(connection.tunnels) == 1
    assert len(set(spis)) == 4
    assert len(ike_sas(phone)) == 1


# Another IKE SA in the place of the first


def ike_sas(phone: VirtualUe) -> list[bytes]:
    return [ready.spi_i for ready in phone.said(IkeKeysReady)]


def steps_since(phone: VirtualUe, number: int) -> list[int]:
    return phone.steps[number:]


WAYS = pytest.mark.parametrize("make", [True, False], ids=["make before break", "break before make"])


@WAYS
@pytest.mark.parametrize("mobility", [True, False], ids=["mobile node", "client"])
def test_ue_that_authenticates_anew_keeps_its_home_address(make: bool, mobility: bool) -> None:
    """RFC 7296 §2.8.3: a whole new IKE SA, and the old one is deleted."""
    network = Network()
    phone = attached(network, mobility=mobility, initial_contact=True)
    before = phone.attached
    phone.tell(ReauthenticationRequested(make))
    network.run(until=network.now + 3.0)
    assert type(phone.state) is OnTheNetwork
    assert phone.attached == before
    assert len(phone.said(Attached)) == 2
    assert len(set(ike_sas(phone))) == 2
    assert (len(network.gateway.sessions), network.gateway.leases) == (1, 1)
    assert network.gateway.bindings == int(mobility)
    assert phone.ping(phone.attached.ha_address).received == 5
    assert not any("deregist" in note.cause for note in phone.said(Note))
    phone.detach()
    network.run(until=network.now + 3.0)
    assert phone.is_off
    assert_nothing_is_left(network)


@WAYS
def test_pings_go_on_while_the_ue_authenticates_anew(make: bool) -> None:
    network = Network()
    phone = attached(network)
    phone.tell(PingRequested(destination=phone.attached.ha_address, identifier=9, count=50, interval=0.1))
    network.run(until=network.now + 1.0)
    phone.tell(ReauthenticationRequested(make))
    network.run(until=network.now + 30.0)
    (finished,) = phone.said(PingFinished)
    assert finished.sent - finished.received <= (2 if make else 6)


@pytest.mark.parametrize("seed", range(6))
@WAYS
def test_ue_authenticates_anew_on_a_bad_network(make: bool, seed: int) -> None:
    network = Network(seed)
    phone = attached(network, make_before_break=make)
    network._fate = (0.15, 0.2, 0.2)
    phone.tell(ReauthenticationRequested())
    network.run(until=network.now + 60.0)
    network._fate = (0.0, 0.0, 0.0)
    assert len(set(ike_sas(phone))) == 2
    assert phone.ping(phone.attached.ha_address).received == 5
    assert len(network.gateway.sessions) == 1


@pytest.mark.parametrize(("shows", "full"), [(True, 1), (False, 3)])
def test_ue_shows_the_identity_that_it_was_given_when_it_authenticates_anew(shows: bool, full: int) -> None:
    network = Network(identities=Node().identities)
    phone = attached(network, temporary_identities=shows)
    for number in (1, 2):
        phone.tell(ReauthenticationRequested())
        network.run(until=network.now + 3.0)
        assert len(phone.said(Attached)) == 1 + number
    assert len(network.hss.vector_requests) == full


def test_ue_authenticates_anew_before_auth_lifetime_is_over() -> None:
    """RFC 4478 §3, told by INFORMATIONAL and obeyed without anybody asking."""
    network = Network()
    phone = attached(network)
    say(network, phone, auth_lifetime(100))
    network.run(until=network.now + 79.0)
    assert len(ike_sas(phone)) == 1
    network.run(until=network.now + 13.0)
    assert len(ike_sas(phone)) == 2
    assert type(phone.state) is OnTheNetwork
    network.run(until=network.now + 300.0)
    assert len(ike_sas(phone)) == 2, "the new IKE SA has no such limit"


def test_ue_tries_again_until_auth_lifetime_is_over() -> None:
    network = Network()
    relay, phone = network.relay, attached(network, give_up_after=3.0, liveness_interval=1000.0)
    network.relay = lambda _: None
    say(network, phone, auth_lifetime(200))
    network.run(until=network.now + 185.0)
    assert phone.said(NotReauthenticated)
    assert type(phone.state) is OnTheNetwork
    network.relay = relay
    network.run(until=network.now + 15.0)
    assert len(phone.said(Attached)) == 2


@pytest.mark.parametrize("data", [b"", b"\x00\x00\x01", bytes(5)])
def test_auth_lifetime_that_is_none_is_passed_over(data: bytes) -> None:
    network = Network()
    phone = attached(network)
    say(network, phone, Notify(NotifyType.AUTH_LIFETIME, data))
    network.run(until=network.now + 20.0)
    assert len(ike_sas(phone)) == 1
    assert any("AUTH_LIFETIME" in note.cause for note in phone.said(Note))


def test_ue_goes_on_with_what_it_has_where_the_gateway_refuses_another() -> None:
    network = Network()
    phone = attached(network)
    network.relay = lambda _: RelayReject(bytes.fromhex("04010004"), "not today")
    phone.tell(ReauthenticationRequested())
    network.run(until=network.now + 3.0)
    (refused,) = phone.said(NotReauthenticated)
    assert "EAP" in refused.cause
    assert type(phone.state) is OnTheNetwork
    assert phone.ping(phone.attached.ha_address).received == 5


def test_ue_that_breaks_first_and_is_refused_then_says_at_which_step() -> None:
    network = Network()
    phone = attached(network)
    network.relay = lambda _: RelayReject(bytes.fromhex("04010004"), "not today")
    phone.tell(ReauthenticationRequested(make_before_break=False))
    network.run(until=network.now + 3.0)
    assert phone.failed.step is Step.EAP
    assert phone.is_off


def test_only_a_ue_that_is_attached_authenticates_anew() -> None:
    phone = Network().attach()
    phone.tell(ReauthenticationRequested())
    assert phone.said(NotReauthenticated) == [NotReauthenticated("the UE is not attached")]


@WAYS
def test_ue_may_leave_while_it_authenticates_anew(make: bool) -> None:
    for after in (0.001, 0.02, 0.05, 0.1):
        network = Network()
        phone = attached(network)
        phone.tell(ReauthenticationRequested(make))
        network.run(until=network.now + after)
        phone.detach()
        network.run(until=network.now + 5.0)
        assert phone.is_off
        # of an IKE SA that was given up before its last IKE_AUTH was answered, the gateway learns by asking
        network.run(until=network.now + 200.0)
        assert_nothing_is_left(network)


@pytest.mark.parametrize("leaves", [True, False], ids=["while it leaves", "before"])
def test_ue_that_leaves_does_not_authenticate_anew(leaves: bool) -> None:
    """AUTH_LIFETIME was told, and its time comes while no Delete is answered."""
    network = Network()
    phone = attached(network, mobility=False)
    (session,) = network.gateway.sessions.all()
    told = pgw.SessionLimited(session.name, 10.0)
    if not leaves:
        network.tell_gateway(told)
        network.run(until=network.now + 5.0)
    network.silent.add(NATT)
    phone.detach()
    if leaves:
        network.tell_gateway(told)
    network.run(until=network.now + 7.5)
    network.silent.remove(NATT)
    network.run(until=network.now + 300.0)
    assert phone.is_off
    assert len(ike_sas(phone)) == 1
    assert_nothing_is_left(network)


@WAYS
def test_ue_may_move_while_it_authenticates_anew(make: bool) -> None:
    for after in (0.001, 0.03, 0.08, 0.12):
        network = Network()
        phone = attached(network)
        phone.tell(ReauthenticationRequested(make))
        network.run(until=network.now + after)
        network.move(phone, ELSEWHERE)
        network.run(until=network.now + 60.0)
        assert type(phone.state) is OnTheNetwork, (after, phone.effects[-3:])
        assert phone.ping(phone.attached.ha_address).received == 5


# A gateway that sends the UE away (RFC 5685 §5)

OTHER = IPv4Address("192.0.2.5")


def with_another_gateway(network: Network) -> None:
    """The same one answers at another address as well."""
    for channel, port in ((pgw.Channel.IKE, NATT.port), (pgw.Channel.DSMIP, DSMIP.port)):
        own = Endpoint(OTHER, port)
        network._receivers[own] = network._to_gateway(channel, own)


def test_ue_leaves_for_the_gateway_that_its_own_names() -> None:
    network = Network()
    with_another_gateway(network)
    phone = attached(network)
    before = len(network.sent)
    say(network, phone, redirect(GatewayIdentity(OTHER)))
    network.run(until=network.now + 5.0)
    assert type(phone.state) is OnTheNetwork
    assert phone.machine.links.current is not None
    assert phone.machine.links.current.gateway == Endpoint(OTHER, NATT.port)
    there = [one for one in network.sent[before:] if one.to.address == OTHER]
    assert redirect_support(GatewayIdentity(GATEWAY_ADDRESS)).build() in there[0].octets
    assert len(network.gateway.sessions) == 1, "the old IKE SA was deleted"
    assert phone.ping(phone.attached.ha_address).received == 5
    assert phone.said(Detached) == []
    network.move(phone, ELSEWHERE)
    network.run(until=network.now + 1.0)
    assert {one.to.address for one in network.sent if one.source.address == ELSEWHERE.address} == {OTHER}


@pytest.mark.parametrize(
    ("where", "why"),
    [
        ("pgw2.example", ": DNS says REFUSED for pgw2.example"),
        ("2001:db8::5", ", which has no address of this network"),
    ],
)
def test_ue_stays_where_the_other_gateway_has_no_address_for_it(where: str, why: str) -> None:
    network = Network()
    phone = attached(network)
    say(network, phone, redirect(GatewayIdentity.of(where)))
    network.run(until=network.now + 5.0)
    assert type(phone.state) is OnTheNetwork
    assert len(ike_sas(phone)) == 1
    assert f"not redirected to {where}{why}" in [n.cause for n in phone.said(Note)]


def test_ue_that_is_sent_to_and_fro_stays_in_the_end() -> None:
    """RFC 5685 §6: five times in 300 s."""
    network = Network()
    with_another_gateway(network)
    phone = attached(network)
    for number in range(7):
        say(network, phone, redirect(GatewayIdentity(OTHER if number % 2 == 0 else GATEWAY_ADDRESS)))
        network.run(until=network.now + 5.0)
        assert len(ike_sas(phone)) == 1 + min(number + 1, 5)
    assert type(phone.state) is OnTheNetwork
    assert "not redirected more than 5 times in 300 s" in [note.cause for note in phone.said(Note)]


def test_other_gateway_that_is_silent_is_given_up_with_its_step() -> None:
    network = Network()
    phone = attached(network)
    say(network, phone, redirect(GatewayIdentity(OTHER)))
    network.run(until=network.now + 60.0)
    assert phone.failed.step is Step.IKE_SA_INIT
    assert phone.is_off
    assert_nothing_is_left(network)
