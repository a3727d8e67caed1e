"""The PDN GW as one machine: whom it serves, whom it refuses, and what it says of each."""

from dataclasses import replace
from ipaddress import IPv4Address, IPv4Interface, IPv4Network, IPv6Address, IPv6Network

import pytest
from hypothesis import given
from hypothesis.strategies import binary, sampled_from

from hss.api import ApnProfile
from pdngw_proxy.aaa_link.port import RelayAccept, RelayAnswer, RelayReject, RelayRequest, RelayUnavailable
from pdngw_proxy.aaa_link.records import EndedBy, Moment
from pdngw_proxy.gateway_events import (
    AaaAnswered,
    Channel,
    DatagramArrived,
    DrainRequested,
    EndAaaSession,
    HomePacketArrived,
    ReauthenticationWanted,
    Report,
    Send,
    SessionAborted,
    SessionLimited,
    UsageWanted,
)
from pdngw_proxy.home_link import AddressWanted, Intercept, LetGo, LinkPacketArrived, ListenFor, SendOnLink
from tests.aaa.memory_hss import IMSI, MemoryHss, Subscriber, profile
from tests.network import (
    AGENT,
    CORRESPONDENT,
    DSMIP,
    HA_ADDRESS,
    IKE,
    NATT,
    Network,
    VirtualUe,
    responder_policy,
    subscribers,
)
from tests.pdngw_proxy.forgery import (
    STRANGER,
    associations,
    bare_update,
    echo_request,
    sealed_update,
    tunnelled,
    update_in_the_tunnel_sa,
    with_foreign_source,
)
from ue_sim import ue_events as ue
from ue_sim.pinger import PingFinished, PingRequested
from ue_sim.ue_events import OnTheNetwork, Step
from wire.esp.encapsulation import NON_ESP_MARKER
from wire.identity import Imsi
from wire.ikev2.child import Mode
from wire.ikev2.nat import Endpoint
from wire.ikev2.redirect import GatewayIdentity
from wire.ikev2.upkeep.states import Lifetimes
from wire.ip.ipv4 import Ipv4Packet
from wire.ip.ipv6 import Ipv6Packet
from wire.ip.neighbors import NeighborAdvertisement, advertisement, solicitation
from wire.ip.responder import respond

SECOND = Imsi("001010000000002")
FOREIGN = IPv6Address("2001:db8:7::bad")
HOME4 = IPv4Network("10.1.2.0/24")
QUIET = Network()
"""A gateway that only strangers speak to."""


@pytest.fixture
def network() -> Network:
    return Network(hss=subscribers(IMSI, SECOND))


@pytest.fixture
def phone(network: Network) -> VirtualUe:
    """One UE that is attached."""
    attached = network.attach()
    network.run(until=5.0)
    assert isinstance(attached.state, OnTheNetwork)
    return attached


def phrases(network: Network) -> list[str]:
    return [report.phrase for report in network.reports]


def hears(network: Network, octets: bytes, to: Endpoint, source: Endpoint = STRANGER) -> list[Report]:
    """What the gateway reports of one datagram that gets no answer."""
    channel = Channel.DSMIP if to == DSMIP else Channel.IKE
    effects = network.gateway.handle(DatagramArrived(channel, octets, source, to), network.now)
    assert [effect for effect in effects if isinstance(effect, Send)] == []
    return [effect for effect in effects if isinstance(effect, Report)]


def the_cause(reports: list[Report]) -> str:
    (report,) = reports
    return report.details["cause"]


# The good case


def test_gateway_attaches_a_ue_and_says_so(network: Network, phone: VirtualUe) -> None:
    told = [phrase for phrase in phrases(network) if phrase != "binding renewed"]
    assert told == [
        "UE authenticated",
        "security association installed",
        "security association installed",
        "binding added",
    ]
    assert (len(network.gateway.sessions), network.gateway.leases, network.gateway.bindings) == (1, 1, 1)
    assert phone.ping(HA_ADDRESS).received == 5
    assert network.causes() == []


def test_gateway_forwards_to_the_home_network_and_back(network: Network, phone: VirtualUe) -> None:
    assert phone.ping(CORRESPONDENT).received == 5


def test_gateway_forwards_between_two_ues(network: Network, phone: VirtualUe) -> None:
    second = network.attach(SECOND)
    network.run(until=10.0)
    assert second.attached.home_address != phone.attached.home_address
    assert second.ping(phone.attached.home_address).received == 5
    assert phone.ping(second.attached.home_address).received == 5


def test_gateway_forgets_a_ue_that_detaches_and_ends_its_aaa_session_once(network: Network, phone: VirtualUe) -> None:
    phone.detach()
    network.run(until=120.0)
    assert (len(network.gateway.sessions), network.gateway.leases, network.gateway.bindings) == (0, 0, 0)
    assert len(network.ended_sessions) == 1
    assert phrases(network)[-2:] == ["binding removed", "session ended"]
    assert network.gateway.deadline is None or network.gateway.deadline > network.now


def test_gateway_has_the_deadline_of_its_nearest_part(network: Network) -> None:
    before = network.gateway.deadline
    network.attach()
    network.run(until=5.0)
    after = network.gateway.deadline
    assert before is None
    assert after is not None
    assert 5.0 < after <= 65.0, "after a minute of silence the UE is asked whether it is there"


def test_gateway_gives_the_static_home_address_of_the_profile() -> None:
    own = IPv6Address("2001:db8:7::5:5")
    static = ApnProfile(1, "internet", home_address=own)
    network = Network(hss=MemoryHss(Subscriber(profile(static))))
    phone = network.attach()
    network.run(until=5.0)
    assert phone.attached.home_address == own


# Home Addresses that are refused


def test_gateway_without_a_free_home_address_says_internal_address_failure() -> None:
    # A prefix of four: the network's own, the home agent, the correspondent, and one Home Address.
    agent = replace(AGENT, home_prefix=IPv6Network("2001:db8:7::/126"))
    network = Network(hss=subscribers(IMSI, SECOND), agent=agent)
    first = network.attach()
    network.run(until=5.0)
    second = network.attach(SECOND)
    network.run(until=10.0)
    assert isinstance(first.state, OnTheNetwork)
    assert second.failed.step is Step.HOME_ADDRESS
    assert "INTERNAL_ADDRESS_FAILURE" in second.failed.cause
    (cause,) = network.causes()
    assert cause.endswith("no Home Address: no Home Address of 2001:db8:7::/126 is free: 1 are leased")
    assert causes_said(network, cause) == 1
    assert len(network.ended_sessions) == 1, "the AAA server accepted the second UE, and must hear that it is gone"


def test_gateway_refuses_a_static_home_address_of_another_prefix() -> None:
    static = ApnProfile(1, "internet", home_address=IPv6Address("2001:db8:8::5"))
    network = Network(hss=MemoryHss(Subscriber(profile(static))))
    phone = network.attach()
    network.run(until=5.0)
    assert "INTERNAL_ADDRESS_FAILURE" in phone.failed.cause
    (cause,) = network.causes()
    assert "the profile's Home Address 2001:db8:8::5 is not in 2001:db8:7::/64" in cause


def causes_said(network: Network, cause: str) -> int:
    return sum(report.details.get("cause") == cause for report in network.reports)


# Binding Updates that are refused

OUTSIDE = f"a Mobility Header from {FOREIGN} is outside the selectors"


def test_gateway_drops_an_update_for_a_foreign_home_address_in_a_valid_sa(network: Network, phone: VirtualUe) -> None:
    # RFC 4877 §4.3: the selectors of the SA hold its one Home Address.
    before = network.gateway.bindings
    cause = the_cause(hears(network, sealed_update(phone, FOREIGN), DSMIP))
    assert cause == f"{OUTSIDE}, in the SA of {phone.attached.home_address}"
    assert network.gateway.bindings == before


def test_gateway_drops_an_update_whose_header_was_changed_on_the_way(network: Network, phone: VirtualUe) -> None:
    datagram = sealed_update(phone, phone.attached.home_address)
    cause = the_cause(hears(network, with_foreign_source(datagram, FOREIGN), DSMIP))
    assert cause == f"{OUTSIDE}, in the SA of {phone.attached.home_address}"


def test_gateway_drops_an_update_for_the_home_address_of_another_ue(network: Network, phone: VirtualUe) -> None:
    second = network.attach(SECOND)
    network.run(until=10.0)
    victim = phone.attached.home_address
    cause = the_cause(hears(network, sealed_update(second, victim), DSMIP))
    own = second.attached.home_address
    assert cause == f"a Mobility Header from {victim} is outside the selectors, in the SA of {own}"
    assert phone.ping(HA_ADDRESS).received == 5


@pytest.mark.parametrize(
    "datagram",
    [bare_update(FOREIGN), bytes.fromhex("4500001400000000401100007f0000017f000001"), bare_update(FOREIGN)[:40]],
)
def test_gateway_drops_an_update_that_nothing_protects(network: Network, datagram: bytes) -> None:
    (report,) = hears(network, datagram, DSMIP)
    assert report.by_stranger
    assert report.details["source"] == str(STRANGER)
    assert report.details["cause"]


def test_gateway_names_the_missing_protection(network: Network, phone: VirtualUe) -> None:
    cause = the_cause(hears(network, bare_update(phone.attached.home_address), DSMIP))
    assert cause == "not protected by a security association of ours"


def test_gateway_drops_an_update_in_the_sa_of_other_packets(network: Network, phone: VirtualUe) -> None:
    # RFC 4877 §5: mobility signalling has an SA of its own.
    cause = the_cause(hears(network, update_in_the_tunnel_sa(phone), DSMIP))
    assert cause.endswith("in the tunnel's security association")


def test_gateway_drops_a_replayed_update(network: Network, phone: VirtualUe) -> None:
    (registration,) = [sent for sent in network.sent if sent.to == DSMIP][:1]
    assert "received before" in the_cause(hears(network, registration.octets, DSMIP, registration.source))


# ESP that is dropped


@pytest.mark.parametrize("to", [IKE, NATT])
def test_gateway_drops_esp_of_an_unknown_spi(network: Network, to: Endpoint) -> None:
    cause = the_cause(hears(network, bytes.fromhex("deadbeef00000001") + bytes(40), to))
    assert cause == "neither IKE nor ESP of ours: SPI 0xdeadbeef"


def test_gateway_drops_replayed_esp(network: Network, phone: VirtualUe) -> None:
    phone.ping(HA_ADDRESS, 1)
    esp = [sent for sent in network.sent if sent.to == NATT and sent.octets[:4] != bytes(4)][-1]
    cause = the_cause(hears(network, esp.octets, NATT, esp.source))
    assert cause == "sequence number 1: received before"


def test_gateway_drops_esp_with_a_wrong_icv(network: Network, phone: VirtualUe) -> None:
    esp = bytearray(tunnelled(phone, echo_request(phone.attached.home_address)))
    esp[-1] ^= 1
    assert the_cause(hears(network, bytes(esp), NATT)) == "the integrity check failed"


def test_gateway_drops_a_spoofed_inner_source(network: Network, phone: VirtualUe) -> None:
    # RFC 6275 §10.4.5
    cause = the_cause(hears(network, tunnelled(phone, echo_request(FOREIGN)), NATT))
    assert cause == f"a packet from {FOREIGN} to {HA_ADDRESS} is outside the selectors"


def test_gateway_drops_the_transport_sa_outside_its_packet(network: Network, phone: VirtualUe) -> None:
    inner = sealed_update(phone, phone.attached.home_address)[40:]
    assert the_cause(hears(network, inner, NATT)).endswith("outside its IPv6 packet")


@pytest.mark.parametrize("octets", [b"", b"\x01", bytes(4), bytes(3), b"GET / HTTP/1.1\r\n\r\n", bytes(28)])
def test_gateway_drops_what_is_neither_ike_nor_esp(network: Network, octets: bytes) -> None:
    (report,) = hears(network, octets, NATT)
    assert report.details["cause"]
    assert report.by_stranger


def test_gateway_passes_over_a_keepalive(network: Network) -> None:
    # RFC 3948 §4
    assert hears(network, b"\xff", NATT) == []


# The same subscriber again


def test_gateway_ends_the_older_session_of_a_subscriber_who_attaches_again(network: Network, phone: VirtualUe) -> None:
    home_address = phone.attached.home_address
    network.silent.add(phone.socket(ue.Channel.IKE))  # it has lost its battery, and hears no Delete
    again = network.attach()
    network.run(until=10.0)
    assert again.attached.home_address == home_address
    assert (len(network.gateway.sessions), network.gateway.bindings) == (2, 1), "the older one is not given up yet"
    assert network.ended_sessions == []
    network.run(until=300.0)
    assert len(network.gateway.sessions) == 1
    assert network.gateway.leases == 1
    assert len(network.ended_sessions) == 1
    assert again.ping(HA_ADDRESS).received == 5


def test_session_that_was_replaced_is_ended_without_the_binding_of_the_newer_one(
    network: Network, phone: VirtualUe
) -> None:
    (older,) = network.gateway.sessions.all()
    network.silent |= {phone.socket(ue.Channel.IKE), phone.socket(ue.Channel.DSMIP)}
    again = network.attach()
    network.run(until=10.0)
    network.tell_gateway(SessionAborted(older.name, "the AAA server ended it"))
    network.run(until=60.0)
    assert network.ended_sessions == [older.name]
    assert again.ping(CORRESPONDENT).received == 5


def test_gateway_ends_the_older_session_at_once_when_the_subscriber_has_no_other(
    network: Network, phone: VirtualUe
) -> None:
    """RFC 7296 §2.4: INITIAL_CONTACT."""
    home_address = phone.attached.home_address
    network.silent.add(phone.socket(ue.Channel.IKE))
    again = network.attach(initial_contact=True)
    network.run(until=10.0)
    assert again.attached.home_address == home_address
    assert (len(network.gateway.sessions), network.gateway.bindings, len(network.ended_sessions)) == (1, 1, 1)
    assert again.ping(HA_ADDRESS).received == 5


def test_gateway_takes_nothing_more_from_a_session_that_was_replaced(network: Network, phone: VirtualUe) -> None:
    network.silent.add(phone.socket(ue.Channel.IKE))
    old_update = sealed_update(phone, phone.attached.home_address)
    old_packet = tunnelled(phone, echo_request(phone.attached.home_address))
    network.attach()
    network.run(until=10.0)
    assert the_cause(hears(network, old_update, DSMIP)) == "not protected by a security association of ours"
    assert the_cause(hears(network, old_packet, NATT)).startswith("neither IKE nor ESP of ours")


def test_gateway_moves_a_subscriber_to_a_new_static_home_address() -> None:
    hss = MemoryHss()
    network = Network(hss=hss)
    first = network.attach()
    network.run(until=5.0)
    own = IPv6Address("2001:db8:7::5:5")
    hss.subscribers[IMSI] = replace(hss.subscribers[IMSI], profile=profile(ApnProfile(1, "internet", home_address=own)))
    second = network.attach()
    network.run(until=10.0)
    assert second.attached.home_address == own
    assert first.detached.cause == "the gateway deleted the IKE SA"
    assert (len(network.gateway.sessions), network.gateway.leases) == (1, 1)


def test_gateway_tells_subscribers_apart_by_the_aaa_servers_word(network: Network) -> None:
    # IDi is only what a UE says of itself: two that show the same one may be two subscribers.
    service = network.relay

    def renamed(request: RelayRequest) -> RelayAnswer | None:
        answer = service(request)
        return replace(answer, user_name=f"user {request.session}") if isinstance(answer, RelayAccept) else answer

    network.relay = renamed
    phones = [network.attach(), network.attach()]
    network.run(until=5.0)
    assert [type(phone.state) for phone in phones] == [OnTheNetwork, OnTheNetwork]
    assert len({phone.attached.home_address for phone in phones}) == 2


def test_gateway_knows_a_subscriber_again_under_another_pseudonym(network: Network) -> None:
    service = network.relay

    def hidden(request: RelayRequest) -> RelayAnswer | None:
        answer = service(request)
        if not isinstance(answer, RelayAccept):
            return answer
        return replace(answer, user_name=f"2{request.session}", chargeable=f"cui:{request.identity}")

    network.relay = hidden
    first = network.attach()
    network.run(until=5.0)
    other, second = network.attach(SECOND), network.attach(initial_contact=True)
    network.run(until=10.0)
    assert second.attached.home_address == first.attached.home_address != other.attached.home_address
    assert len(network.gateway.sessions) == 2


def test_gateway_gives_what_a_subscriber_has_to_nobody_whom_the_aaa_server_does_not_name(network: Network) -> None:
    service = network.relay

    def nameless(request: RelayRequest) -> RelayAnswer | None:
        answer = service(request)
        return replace(answer, user_name=None) if isinstance(answer, RelayAccept) else answer

    first = network.attach()
    network.run(until=5.0)
    network.relay = nameless
    second, third = network.attach(), network.attach(initial_contact=True)
    network.run(until=10.0)
    assert [type(phone.state) for phone in (first, second, third)] == [OnTheNetwork] * 3
    assert len({phone.attached.home_address for phone in (first, second, third)}) == 3


def test_static_home_address_is_taken_back_from_who_has_it_by_chance() -> None:
    hss = subscribers(IMSI, SECOND)
    network = Network(hss=hss)
    other = network.attach()
    network.run(until=5.0)
    own = other.attached.home_address
    static = profile(ApnProfile(1, "internet", home_address=own), imsi=SECOND)
    hss.subscribers[SECOND] = replace(hss.subscribers[SECOND], profile=static)
    owner = network.attach(SECOND, initial_contact=True)
    network.run(until=10.0)
    assert owner.attached.home_address == own
    assert other.detached.cause == "the gateway deleted the IKE SA"
    assert "its Home Address is another one's by his profile" in {one.details.get("cause") for one in network.reports}
    other.begin()
    network.run(until=network.now + 5.0)
    assert other.attached.home_address != own
    assert owner.ping(other.attached.home_address).received == 5


def test_subscriber_whom_the_aaa_server_names_by_his_address_alone_may_come_again() -> None:
    own = IPv6Address("2001:db8:7::5:5")
    network = Network(hss=MemoryHss(Subscriber(profile(ApnProfile(1, "internet", home_address=own)))))
    service = network.relay

    def nameless(request: RelayRequest) -> RelayAnswer | None:
        answer = service(request)
        return replace(answer, user_name=None) if isinstance(answer, RelayAccept) else answer

    network.relay = nameless
    first = network.attach()
    network.run(until=5.0)
    network.silent.add(first.socket(ue.Channel.IKE))
    second = network.attach()
    network.run(until=10.0)
    assert first.attached.home_address == second.attached.home_address == own
    assert second.ping(HA_ADDRESS).received == 5


# The AAA server


@pytest.mark.parametrize(
    ("answer", "cause"),
    [
        (
            RelayReject(bytes.fromhex("04010004"), "5001 DIAMETER_ERROR_USER_UNKNOWN"),
            "5001 DIAMETER_ERROR_USER_UNKNOWN",
        ),
        (RelayReject(b"", "Access-Reject"), "Access-Reject"),
        (RelayUnavailable("waited 5 s in vain for the AAA server"), "waited 5 s in vain for the AAA server"),
    ],
)
def test_gateway_names_the_cause_of_a_refused_authentication_once(answer: RelayAnswer, cause: str) -> None:
    network = Network(aaa=lambda _request: answer)
    phone = network.attach()
    network.run(until=5.0)
    assert phone.failed.step is Step.EAP
    (said,) = network.causes()
    assert said.endswith(cause)
    assert causes_said(network, said) == 1
    assert network.ended_sessions == [], "there was no session to end"
    network.run(until=120.0)
    assert len(network.gateway.sessions) == 0
    assert len(network.reports) == 1


def test_gateway_gives_up_an_aaa_server_that_says_nothing() -> None:
    network = Network(aaa=lambda _request: None)
    network.attach(give_up_after=100.0)
    network.run(until=120.0)
    (cause,) = network.causes()
    assert cause == "waited in vain for the AAA server"
    assert network.ended_sessions == []


@pytest.mark.parametrize("is_aborted", [False, True])
def test_gateway_ends_the_session_of_an_accept_that_came_too_late(network: Network, is_aborted: bool) -> None:
    service = network.relay
    accepts: list[RelayAccept] = []

    def delayed(request: RelayRequest) -> RelayAnswer | None:
        answer = service(request)
        if isinstance(answer, RelayAccept):
            accepts.append(answer)
            return None
        return answer

    network.relay = delayed
    network.attach()
    network.run(until=5.0)
    (session,) = network.gateway.sessions.all()
    if is_aborted:
        network.tell_gateway(SessionAborted(session.name, "the user was barred"))
    else:
        network.run(until=120.0)
    assert (len(network.gateway.sessions), network.ended_sessions) == (0, [])
    late = AaaAnswered(session.sa, accepts[0])
    assert network.gateway.handle(late, network.now) == [EndAaaSession(session.name, accepts[0].user_name)]
    assert network.gateway.handle(late, network.now) == [], "once is enough"


def test_gateway_ends_the_session_of_an_accepted_ue_that_never_proves_itself(network: Network) -> None:
    service = network.relay

    def last_word(request: RelayRequest) -> RelayAnswer | None:
        answer = service(request)
        if isinstance(answer, RelayAccept):
            network.silent.add(NATT)
        return answer

    network.relay = last_word
    network.attach()
    network.run(until=200.0)
    assert len(network.gateway.sessions) == 0
    assert len(network.ended_sessions) == 1
    assert network.ended_by == [EndedBy.UNUSED]
    (record,) = network.accounted
    assert (record.moment, record.ended_by, record.seconds) == (Moment.STOP, EndedBy.UNUSED, 0)
    (report,) = network.reports
    assert report.details["cause"] == "waited in vain for the UE's AUTH by the MSK"


# Strangers


def test_gateway_marks_what_a_stranger_causes() -> None:
    network = Network(responder=responder_policy(ike_proposals=()))
    phone = network.attach()
    network.run(until=30.0)
    assert "NO_PROPOSAL_CHOSEN" in phone.failed.cause
    assert {report.phrase for report in network.reports} == {"UE refused"}
    for report in network.reports:
        assert report.by_stranger
        assert report.details["source"] == str(phone.socket(ue.Channel.IKE))
        assert report.details["cause"].startswith("no common IKE proposal: offered ")


def test_gateway_gives_up_a_stranger_that_stops_half_way(network: Network) -> None:
    network.silent.add(Endpoint(IPv4Address("192.0.2.10"), NATT.port))
    network.attach()
    network.run(until=200.0)
    (report,) = network.reports
    assert report.phrase == "attach given up"
    assert report.details == {"cause": "waited in vain for the UE's first IKE_AUTH"}
    assert report.by_stranger


def test_gateway_does_not_mark_what_a_user_causes(network: Network, phone: VirtualUe) -> None:
    assert not [report for report in network.reports if report.by_stranger]


# Moving


def test_gateway_follows_a_ue_to_its_new_place(network: Network, phone: VirtualUe) -> None:
    # RFC 7296 §2.23: the gateway's own probe finds out, and ESP follows.
    network.nat = IPv4Address("198.51.100.9")
    network.run(until=100.0)
    (moved,) = [report for report in network.reports if report.phrase == "UE moved"]
    assert moved.details["to"].startswith("198.51.100.9:")
    assert phone.ping(HA_ADDRESS).received == 5
    assert all(sent.to.address == network.nat for sent in network.sent if sent.source == NATT and sent.sent_at > 100.0)


def test_gateway_replaces_a_tunnel_that_has_carried_its_octets() -> None:
    """RFC 7296 §2.8: nine tenths of 2,000 octets are some twenty pings; none of them is lost."""
    network = Network(responder=responder_policy(lifetimes=Lifetimes(octets=2_000)))
    phone = network.attach()
    network.run(until=3.0)
    (session,) = network.gateway.sessions.all()
    first = session.outbound(Mode.TUNNEL)
    phone.tell(PingRequested(destination=HA_ADDRESS, identifier=1, count=40))
    network.run(until=60.0)
    (finished,) = phone.said(PingFinished)
    assert finished.received == 40
    assert session.outbound(Mode.TUNNEL) is not first
    assert len([one for one in session.associations.values() if one.child.mode is Mode.TUNNEL]) == 1
    assert session.worn == set()


# Security associations without numbers (RFC 4303 §3.3.3)


@pytest.mark.parametrize("mode", Mode)
def test_gateway_closes_a_session_whose_sa_is_exhausted_and_says_so_once(
    network: Network, phone: VirtualUe, mode: Mode
) -> None:
    second = network.attach(SECOND)
    network.run(until=10.0)
    session, _ = network.gateway.sessions.all()
    association = session.outbound(mode)
    assert association is not None
    association.outbound._sequence = association.outbound._limit - 1
    if mode is Mode.TUNNEL:
        for number in (1, 2, 3):
            phone.tell(PingRequested(destination=HA_ADDRESS, identifier=number, count=1))
    else:
        phone.detach()
    network.run(until=60.0)
    (cause,) = network.causes()
    assert cause == f"SPI {association.child.spi_out:#010x} has sent {association.outbound.sequence} packets"
    assert phrases(network).count("security association exhausted") == 1
    assert phone.is_off
    assert [each.identity for each in network.gateway.sessions.all()] != [session.identity]
    assert (len(network.gateway.sessions), len(network.ended_sessions)) == (1, 1)
    assert second.ping(HA_ADDRESS).received == 5


# IPv4 Home Addresses (RFC 5555 §4.5)


def dual_stack(**changes: object) -> Network:
    return Network(
        hss=subscribers(IMSI, SECOND),
        agent=replace(AGENT, ipv4_home_prefix=HOME4),
        responder=responder_policy(ipv4_home_prefix=HOME4),
        **changes,  # type: ignore[arg-type]
    )


def test_ue_has_an_ipv4_home_address_and_both_versions_in_its_tunnel() -> None:
    network = dual_stack()
    phone, second = network.attach(ipv4=True), network.attach(SECOND, ipv4=True)
    network.run(until=5.0)
    assert phone.attached.ipv4_home_address == IPv4Interface("10.1.2.2/24")
    for destination in (HA_ADDRESS, CORRESPONDENT, IPv4Address("10.1.2.1"), IPv4Address("10.1.2.254")):
        assert phone.ping(destination).received == 5
    assert second.attached.ipv4_home_address is not None
    assert phone.ping(second.attached.ipv4_home_address.ip).received == 5
    assert network.causes() == []
    (added,) = [r for r in network.reports if r.details.get("ipv4_home_address") == "10.1.2.2"]
    assert added.phrase == "binding added"


def test_accounting_is_told_of_the_ipv4_home_address_that_a_binding_has() -> None:
    network = dual_stack()
    phone = network.attach(ipv4=True)
    network.run(until=5.0)
    network.tell_gateway(UsageWanted(0.0))
    phone.detach()
    network.run(until=20.0)
    told = [(record.moment, record.ipv4_home_address) for record in network.accounted]
    given = IPv4Address("10.1.2.2")
    # it is asked for by the Binding Update, after the session has begun
    assert told == [(Moment.START, None), (Moment.INTERIM, given), (Moment.STOP, given)]


def test_ue_cannot_speak_for_the_ipv4_home_address_of_another() -> None:
    network = dual_stack()
    phone, second = network.attach(ipv4=True), network.attach(SECOND, ipv4=True)
    network.run(until=5.0)
    assert second.attached.ipv4_home_address is not None
    forged = Ipv4Packet(
        source=second.attached.ipv4_home_address.ip, destination=IPv4Address("10.1.2.254"), protocol=59, payload=b""
    )
    tunnel = associations(phone)[1]
    octets = tunnel.seal_tunnelled(forged.build())
    network.tell_gateway(DatagramArrived(Channel.IKE, octets, phone.socket(ue.Channel.IKE), NATT))
    assert "spoofed source 10.1.2.3" in network.reports[-1].details["cause"]


def test_ue_that_asks_where_there_is_no_ipv4_is_attached_without() -> None:
    network = Network()
    phone = network.attach(ipv4=True)
    network.run(until=5.0)
    assert phone.attached.ipv4_home_address is None
    assert phone.ping(HA_ADDRESS).received == 5


def test_ue_that_does_not_ask_has_no_ipv4_in_its_tunnel() -> None:
    network = dual_stack()
    phone = network.attach()
    network.run(until=5.0)
    assert phone.attached.ipv4_home_address is None
    assert all(selector.start.version == 6 for selector in associations(phone)[1].child.local)


def test_device_gets_ipv4_packets_as_well() -> None:
    network = dual_stack(device=True)
    phone = network.attach(ipv4=True)
    network.run(until=5.0)
    assert phone.ping(IPv4Address("10.1.2.1"), pings=1).received == 1
    phone.tell(PingRequested(destination=IPv4Address("10.1.2.254"), identifier=7, count=1))
    network.run(until=network.now + 0.1)
    answer = respond(Ipv4Packet.parse(network.sent_home[-1]))
    assert answer is not None
    network.tell_gateway(HomePacketArrived(answer.build()))
    network.run(until=network.now + 1.0)
    assert phone.said(PingFinished)[-1].received == 1


# A home network behind a device


def test_gateway_carries_packets_between_tunnel_and_device() -> None:
    network = Network(device=True)
    phone = network.attach()
    network.run(until=5.0)
    assert phone.ping(HA_ADDRESS, pings=1).received == 1
    assert phone.ping(CORRESPONDENT, pings=2).received == 0
    first, _ = (Ipv6Packet.parse(octets) for octets in network.sent_home)
    assert (first.source, first.destination) == (phone.attached.home_address, CORRESPONDENT)
    phone.tell(PingRequested(destination=CORRESPONDENT, identifier=7, count=1))
    network.run(until=network.now + 0.1)
    answer = respond(Ipv6Packet.parse(network.sent_home[-1]))
    assert answer is not None
    network.tell_gateway(HomePacketArrived(answer.build()))
    network.run(until=network.now + 1.0)
    assert phone.said(PingFinished)[-1].received == 1


def test_ue_is_told_of_an_spi_that_is_not_there(network: Network, phone: VirtualUe) -> None:
    """RFC 7296 §1.5: under its own IKE SA, once a second at most; a stranger gets no word (see `hears`)."""
    own = phone.socket(ue.Channel.IKE)
    esp = b"\xde\xad\xbe\xef" + bytes(60)

    def told(source: Endpoint) -> list[Send]:
        effects = network.gateway.handle(DatagramArrived(Channel.IKE, esp, source, NATT), network.now)
        return [effect for effect in effects if isinstance(effect, Send)]

    (sent,) = told(own)
    assert sent.to == own
    assert sent.octets.startswith(NON_ESP_MARKER)
    assert told(own) == []
    network.run(until=network.now + 2.0)
    assert told(Endpoint(own.address, own.port + 1)) == []


# Stopping


def test_gateway_that_stops_says_delete_to_every_ue(network: Network, phone: VirtualUe) -> None:
    second = network.attach(SECOND)
    network.run(until=10.0)
    network.tell_gateway(DrainRequested("the gateway stops"))
    network.run(until=12.0)
    assert [one.detached.cause for one in (phone, second)] == ["the gateway deleted the IKE SA"] * 2
    assert len(set(network.ended_sessions)) == len(network.ended_sessions) == 2
    assert (len(network.gateway.sessions), network.gateway.leases, network.gateway.bindings) == (0, 0, 0)
    ends = [report for report in network.reports if report.phrase == "session ended"]
    assert [report.details["cause"] for report in ends] == ["the gateway stops"] * 2


def test_gateway_that_stops_sends_ues_to_another_one(network: Network, phone: VirtualUe) -> None:
    """RFC 5685 §5: one that is not connected yet is closed at once."""
    network.attach(SECOND)
    network.run(until=network.now + 0.03)
    assert len(network.gateway.sessions) == 2
    elsewhere = GatewayIdentity.of("192.0.2.5")
    network.tell_gateway(DrainRequested("the gateway stops", to=elsewhere, seconds=5.0))
    (session,) = network.gateway.sessions.all()
    assert session.lease is not None
    assert session.lease.home_address == phone.attached.home_address
    network.run(until=network.now + 10.0)
    assert len(network.gateway.sessions) == 0


def test_session_that_the_aaa_server_ends_is_deleted_and_its_end_told(network: Network, phone: VirtualUe) -> None:
    (session,) = network.gateway.sessions.all()
    network.tell_gateway(SessionAborted("another", "the AAA server ended it"))
    assert len(network.gateway.sessions) == 1
    network.tell_gateway(SessionAborted(session.name, "the AAA server ended it"))
    assert network.gateway.bindings == 0
    network.run(until=12.0)
    # <-- Binding Revocation Indication                   Binding Revocation Acknowledgement -->
    revoked = f"the home agent {HA_ADDRESS} revoked the binding: 1 (administrative reason)"
    assert phone.detached.cause == revoked
    assert network.ended_sessions == [session.name]
    assert (len(network.gateway.sessions), network.gateway.leases, network.gateway.bindings) == (0, 0, 0)
    (end,) = [report for report in network.reports if report.phrase == "session ended"]
    assert end.details["cause"] == "the AAA server ended it"


def test_session_lasts_as_long_as_the_aaa_server_says_last(network: Network, phone: VirtualUe) -> None:
    (session,) = network.gateway.sessions.all()
    for name, seconds in (("another", 1.0), (session.name, 20.0), (session.name, 5000.0)):
        network.tell_gateway(SessionLimited(name, seconds))
    assert session.until == network.now + 5000.0
    network.run(until=network.now + 45.0)
    assert phone.ping(CORRESPONDENT, pings=1).received == 1


def test_aaa_server_gives_no_more_time_than_a_ue_may_go_without_authenticating() -> None:
    """RFC 4478 §3, auth_lifetime in [pdngw]: the AAA server may shorten it alone."""
    network = Network(responder=responder_policy(auth_lifetime=100))
    network.attach()
    network.run(until=5.0)
    (session,) = network.gateway.sessions.all()
    assert session.began is not None
    for seconds, until in ((50.0, 55.0), (5000.0, session.began + 100.0)):
        network.tell_gateway(SessionLimited(session.name, seconds))
        assert session.until == pytest.approx(until)


def test_ue_that_authenticates_anew_keeps_its_address(network: Network, phone: VirtualUe) -> None:
    """RFC 4478 §3: a new IKE SA takes the place of the old one, and its lease."""
    (session,) = network.gateway.sessions.all()
    held = phone.attached.home_address
    network.tell_gateway(ReauthenticationWanted(session.name))
    assert session.until == network.now + 60.0
    network.run(until=network.now + 5.0)
    again = network.attach()
    network.run(until=network.now + 100.0)
    assert again.attached.home_address == held
    (session,) = network.gateway.sessions.all()
    assert session.until is None


def test_ue_has_no_more_time_to_authenticate_anew_than_it_had(network: Network, phone: VirtualUe) -> None:
    (session,) = network.gateway.sessions.all()
    network.tell_gateway(SessionLimited(session.name, 30.0))
    network.tell_gateway(ReauthenticationWanted(session.name))
    network.tell_gateway(ReauthenticationWanted("another"))
    assert session.until == network.now + 30.0


def test_session_that_is_ended_goes_though_its_ue_says_nothing(network: Network, phone: VirtualUe) -> None:
    (session,) = network.gateway.sessions.all()
    network.silent |= {phone.socket(ue.Channel.IKE), phone.socket(ue.Channel.DSMIP)}
    for _ in range(2):
        network.tell_gateway(SessionAborted(session.name, "the AAA server ended it"))
    network.run(until=300.0)
    assert (len(network.gateway.sessions), network.gateway.leases) == (0, 0)
    (end,) = [report for report in network.reports if report.phrase == "session ended"]
    assert end.details["cause"] == "the AAA server ended it"
    (gone,) = [report for report in network.reports if report.phrase == "binding removed"]
    assert gone.details["cause"] == "the AAA server ended it; the mobile node did not confirm"


def test_usage_of_each_session_is_told_in_its_own_time(network: Network, phone: VirtualUe) -> None:
    """RFC 2869 §5.16: not of all of them at one moment."""
    network.attach(SECOND)
    network.run(until=10.0)
    first, second = (session.began for session in network.gateway.sessions.all())
    assert first is not None
    assert second is not None
    told = []
    for now in (first + 59.9, first + 60.1, first + 60.2, second + 60.1, first + 119.9, first + 120.3):
        network.accounted.clear()
        network.now = now
        network.tell_gateway(UsageWanted(60.0))
        told.append([(record.moment, record.seconds) for record in network.accounted])
    interim = [(Moment.INTERIM, 60)]
    assert told == [[], interim, [], interim, [], [(Moment.INTERIM, 120)]]


def test_gateway_that_stops_at_once_waits_for_no_ue(network: Network, phone: VirtualUe) -> None:
    network.silent.add(phone.socket(ue.Channel.IKE))
    network.tell_gateway(DrainRequested("the gateway stops"))
    network.run(until=7.0)
    assert len(network.gateway.sessions) == 1
    network.tell_gateway(DrainRequested("the gateway stops", at_once=True))
    assert len(network.gateway.sessions) == 0
    assert len(network.ended_sessions) == 1
    network.run(until=300.0)
    assert len(network.ended_sessions) == 1


def test_gateway_that_stops_closes_whoever_is_on_the_way(network: Network) -> None:
    network.relay = lambda _request: None
    network.attach()
    network.run(until=1.0)
    assert len(network.gateway.sessions) == 1
    network.tell_gateway(DrainRequested("the gateway stops"))
    assert len(network.gateway.sessions) == 0
    assert network.ended_sessions == []


@given(octets=binary(max_size=200), channel=sampled_from(Channel))
def test_gateway_says_why_whatever_comes(octets: bytes, channel: Channel) -> None:
    to = DSMIP if channel is Channel.DSMIP else NATT
    effects = QUIET.gateway.handle(DatagramArrived(channel, octets, STRANGER, to), 0.0)
    assert all(isinstance(effect, Send | Report) for effect in effects)
    assert len([effect for effect in effects if isinstance(effect, Report)]) == (octets != b"\xff" or to == DSMIP)


# A home link that others share (RFC 6275 §10.3.1, RFC 6275 §10.4.1)

OURS, THEIRS = bytes.fromhex("02000000000a"), bytes.fromhex("02000000000b")
FIRST = IPv6Address("2001:db8:7::100")


def on_link() -> Network:
    return Network(hss=subscribers(IMSI, SECOND), link_layer=OURS)


def has(address: IPv6Address) -> LinkPacketArrived:
    told = NeighborAdvertisement(source=address, target=address, link_layer=THEIRS, override=True)
    return LinkPacketArrived(advertisement(told))


def intercepted(network: Network) -> list[Intercept | LetGo]:
    return [effect for effect in network.on_link if isinstance(effect, Intercept | LetGo)]


def test_mobile_node_is_intercepted_from_its_binding_to_its_end() -> None:
    network = on_link()
    phone = network.attach()
    network.run(until=5.0)
    assert (phone.attached.home_address, network.gateway.bindings) == (FIRST, 1)
    # it had said meanwhile, as RFC 6275 §11.8 has it, nothing: the answer came within 1.5 s
    assert intercepted(network) == [Intercept(FIRST)]
    assert network.on_link[:2] == [ListenFor(FIRST), SendOnLink(solicitation(FIRST))]
    assert phone.ping(HA_ADDRESS).received == 5
    phone.detach()
    network.run(until=120.0)
    assert intercepted(network)[1:] == [LetGo(FIRST)]


def test_mobile_node_whose_address_somebody_has_is_told_and_gets_another() -> None:
    network = on_link()
    phone = network.attach()
    while not network.on_link:
        network.run(until=network.now + 0.1)
    network.tell_gateway(has(FIRST))
    network.run(until=10.0)
    assert "134" in phone.failed.cause
    assert "address of home link taken" in phrases(network)
    assert any("a node at 02:00:00:00:00:0b has 2001:db8:7::100" in cause for cause in network.causes())
    assert network.gateway.bindings == 0
    assert Intercept(FIRST) not in intercepted(network)
    phone.begin()
    network.run(until=20.0)
    assert phone.attached.home_address == FIRST + 1


def test_ue_without_mobility_is_intercepted_from_its_tunnel_on() -> None:
    network = on_link()
    phone = network.attach(mobility=False)
    network.run(until=5.0)
    assert isinstance(phone.state, OnTheNetwork)
    assert intercepted(network) == [Intercept(FIRST)]
    phone.detach()
    network.run(until=120.0)
    assert intercepted(network)[1:] == [LetGo(FIRST)]


def test_ue_without_mobility_whose_address_somebody_has_is_sent_away() -> None:
    network = on_link()
    phone = network.attach(mobility=False)
    while not network.on_link:
        network.run(until=network.now + 0.1)
    network.tell_gateway(has(FIRST))
    network.run(until=10.0)
    assert not isinstance(phone.state, OnTheNetwork)
    assert len(network.gateway.sessions) == 0
    assert network.reports[-1].details["cause"] == "a node at 02:00:00:00:00:0b has 2001:db8:7::100"


def test_the_home_agents_own_address_is_claimed_and_who_contests_one_is_told_of() -> None:
    network = on_link()
    network.tell_gateway(AddressWanted(HA_ADDRESS, is_own=True))
    network.run(until=2.0)
    assert intercepted(network) == [Intercept(HA_ADDRESS, is_own=True)]
    network.tell_gateway(has(HA_ADDRESS))
    (report,) = network.reports
    assert (report.phrase, report.by_stranger) == ("address of home link contested", True)
    assert report.details["address"] == str(HA_ADDRESS)


def test_without_a_home_link_nothing_is_looked_for(network: Network, phone: VirtualUe) -> None:
    network.tell_gateway(has(phone.attached.home_address))
    network.tell_gateway(AddressWanted(HA_ADDRESS))
    assert network.on_link == []
