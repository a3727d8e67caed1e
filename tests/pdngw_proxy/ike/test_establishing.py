"""The last IKE_AUTH at the responder."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from pdngw_proxy.aaa_link.port import RelayAccept, RelayAnswer
from pdngw_proxy.ike.events import ChildInstalled, Established
from tests.ike_link import HOME_ADDRESS, NAI, IkeLink, ike_link, initiator_policy, responder_policy, stub_aaa
from tests.pdngw_proxy.ike.test_attachment import changed_in_flight, instead, introduced
from tests.pdngw_proxy.ike.test_children import EVERYWHERE, OLD_WORLD
from wire.ciphers import AES_CBC_128
from wire.ikev2.authentication import auth_lifetime
from wire.ikev2.child import Mode
from wire.ikev2.constants import ConfigurationType, NotifyType
from wire.ikev2.message import Message, Payload
from wire.ikev2.payloads.auth import Authentication
from wire.ikev2.payloads.cp import Configuration, ConfigurationAttribute
from wire.ikev2.payloads.notify import Notify
from wire.ikev2.payloads.sa import SecurityAssociation
from wire.ikev2.payloads.ts import TsInitiator, TsResponder
from wire.ikev2.proposal import esp_proposal, offer

HOME_PREFIX = Configuration(ConfigurationType.REQUEST, (ConfigurationAttribute(16),))


def attached(change: Callable[[list[Payload]], list[Payload]]) -> tuple[IkeLink, Message]:
    """A link whose first IKE_AUTH was changed on its way, and the gateway's last answer to the UE's AUTH."""
    link, payloads = introduced()
    link.at_gateway = changed_in_flight(link, change(payloads))
    before = len(link.gateway_effects)
    link.until(lambda: bool(link.seen_by_gateway(Established)))
    assert len(link.gateway_effects) > before
    return link, link.open_last(link.to_ue[-1], by_ue=False)


def test_answer_holds_proof_address_and_child() -> None:
    _, answer = attached(lambda payloads: payloads)
    assert [type(payload) for payload in answer.payloads] == [
        Authentication, Configuration, Notify, SecurityAssociation, TsInitiator, TsResponder,
    ]  # fmt: skip
    reply = answer.find(Configuration)
    assert reply is not None
    assert reply.kind == ConfigurationType.REPLY
    assert reply.attributes == (ConfigurationAttribute.ip6_address(HOME_ADDRESS, 64),)


@pytest.mark.parametrize(
    ("of_aaa", "own", "told"),
    [(None, None, None), (3600, None, 3600), (None, 900, 900), (3600, 900, 900), (60, 900, 60)],
)
def test_ue_is_told_when_it_has_to_authenticate_anew(of_aaa: int | None, own: int | None, told: int | None) -> None:
    """RFC 4478 §3: AUTH_LIFETIME beside AUTH, the shorter of what the AAA server and the configuration say."""
    link = ike_link(responder=responder_policy(auth_lifetime=own))
    link.aaa = lambda ask: _timed(stub_aaa(ask), of_aaa)
    link.connect().until(lambda: bool(link.seen_by_gateway(Established)))
    answer = link.open_last(link.to_ue[-1], by_ue=False)
    assert answer.notify(NotifyType.AUTH_LIFETIME) == (None if told is None else auth_lifetime(told))
    (established,) = link.seen_by_gateway(Established)
    assert established.until == (None if told is None else link.now + told)


def _timed(answer: RelayAnswer, seconds: int | None) -> RelayAnswer:
    return replace(answer, session_timeout=seconds) if isinstance(answer, RelayAccept) else answer


def test_plain_client_gets_a_tunnel_as_its_first_child() -> None:
    """Remote access without mobility: no USE_TRANSPORT_MODE, every protocol."""

    def plainly(payloads: list[Payload]) -> list[Payload]:
        own = [payload for payload in payloads if not isinstance(payload, Notify | TsInitiator | TsResponder)]
        return [*own, TsInitiator((OLD_WORLD, EVERYWHERE)), TsResponder((OLD_WORLD, EVERYWHERE))]

    link, answer = attached(plainly)
    (child,) = link.gateway_children
    assert child.mode is Mode.TUNNEL
    assert [str(selector) for selector in child.remote] == [f"{HOME_ADDRESS}[any]"]
    assert answer.notify(NotifyType.USE_TRANSPORT_MODE) is None


def test_ue_that_asks_for_a_prefix_is_told_its_address() -> None:
    """RFC 5026 §5.3.2: USE_ASSIGNED_HoA with INTERNAL_IP6_ADDRESS, and Child SAs later."""
    link, answer = attached(lambda payloads: [*instead(payloads, Configuration), HOME_PREFIX])
    assert answer.notify(NotifyType.USE_ASSIGNED_HOA) is not None
    reply = answer.find(Configuration)
    assert reply is not None
    assert reply.attributes == (ConfigurationAttribute.ip6_address(HOME_ADDRESS, 64),)
    assert link.gateway_children == []
    assert link.refused == []


@pytest.mark.parametrize(
    ("payload", "error"),
    [
        (SecurityAssociation(offer((esp_proposal((), ()),), b"\0\0\1\0")), NotifyType.NO_PROPOSAL_CHOSEN),
        (SecurityAssociation(offer((esp_proposal((AES_CBC_128,), ()),), b"\0\0\1\0")), NotifyType.NO_PROPOSAL_CHOSEN),
    ],
)
def test_denied_child_leaves_the_ike_sa(payload: Payload, error: NotifyType) -> None:
    """RFC 7296 §1.2: the IKE SA is created even when its first Child SA is not."""
    link, answer = attached(lambda payloads: [*instead(payloads, SecurityAssociation), payload])
    assert answer.notify(error) is not None
    assert answer.find(Authentication) is not None
    assert link.seen_by_gateway(ChildInstalled) == []
    assert link.refused[0].startswith(f"{NAI}: no common ESP proposal")
    link.run(link.now + 1)
    assert link.closed == f"the gateway makes no Child SA: {error.name}"


def test_ue_and_gateway_without_common_esp_part() -> None:
    policy = initiator_policy(esp_proposals=(esp_proposal((AES_CBC_128,), ()),))
    link = ike_link(initiator=policy).connect().run(2.0)
    assert link.closed == "the gateway makes no Child SA: NO_PROPOSAL_CHOSEN"
    assert not link.ue_children
