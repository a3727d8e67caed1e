"""Message IDs, retransmission, duplicates and the window, with both ends in one test."""

from collections.abc import Sequence
from dataclasses import replace
from random import Random

import pytest

from tests.ikev2_vectors import SESSIONS, octets
from tests.wire.ikev2.test_keys import session_keys, session_suite
from wire.ciphers import Protector
from wire.ikev2.constants import ExchangeType, NotifyType, PayloadType
from wire.ikev2.exchanges import (
    Duplicate,
    Exchanges,
    GaveUp,
    Ignored,
    Received,
    Reply,
    Request,
    Retransmission,
    Transmit,
    Waiting,
)
from wire.ikev2.header import HEADER_OCTETS
from wire.ikev2.message import Message, Payload, UnsupportedCriticalPayload
from wire.ikev2.payloads.notify import Notify
from wire.ikev2.payloads.unknown import UnknownPayload
from wire.ikev2.payloads.vendor import VendorId
from wire.ikev2.protection import Protection
from wire.secret import Secret

SESSION = SESSIONS[1]
SPI_I, SPI_R = octets(SESSION, "spi_i"), octets(SESSION, "spi_r")
HELLO = (VendorId(b"hello"),)
INFORMATIONAL, INIT = ExchangeType.INFORMATIONAL, ExchangeType.IKE_SA_INIT


def protection(*, initiator: bool) -> Protection:
    suite, keys = session_suite(SESSION), session_keys(SESSION)
    return Protection(suite, keys, initiator=initiator, random=Random(1).randbytes)


def ends(retransmission: Retransmission | None = None) -> tuple[Exchanges, Exchanges]:
    return (
        Exchanges(spi_i=SPI_I, initiator=True, retransmission=retransmission),
        Exchanges(spi_i=SPI_I, initiator=False, retransmission=retransmission),
    )


def opened() -> tuple[Exchanges, Exchanges]:
    """Both ends after IKE_SA_INIT."""
    initiator, responder = ends()
    request = expect_request(responder.receive(initiator.request(INIT, HELLO, 0.0).octets))
    responder.spi_r = SPI_R
    reply = initiator.receive(responder.reply(request, HELLO).octets)
    assert isinstance(reply, Reply)
    responder.protect(protection(initiator=False), spi_r=SPI_R)
    initiator.protect(protection(initiator=True), spi_r=SPI_R)
    return initiator, responder


def expect_request(received: Received) -> Request:
    assert isinstance(received, Request), received
    return received


def seal(payloads: Sequence[Payload], message_id: int, *, by_initiator: bool = True) -> bytes:
    message = Message(
        spi_i=SPI_I,
        spi_r=SPI_R,
        exchange=INFORMATIONAL,
        initiator=by_initiator,
        response=False,
        message_id=message_id,
        payloads=tuple(payloads),
    )
    return protection(initiator=by_initiator).seal(message)


def test_requests_are_numbered_by_each_end_for_itself() -> None:
    initiator, responder = opened()
    for number in (1, 2, 3):
        request = expect_request(responder.receive(initiator.request(INFORMATIONAL, HELLO, 0.0).octets))
        assert request.message.message_id == number
        reply = initiator.receive(responder.reply(request, ()).octets)
        assert isinstance(reply, Reply)
        assert not initiator.busy
    for number in (0, 1):
        request = expect_request(initiator.receive(responder.request(INFORMATIONAL, (), 0.0).octets))
        assert request.message.message_id == number
        assert isinstance(responder.receive(initiator.reply(request, ()).octets), Reply)


def test_window_holds_one_request() -> None:
    initiator, _ = opened()
    initiator.request(INFORMATIONAL, (), 0.0)
    with pytest.raises(ValueError, match="window"):
        initiator.request(INFORMATIONAL, (), 0.0)


def test_request_is_repeated_octet_for_octet_and_then_given_up() -> None:
    initiator, _ = ends(Retransmission(first=1.0, factor=2.0, tries=3))
    sent = initiator.request(INIT, HELLO, 10.0)
    heard = []
    for now in (10.9, 11.0, 13.0, 17.0, 99.0):
        due = initiator.deadline
        heard.append((due, initiator.tick(now)))
    assert heard == [
        (11.0, None),
        (11.0, sent),
        (13.0, sent),
        (17.0, GaveUp("the answer to IKE_SA_INIT", 7.0)),
        (None, None),
    ]


def test_duplicate_request_gets_the_same_answer() -> None:
    initiator, responder = opened()
    sent = initiator.request(INFORMATIONAL, HELLO, 0.0)
    request = expect_request(responder.receive(sent.octets))
    assert responder.receive(sent.octets) == Duplicate(None)
    answer = responder.reply(request, HELLO)
    assert responder.receive(sent.octets) == Duplicate(answer)
    assert responder.receive(sent.octets) == Duplicate(answer)


def test_same_message_id_with_other_octets_is_ignored() -> None:
    _, responder = opened()
    request = expect_request(responder.receive(seal(HELLO, 1)))
    responder.reply(request, ())
    assert isinstance(responder.receive(seal((VendorId(b"other"),), 1)), Ignored)


def test_message_outside_the_window_is_ignored() -> None:
    initiator, responder = opened()
    assert isinstance(responder.receive(seal((), 2)), Ignored)
    expect_request(responder.receive(initiator.request(INFORMATIONAL, (), 0.0).octets))
    assert isinstance(responder.receive(seal((), 2)), Ignored)


def test_late_reply_is_ignored() -> None:
    initiator, responder = opened()
    request = expect_request(responder.receive(initiator.request(INFORMATIONAL, (), 0.0).octets))
    answer = responder.reply(request, ())
    assert isinstance(initiator.receive(answer.octets), Reply)
    assert isinstance(initiator.receive(answer.octets), Ignored)


def test_reply_of_another_exchange_is_ignored() -> None:
    initiator, responder = ends()
    request = expect_request(responder.receive(initiator.request(INIT, HELLO, 0.0).octets))
    answer = bytearray(responder.reply(request, ()).octets)
    answer[18] = ExchangeType.IKE_AUTH
    assert isinstance(initiator.receive(bytes(answer)), Ignored)
    assert initiator.busy


def test_reply_in_the_clear_settles_nothing_by_itself() -> None:
    initiator, responder = ends()
    request = expect_request(responder.receive(initiator.request(INIT, HELLO, 0.0).octets))
    answer = responder.reply(request, (Notify(NotifyType.NO_PROPOSAL_CHOSEN),))
    for _ in range(2):
        assert isinstance(initiator.receive(answer.octets), Reply)
        assert initiator.busy


def test_restart_begins_with_message_id_zero_again() -> None:
    initiator, _ = ends()
    initiator.request(INIT, HELLO, 0.0)
    initiator.restart()
    again = initiator.request(INIT, (Notify(NotifyType.COOKIE, b"c"), *HELLO), 1.0)
    assert Message.parse(again.octets).message_id == 0


@pytest.mark.parametrize(
    ("at", "cause"), [(0, "initiator's SPI"), (8, "responder's SPI"), (19, "flag"), (40, "not protected")]
)
def test_message_of_another_sa_or_maker_is_ignored(at: int, cause: str) -> None:
    _, responder = opened()
    data = bytearray(seal(HELLO, 1))
    data[at] ^= 8
    ignored = responder.receive(bytes(data))
    assert isinstance(ignored, Ignored)
    assert cause in ignored.cause


def test_garbage_is_ignored() -> None:
    initiator, responder = opened()
    for end in (initiator, responder):
        ignored = end.receive(b"GET / HTTP/1.1\r\n\r\n")
        assert isinstance(ignored, Ignored)
        assert "not an IKE message" in ignored.cause


def test_request_in_the_clear_is_ignored_but_for_ike_sa_init() -> None:
    initiator, responder = ends()
    wrong = Transmit(initiator.request(ExchangeType.IKE_AUTH, HELLO, 0.0).octets)
    assert responder.receive(wrong.octets) == Ignored("a request in the clear")
    back = Exchanges(spi_i=SPI_I, initiator=False).request(INIT, HELLO, 0.0)
    assert initiator.receive(back.octets) == Ignored("a request in the clear")
    later, protected = opened()
    protected.receive(seal((), 1))
    assert isinstance(later.receive(back.octets), Ignored)


def test_genuine_but_malformed_messages_carry_their_fault() -> None:
    initiator, responder = opened()
    bad = (UnknownPayload(41, b"\0\4\0\x0b"),)  # a Notify with an SPI that is not there
    fault = expect_request(responder.receive(seal(bad, 1))).fault
    assert fault is not None
    assert "octets needed" in fault.reason
    request = expect_request(initiator.receive(seal((), 0, by_initiator=False)))
    assert request.fault is None
    initiator.request(INFORMATIONAL, (), 0.0)


def test_critical_payload_inside_is_a_fault_of_its_own_kind() -> None:
    _, responder = opened()
    plaintext = b"\0\x80\0\4" + b"\0"
    length = HEADER_OCTETS + 4 + 8 + len(plaintext) + 16
    prefix = replace(Message.parse(seal((), 1)), payloads=()).header(PayloadType.SK, length).build()
    prefix += bytes((201, 0)) + (length - HEADER_OCTETS).to_bytes(2, "big")
    sealer = Protector(session_suite(SESSION).encryption, None, Secret(session_keys(SESSION).sk_ei))
    fault = expect_request(
        responder.receive(prefix + sealer.seal(header=prefix, iv=bytes(8), plaintext=plaintext))
    ).fault
    assert isinstance(fault, UnsupportedCriticalPayload)
    assert fault.payload_type == 201


def test_malformed_reply_settles_the_request() -> None:
    initiator, responder = opened()
    request = expect_request(responder.receive(initiator.request(INFORMATIONAL, (), 0.0).octets))
    reply = initiator.receive(responder.reply(request, (UnknownPayload(40, b"short"),)).octets)
    assert isinstance(reply, Reply)
    assert reply.fault is not None
    assert not initiator.busy


# Fragments (RFC 7383)

LONG = tuple(VendorId(bytes((number,)) * 200) for number in range(10))


def in_pieces() -> tuple[Exchanges, Exchanges]:
    one, two = opened()
    one.fragment_octets = two.fragment_octets = 576
    return one, two


def test_long_request_and_long_reply_go_in_fragments() -> None:
    initiator, responder = in_pieces()
    sent = initiator.request(INFORMATIONAL, LONG, 0.0)
    assert len(sent.datagrams) > 3
    *waiting, last = (responder.receive(octets) for octets in reversed(sent.datagrams))
    assert all(isinstance(one, Waiting) for one in waiting)
    request = expect_request(last)
    assert request.message.payloads == LONG
    answer = responder.reply(request, LONG[:4])
    assert len(answer.datagrams) == 2
    assert isinstance(initiator.receive(answer.datagrams[0]), Waiting)
    reply = initiator.receive(answer.datagrams[1])
    assert isinstance(reply, Reply)
    assert reply.message.payloads == LONG[:4]
    assert not initiator.busy


def test_short_message_goes_whole() -> None:
    initiator, _ = in_pieces()
    assert initiator.request(INFORMATIONAL, HELLO, 0.0).more == ()


def test_first_fragment_alone_is_answered_again() -> None:
    """RFC 7383 §2.6.1: not each of them, and all of the answer."""
    initiator, responder = in_pieces()
    sent = initiator.request(INFORMATIONAL, LONG, 0.0)
    answer = responder.reply(expect_request([responder.receive(octets) for octets in sent.datagrams][-1]), LONG)
    again = [responder.receive(octets) for octets in sent.datagrams]
    assert again[0] == Duplicate(answer)
    assert all(isinstance(one, Ignored) for one in again[1:])
    assert initiator.tick(1.0) == sent


def test_request_in_smaller_fragments_is_answered_again() -> None:
    """RFC 7383 §2.5.2: who hears no answer to large fragments tries smaller ones, under the same message ID."""
    initiator, responder = in_pieces()
    request = initiator.request(INFORMATIONAL, LONG, 0.0)
    *_, received = (responder.receive(octets) for octets in request.datagrams)
    answer = responder.reply(expect_request(received), ())
    message = Message.parse(request.octets)
    smaller = protection(initiator=True).seal_fragments(replace(message, payloads=LONG), 400)
    assert responder.receive(smaller[0]) == Duplicate(answer)
    assert isinstance(responder.receive(smaller[1]), Ignored)
    forged = smaller[0][:-1] + bytes((smaller[0][-1] ^ 1,))
    assert isinstance(responder.receive(forged), Ignored)


def test_fragment_that_was_not_agreed_on_is_ignored() -> None:
    initiator, responder = in_pieces()
    responder.fragment_octets = None
    sent = initiator.request(INFORMATIONAL, LONG, 0.0)
    assert responder.receive(sent.octets) == Ignored("a fragment, which was not agreed on")


def test_successor_goes_on_with_fragments_and_begins_to_count() -> None:
    initiator, _ = in_pieces()
    initiator.request(INFORMATIONAL, (), 0.0)
    successor = initiator.successor(spi_i=b"another!", initiator=False)
    assert (successor.fragment_octets, successor.busy, successor.initiator) == (576, False, False)
