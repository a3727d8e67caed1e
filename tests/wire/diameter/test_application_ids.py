"""The application of a request is that of its header, and a Vendor-Specific-Application-Id names one."""

import pytest

from tests.wire.diameter.samples import AAA, CER, GATEWAY, MAR, REALM, S6B_AAR, STR
from wire.diameter.admission import Admission
from wire.diameter.application_ids import application_of
from wire.diameter.applications import Application
from wire.diameter.avp import Avp, AvpFault
from wire.diameter.capabilities import PeerPolicy, judge_request
from wire.diameter.command import Request
from wire.diameter.message import Message
from wire.diameter.results import ResultCode
from wire.diameter.values import make

POLICY = PeerPolicy("gateway", GATEWAY.origin_host, REALM, agent=True)
RULES = Admission(AAA, POLICY, frozenset({Application.EAP, Application.S6B, Application.SWX}))
VENDOR = make("Vendor-Id", 10415)
AUTH, ACCT = make("Auth-Application-Id", Application.SWX), make("Acct-Application-Id", Application.SWX)


def group(*avps: Avp) -> Avp:
    return make("Vendor-Specific-Application-Id", (VENDOR, *avps))


def saying(request: Request, other: Avp) -> Message:
    message = request.message()
    avps = [other if (avp.code, avp.vendor) == (other.code, other.vendor) else avp for avp in message.avps]
    return Message.parse(message.with_avps(avps).build())


def refused(message: Message) -> tuple[ResultCode, tuple[Avp, ...]]:
    with pytest.raises(AvpFault) as caught:
        RULES.admit(message)
    return caught.value.result, caught.value.failed


@pytest.mark.parametrize("request_", [S6B_AAR, STR], ids=["AAR", "STR"])
def test_another_application_than_the_header_s_is_5004(request_: Request) -> None:
    other = make("Auth-Application-Id", Application.SWM)
    assert refused(saying(request_, other)) == (ResultCode.INVALID_AVP_VALUE, (other,))


def test_another_vendor_specific_application_is_5004() -> None:
    other = group(make("Auth-Application-Id", Application.S6A))
    assert refused(saying(MAR, other)) == (ResultCode.INVALID_AVP_VALUE, (other,))


def test_two_vendor_specific_applications_are_5009_with_both() -> None:
    assert refused(saying(MAR, group(AUTH, ACCT))) == (ResultCode.AVP_OCCURS_TOO_MANY_TIMES, (AUTH, ACCT))


def test_no_vendor_specific_application_is_5005_with_an_example_of_each() -> None:
    examples = (Avp(258, 0, 0x40, bytes(4)), Avp(259, 0, 0x40, bytes(4)))
    assert refused(saying(MAR, group())) == (ResultCode.MISSING_AVP, examples)


@pytest.mark.parametrize(
    ("avps", "result"), [((AUTH, ACCT), ResultCode.AVP_OCCURS_TOO_MANY_TIMES), ((), ResultCode.MISSING_AVP)]
)
def test_cer_is_held_to_the_same(avps: tuple[Avp, ...], result: ResultCode) -> None:
    message = CER.message()
    with pytest.raises(AvpFault) as caught:
        judge_request(message.with_avps((*message.avps, group(*avps))), AAA, POLICY)
    assert caught.value.result is result


def test_the_one_application_of_a_group_is_found() -> None:
    assert application_of(group(ACCT)) == ACCT
