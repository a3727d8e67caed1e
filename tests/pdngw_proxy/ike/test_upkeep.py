"""The responder's IKE SA after it is up."""

from ipaddress import IPv6Address

import pytest

from pdngw_proxy.ike.events import ChildRemoved, CloseRequested, DatagramArrived, PathSeen, PeerMoved, Transmit
from pdngw_proxy.ike.policy import MoveCheck
from pdngw_proxy.ike.states import Connected
from pdngw_proxy.ike.table import SaEvent
from tests.ike_link import GATEWAY, UE, IkeLink, ike_link, initiator_policy, responder_policy
from tests.pdngw_proxy.ike.test_children import EVERYWHERE, NONCE, PLAIN
from tests.pdngw_proxy.test_ike_responder import responder, upkeep
from wire.ikev2.constants import ExchangeType, NotifyType, ProtocolId
from wire.ikev2.message import Payload
from wire.ikev2.nat import Endpoint
from wire.ikev2.payloads.delete import Delete
from wire.ikev2.payloads.notify import Notify
from wire.ikev2.payloads.ts import TsInitiator, TsResponder
from wire.ikev2.upkeep.states import Asking

INFORMATIONAL, CREATE = ExchangeType.INFORMATIONAL, ExchangeType.CREATE_CHILD_SA
WISH: tuple[Payload, ...] = (PLAIN, NONCE, TsInitiator((EVERYWHERE,)), TsResponder((EVERYWHERE,)))


def connected(**changes: object) -> IkeLink:
    return ike_link(responder=responder_policy(**changes)).connect().run(1.0)


def answer(link: IkeLink) -> list[Payload]:
    return list(link.open_last(link.to_ue[-1], by_ue=False).payloads)


def test_gateway_deletes_its_half_when_the_ue_deletes_the_other() -> None:
    link = connected()
    (child,) = link.gateway_children
    link.ue_says(INFORMATIONAL, Delete(ProtocolId.ESP, (child.spi_out.to_bytes(4, "big"),), 4), message_id=5)
    assert answer(link) == [Delete(ProtocolId.ESP, (child.spi_in.to_bytes(4, "big"),), 4)]
    assert link.seen_by_gateway(ChildRemoved) == [ChildRemoved(child.spi_in)]


def test_gateway_deletes_nothing_that_is_not_there() -> None:
    link = connected()
    link.ue_says(INFORMATIONAL, Delete(ProtocolId.ESP, (b"\0\0\x09\x09",), 4), message_id=5)
    link.ue_says(INFORMATIONAL, Delete(ProtocolId.AH, (b"\0\0\x09\x09",), 4), message_id=6)
    assert answer(link) == []
    assert link.seen_by_gateway(ChildRemoved) == []


def test_gateway_passes_over_words_that_change_nothing() -> None:
    link = connected()
    link.ue_says(INFORMATIONAL, Notify(NotifyType.INVALID_SELECTORS), Notify(300), message_id=5)
    assert answer(link) == []
    assert isinstance(responder(link).state, Connected)


def test_gateway_lets_a_child_be_rekeyed() -> None:
    """RFC 7296 §1.3.3, §2.8: a new pair first, then Delete of the old one."""
    link = connected()
    (old,) = link.gateway_children
    spi = old.spi_out.to_bytes(4, "big")
    link.ue_says(CREATE, Notify(NotifyType.REKEY_SA, b"", ProtocolId.ESP, spi), *WISH, message_id=5)
    assert len(link.gateway_children) == 2
    link.ue_says(INFORMATIONAL, Delete(ProtocolId.ESP, (spi,), 4), message_id=6)
    assert link.seen_by_gateway(ChildRemoved) == [ChildRemoved(old.spi_in)]
    state = responder(link).state
    assert isinstance(state, Connected)
    assert [child.spi_in for child in state.upkeep.children] == [link.gateway_children[-1].spi_in]


@pytest.mark.parametrize("check", [MoveCheck.BEFORE, MoveCheck.AFTER, None])
def test_gateway_sees_that_a_ue_is_where_it_says(check: MoveCheck | None) -> None:
    """RFC 4555 §3.7: COOKIE2 goes to the new place, and comes back before ESP follows or after."""
    link = ike_link(initiator=initiator_policy(mobike=True), responder=responder_policy(move_check=check))
    link.connect().run(1.0)
    link.at_ue = lambda _: None
    place = Endpoint(UE.address, 40999)
    link.ue_says(INFORMATIONAL, Notify(NotifyType.UPDATE_SA_ADDRESSES), message_id=5, source=place)
    assert link.seen_by_gateway(PeerMoved) == ([] if check is MoveCheck.BEFORE else [PeerMoved(place, GATEWAY)])
    sent = link.seen_by_gateway(Transmit)[-1]
    assert sent.to == place
    cookie = link.open_last(link.to_ue[-1], by_ue=False).notify(NotifyType.COOKIE2)
    assert (cookie is not None) is (check is not None)
    if cookie is None:
        return
    link.tell_gateway(
        DatagramArrived(link.forge(INFORMATIONAL, cookie, message_id=0, by_ue=True, response=True), place, GATEWAY)
    )
    assert link.seen_by_gateway(PeerMoved) == [PeerMoved(place, GATEWAY)]


def test_gateway_rekeys_no_child_that_is_not_there() -> None:
    """RFC 7296 §2.25: CHILD_SA_NOT_FOUND names the SPI."""
    link = connected()
    link.ue_says(CREATE, Notify(NotifyType.REKEY_SA, b"", ProtocolId.ESP, b"\0\0\x09\x09"), *WISH, message_id=5)
    assert answer(link) == [Notify(NotifyType.CHILD_SA_NOT_FOUND, b"", ProtocolId.ESP, b"\0\0\x09\x09")]


def test_gateway_has_a_limit_of_children() -> None:
    link = connected(child_limit=3)
    for message_id in range(5, 9):
        link.ue_says(CREATE, *WISH, message_id=message_id)
    assert answer(link) == [Notify(NotifyType.NO_ADDITIONAL_SAS)]
    assert len(link.gateway_children) == 3


def test_gateway_that_is_closing_makes_no_child() -> None:
    """RFC 7296 §2.25.2: TEMPORARY_FAILURE."""
    link = connected(liveness_interval=2.0)
    link.until(lambda: isinstance(upkeep(link), Asking))
    link.at_ue = lambda _: None
    link.tell_gateway(SaEvent(link.sa, CloseRequested("maintenance")))
    link.ue_says(CREATE, *WISH, message_id=5)
    assert answer(link) == [Notify(NotifyType.TEMPORARY_FAILURE)]


@pytest.mark.parametrize("kind", [ExchangeType.IKE_AUTH, ExchangeType.IKE_SA_INIT])
def test_gateway_refuses_an_exchange_of_another_time(kind: ExchangeType) -> None:
    link = connected()
    link.ue_says(kind, *WISH, message_id=5)
    assert answer(link) == [Notify(NotifyType.INVALID_SYNTAX)]
    assert isinstance(responder(link).state, Connected)


def test_word_of_the_ue_puts_the_question_off() -> None:
    link = connected(liveness_interval=20.0).run(11.0)
    link.ue_says(INFORMATIONAL, message_id=5)
    assert responder(link).deadline == pytest.approx(31.0)


@pytest.mark.parametrize("mobike", [False, True])
def test_path_follows_binding_and_esp_unless_mobike_moves_it(mobike: bool) -> None:
    """RFC 4877 §7.4, RFC 5555 §5.1, RFC 4555 §3.8: without ports of their own, the ports stay."""
    link = ike_link(initiator=initiator_policy(mobike=mobike)).connect().run(1.0)
    care_of, own = IPv6Address("2001:db8:b::77"), IPv6Address("2001:db8:1::1")
    for _ in range(2):
        link.tell_gateway(SaEvent(link.sa, PathSeen(Endpoint(care_of, 0), Endpoint(own, 0))))
    place = Endpoint(care_of, UE.port), Endpoint(own, GATEWAY.port)
    assert link.seen_by_gateway(PeerMoved) == ([] if mobike else [PeerMoved(*place)])
    mapped = Endpoint(care_of, 61000)
    link.tell_gateway(SaEvent(link.sa, PathSeen(mapped, place[1])))
    assert link.seen_by_gateway(PeerMoved)[1:] == ([] if mobike else [PeerMoved(mapped, place[1])])
    link.tell_gateway(SaEvent(link.sa, CloseRequested("over")))
    last = link.seen_by_gateway(Transmit)[-1]
    assert (last.to, last.source) == ((UE, GATEWAY) if mobike else (mapped, place[1]))
