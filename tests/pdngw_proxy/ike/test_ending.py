"""How an IKE SA of the responder ends."""

from pdngw_proxy.ike import ending
from pdngw_proxy.ike.events import ChildRemoved, Closed, Refused, Transmit
from pdngw_proxy.ike.states import AwaitingIdentity, Connected, Ended, Lingering
from tests.ike_link import IkeLink, ike_link, responder_policy
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


def test_children_go_before_the_word_that_closes() -> None:
    state = responder(_connected()).state
    assert isinstance(state, Connected)
    assert ending.gone(state, "over") == [ChildRemoved(state.children[0].spi_in), Closed("over")]
    assert ending.end(state, "over") == (Ended(), ending.gone(state, "over"))


def test_half_open_sa_has_only_its_closing_word() -> None:
    state = responder(at(AwaitingIdentity)).state
    assert isinstance(state, AwaitingIdentity)
    assert ending.gone(state, "over") == [Closed("over")]


def test_what_lingers_has_had_its_closing_word() -> None:
    state = responder(at(AwaitingIdentity)).state
    assert isinstance(state, AwaitingIdentity)
    assert ending.gone(Lingering(state.sa, 1.0), "over") == []


def _connected() -> IkeLink:
    return ike_link().connect().run(1.0)
