"""An attach that cannot succeed: the UE names step and cause, the gateway logs one line, nothing stays."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from ipaddress import IPv6Network

import pytest

from hss.api import Refusal, ServiceRefused
from pdngw_proxy.aaa_link.port import RelayUnavailable
from tests.aaa.memory_hss import MemoryHss, usim
from tests.network import AGENT, DNS, DSMIP, NATT, Network, assert_nothing_is_left, responder_policy
from ue_sim.ue_events import Detached, Step
from wire.identity import Imsi
from wire.ikev2.constants import TransformType
from wire.ikev2.payloads.sa import Proposal, Transform
from wire.ikev2.proposal import IKE_PROPOSALS
from wire.secret import Secret

OTHER_IMSI = Imsi("001010000000002")


@dataclass(frozen=True)
class Failure:
    """A network and a UE that do not come together: at which step, what the UE says, what the gateway's log says."""

    step: Step
    said: str
    logged: str | None
    network: Callable[[], Network] = Network
    changes: Mapping[str, object] = field(default_factory=dict)


def only_modp_6144() -> Proposal:
    """A proposal like our own but for its group, which no UE offers."""
    kept = [one for one in IKE_PROPOSALS[0].transforms if one.kind != TransformType.DH]
    return replace(IKE_PROPOSALS[0], transforms=(*kept, Transform(TransformType.DH, 17)))


def refusing(refusal: Refusal) -> MemoryHss:
    hss = MemoryHss()
    hss.refuse_vectors = ServiceRefused(refusal)
    return hss


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
        "the gateway answers IKE_AUTH with NETWORK_FAILURE",
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
        Step.EAP,
        "no trusted authority signed it",
        "the UE says AUTHENTICATION_FAILED",
        lambda: Network(responder=responder_policy(authority=2)),
    ),
    "wrong gateway name": Failure(
        Step.EAP,
        "the gateway calls itself elsewhere.example, not internet or pgw.epc.mnc001.mcc001.3gppnetwork.org",
        "the UE says AUTHENTICATION_FAILED",
        lambda: Network(responder=responder_policy("elsewhere.example", name="elsewhere.example")),
    ),
    "no common IKE proposal": Failure(
        Step.IKE_SA_INIT,
        "the gateway answers IKE_SA_INIT with NO_PROPOSAL_CHOSEN",
        "no common IKE proposal",
        lambda: Network(responder=responder_policy(ike_proposals=(only_modp_6144(),))),
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
