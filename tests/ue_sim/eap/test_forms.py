"""The forms of a UE's identities, and what a home network makes of each."""

from random import Random

import pytest

from aaa.eap.policy import AkaPolicy
from aaa.identities.privacy import reveal
from aaa.identities.sealed import SealedIdentities
from tests.aaa.identities.keyrings import KEYRING, NOW
from tests.aaa.identities.test_privacy import KEY
from tests.aaa.memory_hss import IMSI, PLMN
from tests.network import Network, VirtualUe
from ue_sim.eap.forms import IdentityForm
from ue_sim.eap.temporary import PERMANENT, Kept, Names
from ue_sim.ue_events import OnTheNetwork, ReauthenticationRequested, Step, StepTaken
from wire.identity import EapMethod
from wire.ikev2.constants import IdType

HOME = "nai.epc.mnc001.mcc001.3gppnetwork.org"
ROOT = f"0001010000000001@{HOME}"
VISITED = IdentityForm(visited_realm="wlan.mnc002.mcc002.3gppnetwork.org")
PRIVATE = IdentityForm(privacy_key=KEY.public_key())


def attached(network: Network, **changes: object) -> VirtualUe:
    phone = network.attach(IMSI, usim=None, **changes)
    network.run(until=5.0)
    return phone


def shown(phone: VirtualUe) -> str:
    """What IDi carried."""
    (said,) = (taken.evidence for taken in phone.said(StepTaken) if taken.step is Step.EAP)
    return said["identity"]


def opener() -> SealedIdentities:
    """The identities of an AAA server that has the operator's private key."""
    return SealedIdentities(keyring=lambda: KEYRING, clock=lambda: NOW, random=Random(1).randbytes, privacy_keys=(KEY,))


@pytest.mark.parametrize(("lead", "method"), [("0", EapMethod.AKA), ("6", EapMethod.AKA_PRIME)])
def test_first_digit_announces_the_method(lead: str, method: EapMethod) -> None:
    """TS 23.003 §19.3.2."""
    phone = attached(Network(), form=IdentityForm(lead), methods=(method,))
    assert type(phone.state) is OnTheNetwork
    assert shown(phone) == lead + ROOT[1:]


def test_first_digit_of_a_method_that_the_ue_has_not_leads_nowhere() -> None:
    network = Network()
    phone = attached(network, form=IdentityForm("6"), methods=(EapMethod.AKA,))
    assert phone.failed.step is Step.EAP


def test_way_through_a_visited_network_is_in_idi_alone() -> None:
    """TS 23.003 §14.4; RFC 4187 §4.1.1.4: the server asks, and AT_IDENTITY is without it."""
    network = Network()
    phone = attached(network, form=VISITED)
    assert type(phone.state) is OnTheNetwork
    assert shown(phone) == f"{HOME}!0001010000000001@{VISITED.visited_realm}"


@pytest.mark.parametrize("asks", [True, False])
def test_permanent_identity_under_the_operators_key_is_never_seen(asks: bool) -> None:
    network = Network(identities=opener(), policy=AkaPolicy(always_ask_identity=asks))
    phone = attached(network, form=PRIVATE)
    assert type(phone.state) is OnTheNetwork
    assert shown(phone) == f"anonymous@{HOME}"
    phone.tell(ReauthenticationRequested())
    network.run(until=network.now + 5.0)
    assert type(phone.state) is OnTheNetwork
    assert len(network.hss.vector_requests) == 1, "the second time by what the network gave"


def test_network_without_the_private_key_does_not_know_the_user() -> None:
    phone = attached(Network(), form=PRIVATE)
    assert phone.failed.step is Step.EAP


def test_server_reads_what_was_encrypted() -> None:
    names = Names(IMSI, PLMN, Kept(), PRIVATE)
    sent = names.show(EapMethod.AKA, PERMANENT)
    assert reveal(sent.identity, [KEY]) == sent.keyed == ROOT.encode()
    assert names.show(EapMethod.AKA, PERMANENT).identity != sent.identity


@pytest.mark.parametrize("id_type", [IdType.RFC822_ADDR, IdType.FQDN, IdType.KEY_ID])
def test_idi_may_call_the_identity_what_it_likes(id_type: IdType) -> None:
    """RFC 7296 §3.5."""
    phone = attached(Network(), id_type=id_type)
    assert type(phone.state) is OnTheNetwork
    assert shown(phone) == ROOT


def test_identity_without_a_realm_is_left_as_it_is() -> None:
    assert VISITED.decorated(b"nobody") == b"nobody"
