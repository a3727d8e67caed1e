"""A failure is heard of once, in the round that decides it."""

from aaa.eap.events import Discard, Failed, SendEap
from aaa.eap.states import Closed, EapState, Exchange, FailureNotified, IdentityRequested, MethodProposed, MethodRunning
from aaa.explaining.failed import Ending, decided, method_state, said_imsi
from aaa.messages import RejectCause
from tests.aaa.explaining.erring import AKA, Site, Ue
from tests.aaa.memory_hss import IMSI
from wire.eap.constants import Subtype
from wire.eap.packet import identity_response

LOST = FailureNotified(Exchange(AKA, b"0", 2), RejectCause.WRONG_RESPONSE, "RES is wrong", IMSI)
BEFORE: EapState = IdentityRequested(1)
ENDING = Ending(RejectCause.WRONG_RESPONSE, "RES is wrong", IMSI, AKA)


def test_failure_is_decided_when_it_is_notified_or_said_at_once() -> None:
    assert decided(BEFORE, SendEap(b""), MethodRunning(LOST)) == ENDING
    assert decided(BEFORE, SendEap(b""), MethodProposed(b"", LOST)) == ENDING
    over = Failed(b"", RejectCause.WRONG_RESPONSE, "RES is wrong", IMSI, AKA)
    assert decided(BEFORE, over, Closed()) == ENDING


def test_what_was_decided_before_is_not_decided_again() -> None:
    over = Failed(b"", RejectCause.WRONG_RESPONSE, "RES is wrong", IMSI, AKA)
    assert decided(MethodRunning(LOST), over, Closed()) is None
    assert decided(MethodRunning(LOST), SendEap(b""), MethodRunning(LOST)) is None


def test_round_that_loses_nothing_is_no_failure() -> None:
    assert decided(BEFORE, SendEap(b""), BEFORE) is None
    assert decided(BEFORE, Discard("late"), MethodRunning(LOST)) is None
    assert method_state(Closed()) is None


def test_imsi_is_what_a_permanent_identity_says() -> None:
    said = identity_response(1, f"6{IMSI}@example.org".encode())
    assert said_imsi(said) == IMSI
    request, nak, whole = bytes((1,)) + said[1:], said[:4] + bytes((3,)) + said[5:], identity_response(1, b"anonymous")
    assert [said_imsi(one) for one in (request, nak, whole, said[:-1], b"")] == [None] * 5


async def test_attempt_holds_the_dialogue_up_to_the_round_that_lost_it() -> None:
    attempt = await Site().run(Ue(AKA, says=Subtype.AUTHENTICATION_REJECT))
    assert attempt.ending.cause is RejectCause.NETWORK_REFUSED_BY_UE
    packets = (*attempt.conversation.dialogue, attempt.request.eap, attempt.reply)
    assert [packet[0] for packet in packets] == [2, 1, 2, 4]
    assert attempt.request.session == "s1"


async def test_ue_that_never_hears_of_its_failure_is_heard_of_all_the_same() -> None:
    site = Site()
    attempt = await site.run(Ue(AKA, change_res=lambda _: bytes(8)))
    assert attempt.reply[0] == 1
    assert len(site.attempts) == 1
