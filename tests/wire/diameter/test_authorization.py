import pytest
from hypothesis import given

from tests.wire.diameter.foreign import plain, tree
from tests.wire.diameter.samples import S6B_AAA, S6B_AAR, SWM_AAA, SWM_AAR, numbered
from tests.wire.diameter.strategies import records
from wire.diameter.authorization import AA, AAA, AAR, AaAnswer, AaRequest
from wire.diameter.avp import AvpFault
from wire.diameter.enumerations import AuthRequestType
from wire.diameter.grammar import check
from wire.diameter.groups import GROUPS
from wire.diameter.message import Message
from wire.diameter.s6b import AAA as S6B_AAA_FORMAT


@given(records(AaRequest))
def test_requests_survive_a_round_trip(request: AaRequest) -> None:
    assert AaRequest.parse(Message.parse(request.message().build())) == request


@given(records(AaAnswer))
def test_answers_survive_a_round_trip(answer: AaAnswer) -> None:
    assert AaAnswer.parse(Message.parse(answer.message(SWM_AAR.message()).build())) == answer


def test_nobody_is_authenticated_again_by_default() -> None:
    assert (S6B_AAR.COMMAND, AA, S6B_AAR.auth_request_type) == (265, 265, AuthRequestType.AUTHORIZE_ONLY)
    assert S6B_AAR.message().application == 16777272


def test_both_halves_name_what_rfc_7155_requires() -> None:
    assert {key[0] for key, rule in AAR.items() if rule.needed} == {263, 258, 264, 296, 283, 274}
    assert {key[0] for key, rule in AAA.items() if rule.needed} == {263, 258, 274, 268, 264, 296}


def test_an_aaa_of_s6b_with_two_apns_is_5009() -> None:
    with pytest.raises(AvpFault) as caught:
        check(S6B_AAA_FORMAT, SWM_AAA.to_avps(), groups=GROUPS)
    assert caught.value.result == 5009


def test_python_diameter_reads_an_aaa() -> None:
    avps = dict(tree(plain(S6B_AAA.message(numbered(S6B_AAR.message())).build()).avps))
    assert (avps["Result-Code"], avps["Session-Timeout"], avps["Auth-Request-Type"]) == (2001, 3600, 2)
    assert ("Context-Identifier", 1) in avps["APN-Configuration"]  # type: ignore[operator]
