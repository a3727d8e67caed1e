from collections.abc import Callable
from dataclasses import replace

import pytest

from tests.wire.diameter.samples import (
    AAA,
    ANSWERS,
    EAP_DEA,
    EAP_DER,
    GATEWAY,
    MAR,
    MIP6I_DER,
    REALM,
    S6B_AAR,
    S6B_DER,
    STA_AAR,
    STA_DER,
    STR,
    SWM_AAR,
    SWM_DER,
    numbered,
)  # fmt: skip
from wire.diameter.admission import Admission, check_answer
from wire.diameter.applications import Application
from wire.diameter.avp import Avp, AvpFault
from wire.diameter.capabilities import PeerPolicy
from wire.diameter.command import Request, error_answer
from wire.diameter.dictionary import by_name
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


def test_realm_of_the_users_is_served_as_our_own() -> None:
    message = replace(EAP_DER, destination_realm="NAI.example").message()
    Admission(replace(AAA, realms=("nai.example",)), POLICY, RULES.common).admit(message)


def test_a_request_for_this_host_is_served_whatever_its_realm() -> None:
    RULES.admit(replace(EAP_DER, destination_host=AAA.origin_host.upper(), destination_realm="nai.example").message())


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


# Every application's DER, and each AAR, with the same faults: (what is done to it, the Result-Code, the Failed-AVP)


def _replaced(name: str, data: bytes) -> Callable[[Message], Message]:
    definition = by_name(name)
    key = definition.code, definition.vendor
    other = Avp(definition.code, definition.vendor, 0x40, data)
    return lambda good: good.with_avps(other if (avp.code, avp.vendor) == key else avp for avp in good.avps)


def _added(*avps: Avp) -> Callable[[Message], Message]:
    return lambda good: good.with_avps((*good.avps, *avps))


def _without(name: str) -> Callable[[Message], Message]:
    definition = by_name(name)
    return lambda good: good.with_avps(avp for avp in good.avps if avp.code != definition.code)


FAULTS: dict[str, tuple[Callable[[Message], Message], int, int | None]] = {
    "an application that is not common": (lambda good: replace(good, application=4), 3007, None),
    "a command of another application": (lambda good: replace(good, command=303), 3001, None),
    "another Destination-Host": (_added(make("Destination-Host", "other.example")), 3002, None),
    "another Destination-Realm": (_replaced("Destination-Realm", b"other"), 3003, None),
    "our own Route-Record": (_added(make("Route-Record", AAA.origin_host)), 3005, 282),
    "the V bit with vendor 0": (_added(Avp(25, 0, 0x80, b"")), 3009, 25),
    "a mandatory stranger": (_added(Avp(4711, 65001, 0xC0, b"")), 5001, 4711),
    "an Origin-Host that is the peer's of nobody": (_replaced("Origin-Host", b"other.example"), 5004, 264),
    "an Auth-Request-Type of 9": (_replaced("Auth-Request-Type", bytes(3) + b"\x09"), 5004, 274),
    "a User-Name that is no text": (_replaced("User-Name", b"\xff"), 5004, 1),
    "no Auth-Request-Type": (_without("Auth-Request-Type"), 5005, 274),
    "no Session-Id": (_without("Session-Id"), 5005, 263),
    "User-Name twice": (_added(make("User-Name", "another")), 5009, 1),
    "an Auth-Request-Type of three octets": (_replaced("Auth-Request-Type", bytes(3)), 5014, 274),
}
GATEWAYS = [EAP_DER, MIP6I_DER, replace(S6B_DER, destination_host=None), SWM_DER, STA_DER, S6B_AAR, SWM_AAR, STA_AAR]
EVERYTHING = Admission(
    AAA, PeerPolicy("gateway", GATEWAY.origin_host, REALM), frozenset({5, 7, 16777250, 16777264, 16777272})
)


@pytest.mark.parametrize("good", GATEWAYS, ids=lambda request: f"{type(request).__name__} {request.header_application}")
@pytest.mark.parametrize("fault", FAULTS)
def test_each_fault_has_its_result_in_every_application(good: Request, fault: str) -> None:
    message = Message.parse(good.message().build())
    EVERYTHING.admit(message)
    spoil, result, failed = FAULTS[fault]
    with pytest.raises(AvpFault) as caught:
        EVERYTHING.admit(Message.parse(spoil(message).build()))
    assert caught.value.result == result
    assert [avp.code for avp in caught.value.failed] == ([] if failed is None else [failed])
