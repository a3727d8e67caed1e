"""UE, DNS, PDN GW, AAA server and HSS together: attach, tunnel and detach, through whatever a network does to them."""

import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from ipaddress import IPv4Address, IPv6Address, IPv6Network
from random import Random

import pytest

from hss.api import ApnProfile, Refusal, ServiceRefused
from pdngw_proxy.aaa_link.port import RelayUnavailable
from pdngw_proxy.gateway_events import DrainRequested
from tests.aaa.memory_hss import IMSI, MemoryHss, Subscriber, profile, usim
from tests.house.source_tree import ROOT
from tests.network import (
    AGENT,
    CORRESPONDENT,
    DNS,
    DSMIP,
    HA_ADDRESS,
    NATT,
    Network,
    VirtualUe,
    responder_policy,
    subscribers,
)
from ue_sim.pinger import EchoTimed
from ue_sim.ue_events import AttachFailed, Channel, Detached, OnTheNetwork, Step, StepTaken
from wire.identity import EapMethod, Imsi
from wire.ikev2.association import Association
from wire.ikev2.child import Mode
from wire.ikev2.constants import DhGroup, TransformType
from wire.ikev2.nat import Endpoint
from wire.ikev2.payloads.sa import Proposal, Transform
from wire.ikev2.proposal import IKE_PROPOSALS
from wire.ip.ipv6 import PROTO_IPV6, PROTO_UDP, Ipv6Packet
from wire.mip6.binding_update import BindingFlag, BindingUpdate
from wire.mip6.encapsulation import seal_mobility
from wire.mip6.messages import build_message
from wire.secret import Secret

ATTACH = 16
"""Datagrams from the first DNS query to the Binding Acknowledgement, where none is lost."""

OTHER_IMSI = Imsi("001010000000002")
FIRST_ADDRESS = IPv6Address("2001:db8:7::100")


def attached(network: Network, imsi: Imsi = IMSI) -> VirtualUe:
    phone = network.attach(imsi)
    network.run(until=network.now + 2.0)
    assert isinstance(phone.state, OnTheNetwork), phone.said(AttachFailed)
    return phone


def assert_nothing_is_left(network: Network) -> None:
    gateway = network.gateway
    assert (gateway.bindings, gateway.leases, len(gateway.sessions)) == (0, 0, 0)
    network.run(until=network.now + 300.0)
    assert gateway.deadline is None


def refusing(refusal: Refusal) -> MemoryHss:
    hss = MemoryHss()
    hss.refuse_vectors = ServiceRefused(refusal)
    return hss


# The good way


def test_ue_attaches_in_eight_steps_and_pings() -> None:
    network = Network()
    phone = attached(network)
    assert phone.steps == [1, 2, 3, 4, 5, 6, 7]
    assert len(network.sent) == ATTACH
    assert (phone.attached.home_address, phone.attached.ha_address) == (FIRST_ADDRESS, HA_ADDRESS)
    assert network.gateway.bindings == 1
    assert phone.ping(HA_ADDRESS).received == 5
    assert phone.ping(CORRESPONDENT).received == 5
    assert network.causes() == []


def test_detach_frees_the_binding_and_the_home_address() -> None:
    network = Network()
    phone = attached(network)
    phone.detach()
    network.run(until=network.now + 1.0)
    assert phone.is_off
    assert phone.detached == Detached("detached")
    assert len(network.ended_sessions) == 1
    assert_nothing_is_left(network)


def test_ue_attaches_again_after_it_left() -> None:
    network = Network()
    phone = attached(network)
    phone.detach()
    network.run(until=network.now + 1.0)
    phone.begin()
    network.run(until=network.now + 1.0)
    assert phone.steps == [1, 2, 3, 4, 5, 6, 7] * 2
    assert phone.ping(HA_ADDRESS).received == 5


@pytest.mark.parametrize("method", [EapMethod.AKA, EapMethod.AKA_PRIME])
def test_ue_says_by_which_method_it_was_authenticated(method: EapMethod) -> None:
    network = Network()
    phone = network.attach(methods=(method,))
    network.run(until=2.0)
    (eap,) = (taken.evidence for taken in phone.said(StepTaken) if taken.step is Step.EAP)
    assert eap["method"] == {EapMethod.AKA: "EAP-AKA", EapMethod.AKA_PRIME: "EAP-AKA'"}[method]
    assert eap["Session-Id"].startswith(f"{method.value:02x}")


def test_card_that_is_ahead_is_resynchronised() -> None:
    network = Network()
    phone = network.attach(usim=usim(seq=5000))
    network.run(until=2.0)
    assert isinstance(phone.state, OnTheNetwork)
    asked = [request.resynchronisation for request in network.hss.vector_requests]
    assert asked[0] is None
    assert asked[1] is not None


def test_home_address_of_the_profile_is_the_one_assigned() -> None:
    static = IPv6Address("2001:db8:7::77")
    hss = MemoryHss(Subscriber(profile(ApnProfile(1, "internet", home_address=static))))
    phone = attached(Network(hss=hss))
    assert phone.attached.home_address == static
    assert phone.ping(HA_ADDRESS).received == 5


def test_two_subscribers_reach_each_other_through_the_home_agent() -> None:
    network = Network(hss=subscribers(IMSI, OTHER_IMSI))
    one, other = attached(network), attached(network, OTHER_IMSI)
    assert one.attached.home_address != other.attached.home_address
    assert one.ping(other.attached.home_address).received == 5
    assert network.gateway.bindings == 2


def test_ue_behind_a_nat_is_reached_and_told_of_it() -> None:
    network = Network(nat=IPv4Address("203.0.113.9"))
    phone = attached(network)
    (binding,) = (taken.evidence for taken in phone.said(StepTaken) if taken.step is Step.BINDING_ACK)
    assert binding["NAT"] == "detected"
    assert phone.ping(HA_ADDRESS).received == 5


def test_binding_is_renewed_for_hours() -> None:
    network = Network()
    phone = attached(network)
    network.run(until=3 * 3600.0)
    assert network.gateway.bindings == 1
    assert phone.ping(HA_ADDRESS).received == 5


# Loss, duplication, reordering


@pytest.mark.parametrize("lost", range(ATTACH))
def test_attach_survives_a_lost_datagram(lost: int) -> None:
    network = Network(lose=[lost])
    phone = network.attach()
    network.run(until=10.0)
    assert isinstance(phone.state, OnTheNetwork), phone.said(AttachFailed)
    assert phone.ping(HA_ADDRESS).received == 5


@pytest.mark.parametrize("lost", range(4))
def test_detach_survives_a_lost_datagram(lost: int) -> None:
    network = Network()
    phone = attached(network)
    network.lose = {len(network.sent) + lost}
    phone.detach()
    network.run(until=network.now + 30.0)
    assert phone.detached == Detached("detached")
    assert_nothing_is_left(network)


@pytest.mark.parametrize("seed", range(12))
def test_ue_comes_and_goes_through_a_bad_network(seed: int) -> None:
    network = Network(seed, loss=0.2, duplicate=0.2, reorder=0.2)
    phone = network.attach(give_up_after=40.0)
    network.run(until=60.0)
    assert isinstance(phone.state, OnTheNetwork), phone.said(AttachFailed)
    assert phone.ping(HA_ADDRESS, pings=20).received >= 5
    phone.detach()
    network.run(until=network.now + 600.0)
    assert phone.is_off
    assert_nothing_is_left(network)


def test_every_datagram_twice_changes_nothing() -> None:
    network = Network(duplicate=1.0)
    phone = attached(network)
    assert phone.steps == [1, 2, 3, 4, 5, 6, 7]
    assert phone.ping(HA_ADDRESS).received == len(phone.said(EchoTimed)) == 5
    assert len(network.hss.vector_requests) == 1
    assert (network.gateway.leases, len(network.gateway.sessions)) == (1, 1)


@pytest.mark.parametrize("trouble", [0.0, 0.2])
def test_same_seed_gives_the_same_octets(trouble: float) -> None:
    assert story(1, trouble) == story(1, trouble)
    assert story(1, trouble) != story(2, trouble)


def test_octets_do_not_depend_on_the_order_of_sets() -> None:
    code = "from tests.pairs.test_network import story; print(hash('x')); print(story(1, 0.2))"
    told = [
        subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "PYTHONHASHSEED": hash_seed},
            cwd=ROOT,
            check=True,
            capture_output=True,
            text=True,
        ).stdout.partition("\n")
        for hash_seed in ("1", "2")
    ]
    assert told[0][0] != told[1][0]
    assert told[0][2] == told[1][2]


def story(seed: int, trouble: float) -> str:
    """The transcript of a UE that attaches, pings and leaves, where each trouble has the same probability."""
    network = Network(seed, loss=trouble, duplicate=trouble, reorder=trouble)
    phone = network.attach()
    network.run(until=30.0)
    phone.ping(HA_ADDRESS)
    phone.detach()
    network.run(until=network.now + 30.0)
    return network.transcript


# Failures


@dataclass(frozen=True)
class Failure:
    """A network and a UE that do not come together: at which step, what the UE says, what the gateway's log says."""

    step: Step
    said: str
    logged: str | None
    network: Callable[[], Network] = Network
    changes: Mapping[str, object] = field(default_factory=dict)


def only_modp_3072() -> Proposal:
    """A proposal like our own but for its group, which no UE offers."""
    kept = [one for one in IKE_PROPOSALS[0].transforms if one.kind != TransformType.DH]
    return replace(IKE_PROPOSALS[0], transforms=(*kept, Transform(TransformType.DH, DhGroup.MODP_3072)))


FAILURES = {
    "wrong K": Failure(
        Step.EAP,
        "MAC of AUTN is wrong: the network does not hold the USIM's key",
        "the UE rejects the network's AUTN",
        changes={"usim": usim(k=Secret(bytes(16)))},
    ),
    "unknown IMSI": Failure(
        Step.EAP, "the network notified 16384: general failure", "user unknown", changes={"imsi": OTHER_IMSI}
    ),
    "barred": Failure(
        Step.EAP,
        "the network notified 16384: general failure",
        "subscriber barred",
        lambda: Network(hss=refusing(Refusal.SUBSCRIBER_BARRED)),
    ),
    "APN not subscribed": Failure(
        Step.EAP,
        "the network notified 1031: not subscribed to the service",
        "APN not subscribed",
        changes={"apn": "ims"},
    ),
    "HSS unavailable": Failure(
        Step.EAP,
        "the network notified 16384: general failure",
        "the HSS does not answer",
        lambda: Network(hss=refusing(Refusal.UNAVAILABLE)),
    ),
    "AAA unavailable": Failure(
        Step.EAP,
        "the gateway answers IKE_AUTH with AUTHENTICATION_FAILED",
        "no AAA server answered in 10 s",
        lambda: Network(aaa=lambda _: RelayUnavailable("no AAA server answered in 10 s")),
    ),
    "AAA silent": Failure(
        Step.EAP,
        "waited in vain for the gateway's certificate and AUTH",
        "waited in vain for the AAA server",
        lambda: Network(aaa=lambda _: None),
    ),
    "wrong CA": Failure(
        Step.EAP, "no trusted authority signed it", None, lambda: Network(responder=responder_policy(authority=2))
    ),
    "wrong gateway name": Failure(
        Step.EAP,
        "the gateway calls itself elsewhere.example, not internet or pgw.epc.mnc001.mcc001.3gppnetwork.org",
        None,
        lambda: Network(responder=responder_policy("elsewhere.example", name="elsewhere.example")),
    ),
    "no common IKE proposal": Failure(
        Step.IKE_SA_INIT,
        "the gateway answers IKE_SA_INIT with NO_PROPOSAL_CHOSEN",
        "no common IKE proposal",
        lambda: Network(responder=responder_policy(ike_proposals=(only_modp_3072(),))),
    ),
    "no common ESP proposal": Failure(
        Step.IPSEC_SA,
        "the gateway makes no Child SA: NO_PROPOSAL_CHOSEN",
        "no common ESP proposal",
        lambda: Network(responder=responder_policy(esp_proposals=())),
    ),
    "no tunnel": Failure(
        Step.IPSEC_SA,
        "the gateway makes no Child SA: NO_ADDITIONAL_SAS",
        "has 1 Child SAs already",
        lambda: Network(responder=responder_policy(child_limit=1)),
    ),
    "no Home Address": Failure(
        Step.HOME_ADDRESS,
        "the gateway assigns no Home Address: INTERNAL_ADDRESS_FAILURE",
        "no Home Address of 2001:db8:7::/127 is free",
        lambda: Network(agent=replace(AGENT, home_prefix=IPv6Network("2001:db8:7::/127"))),
    ),
    "binding refused": Failure(
        Step.BINDING_ACK,
        "the home agent 2001:db8:7::1 refused: status 130 (insufficient resources)",
        "status 130 (insufficient resources)",
        lambda: Network(agent=replace(AGENT, most_bindings=0)),
    ),
    "DNS silent": Failure(
        Step.DISCOVERY,
        "no DNS answer for internet.ha-apn.mnc001.mcc001.pub.3gppnetwork.org after 7 s",
        None,
        lambda: Network(silent=[DNS]),
    ),
    "gateway silent": Failure(
        Step.IKE_SA_INIT, "waited in vain for the gateway's IKE_SA_INIT", None, lambda: Network(silent=[NATT])
    ),
    "home agent silent": Failure(
        Step.BINDING_ACK,
        "no Binding Acknowledgement from 2001:db8:7::1: 20.0 s after 4 Binding Updates",
        None,
        lambda: Network(silent=[DSMIP]),
    ),
}


@pytest.mark.parametrize("failure", FAILURES.values(), ids=FAILURES.keys())
def test_failed_attach_names_the_step_and_the_cause(failure: Failure) -> None:
    network = failure.network()
    phone = network.attach(**failure.changes)  # type: ignore[arg-type]
    network.run(until=60.0)
    assert phone.failed.step is failure.step
    assert failure.said in phone.failed.cause
    assert phone.steps == list(range(1, failure.step.value))
    assert phone.is_off
    assert phone.detached == Detached(phone.failed.cause)


@pytest.mark.parametrize("failure", FAILURES.values(), ids=FAILURES.keys())
def test_failed_attach_is_one_line_at_the_gateway_and_leaves_nothing(failure: Failure) -> None:
    network = failure.network()
    network.attach(**failure.changes)  # type: ignore[arg-type]
    network.run(until=60.0)
    assert_nothing_is_left(network)
    if failure.logged is None:
        assert network.causes() == []
    else:
        (cause,) = network.causes()
        assert failure.logged in cause
    accepted = failure.step.value > Step.EAP.value
    assert len(network.ended_sessions) == accepted


# Those who misbehave, and those who vanish


def test_gateway_forgets_a_ue_that_vanished() -> None:
    network = Network()
    phone = attached(network)
    network.silent = {phone.socket(channel) for channel in Channel} | {NATT, DSMIP}
    network.run(until=network.now + 200.0)
    assert phone.is_off
    assert len(network.ended_sessions) == 1
    assert_nothing_is_left(network)


def test_ue_is_told_when_the_gateway_stops() -> None:
    network = Network()
    phone = attached(network)
    network.tell_gateway(DrainRequested("the gateway stops"))
    network.run(until=network.now + 1.0)
    assert phone.detached == Detached("the gateway deleted the IKE SA")
    assert_nothing_is_left(network)


def test_subscriber_who_comes_again_keeps_the_home_address_and_ends_the_older_session() -> None:
    network = Network()
    older = attached(network)
    newer = attached(network)
    assert older.attached.home_address == newer.attached.home_address
    assert older.detached == Detached("the gateway deleted the IKE SA")
    assert (network.gateway.leases, network.gateway.bindings, len(network.ended_sessions)) == (1, 1, 1)
    assert newer.ping(HA_ADDRESS).received == 5


def test_binding_update_for_a_foreign_home_address_is_refused_with_one_line() -> None:
    network = Network(hss=subscribers(IMSI, OTHER_IMSI))
    victim, thief = attached(network), attached(network, OTHER_IMSI)
    stolen, sent = victim.attached.home_address, len(network.sent)
    flags = BindingFlag.ACKNOWLEDGE | BindingFlag.HOME_REGISTRATION
    update = BindingUpdate(sequence=60000, flags=flags, lifetime=0)
    transport = association(thief, Mode.TRANSPORT)
    forged = seal_mobility(build_message(update, stolen, HA_ADDRESS), stolen, HA_ADDRESS, transport.outbound)
    network.send(thief.socket(Channel.DSMIP), DSMIP, forged)
    network.run(until=network.now + 1.0)
    assert len(network.sent) == sent + 1
    (cause,) = network.causes()
    assert str(stolen) in cause
    assert network.gateway.bindings == 2
    assert victim.ping(HA_ADDRESS).received == 5


def test_packet_with_a_foreign_source_does_not_leave_the_tunnel() -> None:
    network = Network(hss=subscribers(IMSI, OTHER_IMSI))
    victim, thief = attached(network), attached(network, OTHER_IMSI)
    sent = len(network.sent)
    spoofed = Ipv6Packet(
        source=victim.attached.home_address, destination=CORRESPONDENT, next_header=PROTO_UDP, payload=bytes(8)
    )
    sealed = association(thief, Mode.TUNNEL).outbound.seal(spoofed.build(), PROTO_IPV6)
    network.send(thief.socket(Channel.IKE), NATT, sealed)
    network.run(until=network.now + 1.0)
    assert len(network.sent) == sent + 1
    (cause,) = network.causes()
    assert str(victim.attached.home_address) in cause


def test_gateway_serves_on_through_noise() -> None:
    network = Network()
    noise = Random(5)
    phone = attached(network)
    good = [datagram.octets for datagram in network.sent]
    stranger = Endpoint(IPv4Address("198.51.100.1"), 4500)
    for number in range(500):
        octets = bytearray(noise.choice(good))
        octets[noise.randrange(len(octets))] ^= 1 << noise.randrange(8)
        network.send(stranger, (NATT, DSMIP)[number % 2], bytes(octets))
        network.send(DNS, phone.socket(noise.choice(list(Channel))), bytes(octets))
    network.run(until=network.now + 1.0)
    assert phone.ping(HA_ADDRESS).received == 5
    assert network.gateway.bindings == 1
    assert isinstance(phone.state, OnTheNetwork)
    assert phone.said(AttachFailed) == []


def association(phone: VirtualUe, mode: Mode) -> Association:
    """The UE's own end of its security association, in the hands of somebody who breaks the rules."""
    connection = phone.machine._connection
    found = (connection.transport if mode is Mode.TRANSPORT else connection.tunnel) if connection else None
    assert found is not None
    return found
