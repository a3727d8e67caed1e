"""The initiator's IKE SA after it is up."""

import pytest

from tests.ike_link import IkeLink, ike_link
from ue_sim.ike.events import ChildRemoved
from ue_sim.ike.states import AwaitingEap, Connected
from wire.ikev2.constants import ExchangeType, NotifyType, ProtocolId
from wire.ikev2.message import Payload
from wire.ikev2.payloads.delete import Delete
from wire.ikev2.payloads.notify import Notify
from wire.ikev2.payloads.unknown import UnknownPayload

INFORMATIONAL = ExchangeType.INFORMATIONAL


def connected() -> IkeLink:
    return ike_link().connect().run(1.0)


def answer(link: IkeLink) -> list[Payload]:
    return list(link.open_last(link.to_gateway[-1], by_ue=True).payloads)


def test_ue_deletes_its_half_when_the_gateway_deletes_the_other() -> None:
    """RFC 7296 §1.4.1: the answer deletes the paired SA."""
    link = connected()
    (child,) = link.ue_children
    named = (child.spi_out.to_bytes(4, "big"), b"\0\0\x09\x09")
    link.gateway_says(INFORMATIONAL, Delete(ProtocolId.ESP, named, 4))
    assert answer(link) == [Delete(ProtocolId.ESP, (child.spi_in.to_bytes(4, "big"),), 4)]
    assert link.seen_by_ue(ChildRemoved) == [ChildRemoved(child.spi_in)]
    link.gateway_says(INFORMATIONAL, Delete(ProtocolId.ESP, named, 4), message_id=1)
    assert answer(link) == []


@pytest.mark.parametrize(
    ("kind", "payloads", "error"),
    [
        (ExchangeType.CREATE_CHILD_SA, (), NotifyType.INVALID_SYNTAX),
        (ExchangeType.IKE_AUTH, (), NotifyType.INVALID_SYNTAX),
    ],
)
def test_ue_answers_what_it_does_not_do_with_an_error(
    kind: ExchangeType, payloads: tuple[Payload, ...], error: NotifyType
) -> None:
    link = connected()
    link.gateway_says(kind, *payloads)
    assert answer(link) == [Notify(error)]
    assert isinstance(link.ue.state, Connected)


@pytest.mark.parametrize("kind", [AwaitingEap, Connected])
def test_ue_passes_over_words_that_change_nothing(kind: type[object]) -> None:
    link = ike_link().connect()
    link.until(lambda: isinstance(link.ue.state, kind))
    link.gateway_says(INFORMATIONAL, Notify(NotifyType.INVALID_SPI), Notify(NotifyType.INITIAL_CONTACT))
    assert answer(link) == []
    assert isinstance(link.ue.state, kind)


def test_ue_ends_with_a_malformed_request() -> None:
    """RFC 7296 §2.21.3: INVALID_SYNTAX of a genuine message is fatal at both ends."""
    link = connected()
    link.gateway_says(INFORMATIONAL, UnknownPayload(40, b"short"))
    assert answer(link) == [Notify(NotifyType.INVALID_SYNTAX)]
    assert link.closed is not None
    assert "malformed request" in link.closed


def test_ue_ends_on_a_fatal_word() -> None:
    link = connected()
    link.gateway_says(INFORMATIONAL, Notify(NotifyType.AUTHENTICATION_FAILED))
    assert link.closed == "the gateway says AUTHENTICATION_FAILED"
    assert len(link.seen_by_ue(ChildRemoved)) == 1


def test_word_of_the_gateway_puts_the_question_off() -> None:
    link = connected()
    due = link.ue.deadline
    link.run(10.0)
    link.gateway_says(INFORMATIONAL)
    assert due is not None
    assert link.ue.deadline == pytest.approx(10.0 + 30.0)
