"""CREATE_CHILD_SA at the initiator."""

from ipaddress import IPv6Network

import pytest

from tests.ike_link import HOME_ADDRESS, IkeLink, ike_link
from ue_sim.ike.events import ChildRefused, ChildRequested
from ue_sim.ike.states import Connected
from wire.ikev2.child import Mode
from wire.ikev2.constants import ExchangeType, NotifyType
from wire.ikev2.message import Payload
from wire.ikev2.payloads.ke import KeyExchange
from wire.ikev2.payloads.nonce import Nonce
from wire.ikev2.payloads.notify import Notify
from wire.ikev2.payloads.sa import SecurityAssociation
from wire.ikev2.payloads.ts import TsInitiator, TsResponder
from wire.ikev2.selectors import MOBILITY_HEADER, TrafficSelector

CREATE = ExchangeType.CREATE_CHILD_SA
OWN, EVERYWHERE = TrafficSelector.address(HOME_ADDRESS), TrafficSelector.network(IPv6Network("::/0"))
DATA = ChildRequested(Mode.TUNNEL, (OWN,), (EVERYWHERE,))


def asked(wish: ChildRequested = DATA) -> IkeLink:
    """A UE that has asked for a child, of a gateway that is then cut off."""
    link = ike_link().connect().run(1.0)
    link.at_ue = lambda _: None
    link.tell_ue(wish)
    return link.run(1.1)


def granted(link: IkeLink) -> list[Payload]:
    return list(link.open_last(link.to_ue[-1], by_ue=False).payloads)


def test_request_holds_what_the_exchange_wants() -> None:
    link = asked()
    message = link.open_last(link.to_gateway[-1], by_ue=True)
    assert [type(payload) for payload in message.payloads] == [
        SecurityAssociation,
        Nonce,
        KeyExchange,
        TsInitiator,
        TsResponder,
    ]
    assert message.find(TsInitiator) == TsInitiator((OWN,))


def test_request_for_transport_mode_says_so() -> None:
    mobility = TrafficSelector.address(HOME_ADDRESS, MOBILITY_HEADER)
    everywhere = TrafficSelector.network(IPv6Network("::/0"), MOBILITY_HEADER)
    link = asked(ChildRequested(Mode.TRANSPORT, (mobility,), (everywhere,)))
    message = link.open_last(link.to_gateway[-1], by_ue=True)
    assert message.notify(NotifyType.USE_TRANSPORT_MODE) is not None
    link.gateway_says(CREATE, *granted(link), message_id=5, response=True)
    assert [child.mode for child in link.ue_children] == [Mode.TRANSPORT] * 2


def test_both_ends_install_the_same_child() -> None:
    link = asked()
    link.gateway_says(CREATE, *granted(link), message_id=5, response=True)
    mine, theirs = link.ue_children[-1], link.gateway_children[-1]
    assert (mine.keys_in, mine.keys_out) == (theirs.keys_out, theirs.keys_in)
    assert (mine.spi_in, mine.spi_out) == (theirs.spi_out, theirs.spi_in)
    assert (mine.local, mine.remote) == (theirs.remote, theirs.local) == ((OWN,), (EVERYWHERE,))
    assert mine.keys_in not in (link.ue_children[0].keys_in, link.ue_children[0].keys_out)


@pytest.mark.parametrize(
    ("drop", "add", "cause"),
    [
        (SecurityAssociation, (), "without SA"),
        (Nonce, (), "without Nonce"),
        (TsResponder, (), "not within ours"),
        (Notify, (Notify(NotifyType.USE_TRANSPORT_MODE),), "does not agree to tunnel mode"),
        (Notify, (Notify(NotifyType.NO_ADDITIONAL_SAS),), "makes no Child SA: NO_ADDITIONAL_SAS"),
    ],
)
def test_ue_refuses_what_it_did_not_ask_for(drop: type[object], add: tuple[Payload, ...], cause: str) -> None:
    link = asked()
    payloads = [payload for payload in granted(link) if not isinstance(payload, drop)]
    link.gateway_says(CREATE, *payloads, *add, message_id=5, response=True)
    (refused,) = link.seen_by_ue(ChildRefused)
    assert cause in refused.cause
    assert isinstance(link.ue.state, Connected)
    assert len(link.ue_children) == 1
