import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.wire.diameter.samples import SWM_DER
from tests.wire.diameter.strategies import records
from wire.diameter.eap import DiameterEapAnswer, DiameterEapRequest
from wire.diameter.eap_applications import ANSWERS, REQUESTS
from wire.diameter.message import Message
from wire.diameter.mobile_eap import AccessEapAnswer, AccessEapRequest, MobileEapAnswer, MobileEapRequest
from wire.diameter.record import _form


@given(st.one_of([records(kind) for kind in REQUESTS.values()]))
def test_requests_survive_a_round_trip(request: DiameterEapRequest) -> None:
    assert type(request).parse(Message.parse(request.message().build())) == request


@given(st.one_of([records(kind) for kind in ANSWERS.values()]))
def test_answers_survive_a_round_trip(answer: DiameterEapAnswer) -> None:
    assert type(answer).parse(Message.parse(answer.message(SWM_DER.message()).build())) == answer


@pytest.mark.parametrize(
    ("narrow", "wide"),
    [
        (DiameterEapRequest, MobileEapRequest),
        (MobileEapRequest, AccessEapRequest),
        (DiameterEapAnswer, MobileEapAnswer),
        (MobileEapAnswer, AccessEapAnswer),
    ],
)
def test_each_adds_to_the_one_before(narrow: type[DiameterEapRequest], wide: type[DiameterEapRequest]) -> None:
    assert set(_form(narrow).by_code) < set(_form(wide).by_code)
