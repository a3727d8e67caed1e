"""ASR and RAR of another realm's server reach the NAS of the session that they name, and nobody else's."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from random import Random

import pytest
from structlog.testing import capture_logs

from aaa.radius.dynamic import Done, Outcome, Refused, Unanswered
from aaa.radius.translation.asked import AskedByServers
from aaa.radius.translation.conversation import Conversation, Conversations
from hss.session_api import LedgerUnavailable, Session, SessionQuery
from tests.aaa.radius.test_dynamic import NOON
from tests.aaa.radius.test_dynamic import session as at_nas
from tests.wire.diameter.samples import numbered
from wire.diameter.applications import Application
from wire.diameter.avp import AvpFault
from wire.diameter.command import Identity
from wire.diameter.enumerations import ReAuthRequestType
from wire.diameter.message import Message
from wire.diameter.results import ResultCode
from wire.diameter.sessions import AbortSessionRequest, ReAuthAnswer, ReAuthRequest, SessionCommand
from wire.radius.packet import Attribute, Code, RadiusPacket

AAA = Identity("aaa.example", "example")
SERVER = "home.partner.example"
CONVERSATION = Conversation(bytes.fromhex("0000000700000002"), SERVER)
SESSION_ID = CONVERSATION.session_id(AAA.origin_host, "lab")
CONVERSATIONS = Conversations([SERVER], Random(7155).randbytes)
SESSION = replace(at_nas(), client="lab", radius_class=CONVERSATIONS.class_of(CONVERSATION))


class Ledger:
    """Has one open session, or is closed."""

    def __init__(self, session: Session = SESSION, *, closed: bool = False) -> None:
        self.session = session
        self.closed = closed

    async def sessions(self, query: SessionQuery) -> tuple[Session, ...]:
        if self.closed:
            raise LedgerUnavailable("the store is closed")
        return (self.session,) if query.radius_class == self.session.radius_class else ()


class Nas:
    """Answers the same to everything."""

    def __init__(self, outcome: Outcome) -> None:
        self.outcome = outcome
        self.asked: list[tuple[Session, Sequence[Attribute] | None]] = []

    async def ask(self, session: Session, moment: datetime, changes: Sequence[Attribute] | None) -> Outcome:
        assert moment == NOON
        self.asked.append((session, changes))
        return self.outcome


def asked_by(nas: Nas, ledger: Ledger | None = None) -> AskedByServers:
    return AskedByServers(AAA, CONVERSATIONS, ledger or Ledger(), nas, lambda: NOON)


def asr(session_id: str = SESSION_ID, origin_host: str = SERVER) -> Message:
    request = AbortSessionRequest(
        session_id=session_id,
        auth_application_id=Application.EAP,
        origin_host=origin_host,
        origin_realm="partner.example",
        destination_realm=AAA.origin_realm,
        destination_host=AAA.origin_host,
    )
    return numbered(request.message())


def rar() -> Message:
    request = ReAuthRequest(
        session_id=SESSION_ID,
        auth_application_id=Application.EAP,
        origin_host=SERVER,
        origin_realm="partner.example",
        destination_realm=AAA.origin_realm,
        destination_host=AAA.origin_host,
        re_auth_request_type=ReAuthRequestType.AUTHORIZE_AUTHENTICATE,
    )
    return numbered(request.message())


async def result_of(asked: AskedByServers, message: Message) -> int | None:
    answer = Message.parse((await asked.serve("home", message)).build())
    assert (answer.command, answer.application) == (message.command, Application.EAP)
    read = ReAuthAnswer.parse(answer)
    assert (read.origin_host, read.session_id) == (AAA.origin_host, message.text("Session-Id"))
    return read.result_code


async def test_asr_disconnects_the_session_at_its_nas() -> None:
    nas = Nas(Done())
    assert await result_of(asked_by(nas), asr()) == ResultCode.SUCCESS
    assert nas.asked == [(SESSION, None)]


async def test_rar_has_the_nas_authenticate_its_user_anew_in_the_same_session() -> None:
    nas = Nas(Done())
    assert await result_of(asked_by(nas), rar()) == ResultCode.SUCCESS
    ((_, changes),) = nas.asked
    assert changes is not None
    said = RadiusPacket(Code.COA_REQUEST, 1, bytes(16), tuple(changes))
    assert CONVERSATIONS.read_state(said.octets("State") or b"") == CONVERSATION
    assert (said.integer("Session-Timeout"), said.integer("Termination-Action")) == (10, 1)


@pytest.mark.parametrize(
    ("outcome", "result"),
    [
        (Refused("session context not found (503)", is_unknown=True), ResultCode.UNKNOWN_SESSION_ID),
        (Refused("unsupported service (405)", is_unknown=False), ResultCode.UNABLE_TO_COMPLY),
        (Unanswered("no answer"), ResultCode.UNABLE_TO_COMPLY),
    ],
)
async def test_nas_that_does_not_is_told_to_the_server(outcome: Outcome, result: ResultCode) -> None:
    for message in (asr(), rar()):
        with capture_logs() as lines:
            assert await result_of(asked_by(Nas(outcome)), message) == result
        assert [line.get("cause") for line in lines if line["log_level"] == "warning"] == [outcome.cause]  # type: ignore[union-attr]


@pytest.mark.parametrize(
    "message",
    [
        asr(CONVERSATION.session_id(AAA.origin_host, "other")),
        asr(CONVERSATION.session_id("other.example", "lab")),
        asr(SESSION_ID, "stranger.partner.example"),
        asr("aaa.example;7;3;00000000"),
        asr("aaa.example;99999999999;2;00000000"),
        asr("nonsense"),
    ],
    ids=["another client", "another node", "another server", "no such", "too large", "nonsense"],
)
async def test_session_that_is_not_the_server_s_is_unknown(message: Message) -> None:
    nas = Nas(Done())
    assert await result_of(asked_by(nas), message) == ResultCode.UNKNOWN_SESSION_ID
    assert nas.asked == []


async def test_what_cannot_be_looked_up_now_is_asked_again() -> None:
    with pytest.raises(AvpFault) as caught:
        await asked_by(Nas(Done()), Ledger(closed=True)).serve("home", asr())
    assert caught.value.result == ResultCode.TOO_BUSY


async def test_other_commands_are_not_served() -> None:
    with pytest.raises(AvpFault) as caught:
        await asked_by(Nas(Done())).serve("home", replace(asr(), command=SessionCommand.SESSION_TERMINATION))
    assert caught.value.result == ResultCode.COMMAND_UNSUPPORTED
