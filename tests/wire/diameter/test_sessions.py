import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.wire.diameter.foreign import typed
from tests.wire.diameter.samples import ASR, RAR, SESSION, STR, numbered
from tests.wire.diameter.strategies import records
from wire.diameter.command import Answer, Request
from wire.diameter.message import Message
from wire.diameter.sessions import (
    AbortSessionAnswer,
    AbortSessionRequest,
    ReAuthAnswer,
    ReAuthRequest,
    SessionTerminationAnswer,
    SessionTerminationRequest,
)

REQUESTS = (AbortSessionRequest, ReAuthRequest, SessionTerminationRequest)
ANSWERS = (AbortSessionAnswer, ReAuthAnswer, SessionTerminationAnswer)


@given(st.one_of([records(kind) for kind in REQUESTS]))
def test_requests_survive_a_round_trip(request: Request) -> None:
    assert type(request).parse(Message.parse(request.message().build())) == request


@given(st.one_of([records(kind) for kind in ANSWERS]))
def test_answers_survive_a_round_trip(answer: Answer) -> None:
    assert type(answer).parse(Message.parse(answer.message(STR.message()).build())) == answer


def test_python_diameter_reads_an_str() -> None:
    foreign = typed(numbered(STR.message()).build())
    assert type(foreign).__name__ == "SessionTerminationRequest"
    assert (foreign.session_id, foreign.termination_cause) == (SESSION, 1)
    assert foreign.auth_application_id == foreign.header.application_id == 16777272


def test_python_diameter_reads_an_asr_of_mip6i() -> None:
    foreign = typed(numbered(ASR.message()).build())
    assert type(foreign).__name__ == "AbortSessionRequest"
    assert (foreign.session_id, foreign.destination_host) == (SESSION, f"{ASR.destination_host}".encode())
    assert foreign.auth_application_id == foreign.header.application_id == 7


def test_python_diameter_reads_a_rar() -> None:
    foreign = typed(numbered(RAR.message()).build())
    assert type(foreign).__name__ == "ReAuthRequest"
    assert (foreign.session_id, foreign.re_auth_request_type) == (SESSION, 0)


@pytest.mark.parametrize(("kind", "code"), list(zip(REQUESTS, (274, 258, 275), strict=True)))
def test_codes_are_those_of_rfc_6733_section_3_1(kind: type[Request], code: int) -> None:
    assert code == kind.COMMAND
