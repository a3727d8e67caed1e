"""How an IKE SA of the responder ends."""

from pdngw_proxy.ike import ending
from pdngw_proxy.ike.events import Closed, Refused, Transmit
from pdngw_proxy.ike.states import AwaitingIdentity, Ended, Lingering
from tests.ike_link import responder_policy
from tests.pdngw_proxy.test_ike_responder import at, responder
from wire.ikev2.constants import ExchangeType


def test_refusal_is_said_told_and_lingers() -> None:
    link = at(AwaitingIdentity)
    link.ue_says(ExchangeType.IKE_AUTH, message_id=1)
    kinds = [type(effect) for effect in link.gateway_effects[-3:]]
    assert kinds == [Transmit, Refused, Closed]
    state = responder(link).state
    assert isinstance(state, Lingering)
    assert state.until == link.now + responder_policy().linger


def test_half_open_sa_has_only_its_closing_word() -> None:
    state = responder(at(AwaitingIdentity)).state
    assert isinstance(state, AwaitingIdentity)
    assert ending.gone(state, "over") == [Closed("over")]
    assert ending.end(state, "over") == (Ended(), [Closed("over")])


def test_what_lingers_has_had_its_closing_word() -> None:
    state = responder(at(AwaitingIdentity)).state
    assert isinstance(state, AwaitingIdentity)
    assert ending.gone(Lingering(state.sa, 1.0), "over") == []
