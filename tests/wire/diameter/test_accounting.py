from datetime import UTC

from hypothesis import given

from tests.wire.diameter.foreign import typed
from tests.wire.diameter.samples import ACR, SESSION, numbered
from tests.wire.diameter.strategies import records
from wire.diameter.accounting import AccountingAnswer, AccountingRequest
from wire.diameter.commands import name_of
from wire.diameter.message import Message


@given(records(AccountingRequest))
def test_requests_survive_a_round_trip(request: AccountingRequest) -> None:
    assert AccountingRequest.parse(Message.parse(request.message().build())) == request


@given(records(AccountingAnswer))
def test_answers_survive_a_round_trip(answer: AccountingAnswer) -> None:
    assert AccountingAnswer.parse(Message.parse(answer.message(ACR.message()).build())) == answer


def test_python_diameter_reads_an_acr() -> None:
    message = numbered(ACR.message())
    foreign = typed(message.build())
    assert (name_of(message), type(foreign).__name__) == ("ACR", "AccountingRequest")
    assert (foreign.session_id, foreign.accounting_record_type, foreign.accounting_record_number) == (
        SESSION, 4, 0x01020304,
    )  # fmt: skip
    assert foreign.acct_application_id == foreign.header.application_id == 3
    assert foreign.event_timestamp.replace(tzinfo=UTC) == ACR.event_timestamp
