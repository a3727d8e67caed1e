"""The ends of an exchange, each with its code and whether it is protected (RFC 4187 §6)."""

from dataclasses import replace

import pytest

from aaa.eap.endings import Step, deny, fail, next_request, notify_success, refuse, succeed
from aaa.eap.events import Failed, SendEap, Succeeded
from aaa.eap.states import AwaitingProfile, Done, Exchange, FailureNotified, Proven, SuccessNotified
from aaa.messages import RejectCause
from tests.aaa.eap.dialogue import AKA_IDENTITY, GRANT, IMSI, keys_of, seeded
from wire.eap.aka import AkaMessage
from wire.eap.attributes import At
from wire.eap.packet import failure, success
from wire.identity import EapMethod, IdentityKind

EXCHANGE = Exchange(EapMethod.AKA, AKA_IDENTITY, 255, IdentityKind.PSEUDONYM)
KEYS = keys_of(EapMethod.AKA)
PROVEN = Proven(IMSI, KEYS, KEYS.msk, b"session")


def notified(step: Step) -> AkaMessage:
    (effect,) = step[1]
    assert isinstance(effect, SendEap)
    return AkaMessage.parse(effect.octets)


def test_identifiers_go_round() -> None:
    assert next_request(EXCHANGE).identifier == 0


def test_refusal_before_authentication_is_not_protected() -> None:
    step = refuse(EXCHANGE, RejectCause.USER_UNKNOWN, "nobody", IMSI)
    message = notified(step)
    assert (message.attributes.number(At.NOTIFICATION), At.MAC in message.attributes) == (16384, False)
    assert step[0] == FailureNotified(replace(EXCHANGE, identifier=0), RejectCause.USER_UNKNOWN, "nobody", IMSI)


@pytest.mark.parametrize("counter", [None, 7])
def test_denial_after_authentication_is_protected(counter: int | None) -> None:
    waiting = AwaitingProfile(EXCHANGE, replace(PROVEN, counter=counter), 5.0)
    message = notified(deny(waiting, RejectCause.NO_APN_SUBSCRIPTION, "", seeded))
    assert message.attributes.number(At.NOTIFICATION) == 1031
    assert message.mac_is_genuine(KEYS.k_aut)
    assert message.parse_encrypted(KEYS.k_encr).number(At.COUNTER) == counter


def test_user_who_may_is_told_at_once_or_after_a_protected_success() -> None:
    waiting = AwaitingProfile(EXCHANGE, PROVEN, 5.0)
    state, (over,) = succeed(waiting.exchange, waiting.proven, GRANT)
    assert isinstance(over, Succeeded)
    assert (state, over.eap, over.kind, over.imsi_shown) == (Done(), success(255), IdentityKind.PSEUDONYM, False)
    state, _ = step = notify_success(replace(waiting, result_ind=True), GRANT, seeded)
    assert notified(step).attributes.number(At.NOTIFICATION) == 32768
    assert notified(step).mac_is_genuine(KEYS.k_aut)
    assert isinstance(state, SuccessNotified)
    assert succeed(state.exchange, state.proven, GRANT)[0] == Done()


def test_failure_answers_the_last_response() -> None:
    _, effects = fail(EXCHANGE, RejectCause.CLIENT_ERROR, "why", None)
    assert effects == [Failed(failure(255), RejectCause.CLIENT_ERROR, "why", None, EapMethod.AKA)]
