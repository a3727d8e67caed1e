"""Which AT_NOTIFICATION tells what (RFC 4187 §10.19), against those that hostap sent."""

import pytest

from aaa.eap.notifications import Protection, code_after_authentication, notification
from aaa.eap.states import Exchange, Proven
from aaa.messages import RejectCause
from tests.aaa.eap.dialogue import IMSI, seeded
from tests.captures import load_run
from wire.eap.aka import AkaMessage
from wire.eap.aka_keys import Keys, derive_keys
from wire.eap.attributes import At
from wire.eap.constants import NotificationCode, comes_before_authentication
from wire.identity import EapMethod, Imsi


def protection(imsi: Imsi, keys: Keys, counter: int | None = None) -> Protection:
    return Protection(Proven(imsi, keys, keys.msk, b"", counter), seeded)


def test_server_notifies_an_unknown_user_as_hostap_does() -> None:
    captured = load_run("akaprime_unknown_user").exchanges[0].requests[1]
    assert notification(Exchange(EapMethod.AKA_PRIME, b"", 0x15), NotificationCode.GENERAL_FAILURE) == captured


@pytest.mark.parametrize("name", ["aka_full_resultind_then_reauth", "akaprime_full_resultind_then_reauth"])
def test_server_protects_success_as_hostap_does(name: str) -> None:
    run = load_run(name)
    exchange = run.exchanges[0]
    vector = exchange.rounds[0].vector()
    keys = derive_keys(run.method, exchange.rounds[0].identity, vector.ck, vector.ik)
    captured = exchange.requests[2]
    octets = notification(Exchange(run.method, b"", captured[1]), NotificationCode.SUCCESS, protection(run.imsi, keys))
    assert octets == captured


@pytest.mark.parametrize("name", ["aka_full_resultind_then_reauth", "akaprime_full_resultind_then_reauth"])
def test_server_protects_success_after_a_reauthentication_as_hostap_does(name: str) -> None:
    run = load_run(name)
    one = run.exchanges[0].rounds[0]
    keys = derive_keys(run.method, one.identity, one.vector().ck, one.vector().ik)
    captured = run.exchanges[1].requests[1]
    iv = AkaMessage.parse(captured).attributes.get(At.IV) or b""
    shared = Protection(Proven(run.imsi, keys, keys.msk, b"", counter=1), lambda count: iv[:count])
    assert notification(Exchange(run.method, b"", captured[1]), NotificationCode.SUCCESS, shared) == captured


def test_server_never_protects_what_comes_before_authentication() -> None:
    keys = derive_keys(EapMethod.AKA, b"0", bytes(16), bytes(16))
    exchange = Exchange(EapMethod.AKA, b"", 1)
    code = NotificationCode.GENERAL_FAILURE
    assert notification(exchange, code, protection(IMSI, keys)) == notification(exchange, code)


@pytest.mark.parametrize("cause", list(RejectCause))
def test_every_cause_has_a_code_after_authentication(cause: RejectCause) -> None:
    assert not comes_before_authentication(code_after_authentication(cause))


def test_server_tells_what_is_not_subscribed_from_what_is_denied_for_now() -> None:
    assert code_after_authentication(RejectCause.NO_APN_SUBSCRIPTION) is NotificationCode.NOT_SUBSCRIBED
    assert code_after_authentication(RejectCause.SUBSCRIBER_BARRED) is NotificationCode.TEMPORARILY_DENIED
    assert (
        code_after_authentication(RejectCause.WRONG_RESPONSE) is NotificationCode.GENERAL_FAILURE_AFTER_AUTHENTICATION
    )
