from dataclasses import replace

import pytest

from tests.wire.diameter.samples import AAA, ANSWERS, EAP_DEA, EAP_DER, GATEWAY, MAR, REALM, S6B_DER, STR, numbered
from wire.diameter.admission import Admission, check_answer
from wire.diameter.applications import Application
from wire.diameter.avp import Avp, AvpFault
from wire.diameter.capabilities import PeerPolicy
from wire.diameter.command import error_answer
from wire.diameter.message import Message
from wire.diameter.results import ResultCode
from wire.diameter.values import make

POLICY = PeerPolicy("gateway", GATEWAY.origin_host, REALM)
RULES = Admission(AAA, POLICY, frozenset({Application.EAP, Application.S6B}))


def refused(message: Message, rules: Admission = RULES) -> AvpFault:
    with pytest.raises(AvpFault) as caught:
        rules.admit(message)
    return caught.value


@pytest.mark.parametrize("message", [EAP_DER.message(), S6B_DER.message(), STR.message()])
def test_a_good_request_is_admitted(message: Message) -> None:
    RULES.admit(message)


def test_an_application_that_is_not_common_is_3007() -> None:
    assert refused(MAR.message()).result is ResultCode.APPLICATION_UNSUPPORTED
    assert refused(replace(EAP_DER.message(), application=7)).result is ResultCode.APPLICATION_UNSUPPORTED


def test_an_unknown_command_is_3001() -> None:
    assert refused(replace(EAP_DER.message(), command=325)).result is ResultCode.COMMAND_UNSUPPORTED
    assert refused(Message(999, 0, 0x80, 0, 0, ())).result is ResultCode.COMMAND_UNSUPPORTED


def test_the_grammar_is_applied() -> None:
    message = EAP_DER.message()
    without_eap = message.with_avps(avp for avp in message.avps if avp.code != 462)
    fault = refused(without_eap)
    assert (fault.result, fault.failed) == (ResultCode.MISSING_AVP, (Avp(462, 0, 0x40, b""),))


def test_a_foreign_origin_host_is_5004_unless_the_peer_is_an_agent() -> None:
    message = replace(EAP_DER, origin_host="other.example").message()
    fault = refused(message)
    assert (fault.result, fault.failed) == (
        ResultCode.INVALID_AVP_VALUE,
        (make("Origin-Host", "other.example"),),
    )
    Admission(AAA, replace(POLICY, agent=True), RULES.common).admit(message)


def test_our_own_route_record_is_3005() -> None:
    message = EAP_DER.message()
    looped = message.with_avps((*message.avps, make("Route-Record", AAA.origin_host.upper())))
    assert refused(looped).result is ResultCode.LOOP_DETECTED


def test_another_destination_host_is_3002_and_another_realm_3003() -> None:
    host = replace(EAP_DER, destination_host="other.example").message()
    assert refused(host).result is ResultCode.UNABLE_TO_DELIVER
    realm = replace(EAP_DER, destination_realm="other.example").message()
    assert refused(realm).result is ResultCode.REALM_NOT_SERVED


@pytest.mark.parametrize(("answer", "request_"), ANSWERS)
def test_good_answers_pass(answer: object, request_: Message) -> None:
    check_answer(answer.message(request_))  # type: ignore[attr-defined]


def test_error_answers_need_no_more_than_rfc_6733_section_7_2() -> None:
    request = numbered(EAP_DER.message())
    check_answer(error_answer(request, AAA.identity, ResultCode.UNABLE_TO_COMPLY))
    check_answer(replace(error_answer(request, AAA.identity, ResultCode.UNABLE_TO_COMPLY), flags=0))


def test_an_answer_that_claims_success_needs_its_format() -> None:
    answer = replace(EAP_DEA, result_code=2001, auth_application_id=None).message(numbered(EAP_DER.message()))
    with pytest.raises(AvpFault):
        check_answer(answer)


def test_an_answer_without_any_result_is_none() -> None:
    answer = replace(EAP_DEA, result_code=None).message(numbered(EAP_DER.message()))
    with pytest.raises(AvpFault):
        check_answer(answer)
