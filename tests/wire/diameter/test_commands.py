import pytest

from tests.wire.diameter.samples import ANSWERS, EAP_DEA, EAP_DER, MAR, REQUESTS
from wire.diameter.command import Answer, Request
from wire.diameter.commands import COMMANDS, ERROR_ANSWER, name_of
from wire.diameter.grammar import check
from wire.diameter.groups import GROUPS
from wire.diameter.message import Message


@pytest.mark.parametrize("request_", REQUESTS, ids=lambda r: type(r).__name__)
def test_every_request_follows_its_grammar(request_: Request) -> None:
    message = Message.parse(request_.message().build())
    check(COMMANDS[message.application, message.command].request, message.avps, groups=GROUPS)
    assert type(request_).parse(message) == request_


@pytest.mark.parametrize(("answer", "request_"), ANSWERS, ids=lambda a: type(a).__name__)
def test_every_answer_follows_its_grammar(answer: Answer, request_: Message) -> None:
    message = Message.parse(answer.message(request_).build())
    check(COMMANDS[message.application, message.command].answer, message.avps, groups=GROUPS)
    assert type(answer).parse(message) == answer


def test_messages_have_names() -> None:
    der = EAP_DER.message()
    assert name_of(der) == "DER"
    assert name_of(EAP_DEA.message(der)) == "DEA"
    assert name_of(MAR.message()) == "MAR"
    assert name_of(Message(999, 7, 0x80, 0, 0, ())) == "command 999 of application 7"


def test_an_error_answer_may_lack_the_session() -> None:
    assert not ERROR_ANSWER[263, 0].needed
