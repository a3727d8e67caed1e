"""ASR and RAR to the gateway that holds a session."""

from dataclasses import replace

import pytest
from structlog.testing import capture_logs

from aaa.diameter.gateways import Gateways
from runtime.diameter.settings import DiameterUnavailable
from tests.aaa.diameter.samples import AAA
from tests.aaa.test_user_sessions import ONE
from wire.diameter.applications import Application
from wire.diameter.commands import COMMANDS
from wire.diameter.enumerations import ReAuthRequestType
from wire.diameter.grammar import check
from wire.diameter.groups import GROUPS
from wire.diameter.message import Message
from wire.diameter.results import ResultCode
from wire.diameter.sessions import AbortSessionAnswer, AbortSessionRequest, ReAuthAnswer, ReAuthRequest


class Gateway:
    """Answers every ASR and RAR with one result."""

    def __init__(self, result: int | None = 2001) -> None:
        self.result = result
        self.asked: list[tuple[str, Message]] = []

    async def ask(self, peer: str, message: Message) -> Message:
        self.asked.append((peer, message))
        if self.result is None:
            raise DiameterUnavailable("pgw is not connected")
        kind = AbortSessionAnswer if message.command == AbortSessionRequest.COMMAND else ReAuthAnswer
        return kind(
            session_id=ONE.session_id, origin_host="pgw.example", origin_realm="example", result_code=self.result
        ).message(message)


@pytest.mark.parametrize("application", [5, 7, 16777272, 16777264, 16777250])
async def test_requests_follow_the_grammar_of_their_application(application: int) -> None:
    gateway = Gateway()
    gateways, session = Gateways(AAA, gateway.ask), replace(ONE, application=application)
    assert await gateways.abort(session) is ResultCode.SUCCESS
    assert await gateways.authorize_again(session) is ResultCode.SUCCESS
    for peer, message in gateway.asked:
        read = Message.parse(message.build())
        assert peer == "pgw"
        assert read.application == application
        check(COMMANDS[application, read.command].request, read.avps, groups=GROUPS)
        assert (read.text("Destination-Host"), read.text("Destination-Realm")) == ("pgw.example", "example")
        assert (read.text("Session-Id"), read.text("User-Name")) == (ONE.session_id, ONE.user_name)


@pytest.mark.parametrize(
    ("application", "kind"),
    [
        (Application.S6B, ReAuthRequestType.AUTHORIZE_ONLY),
        (Application.SWM, ReAuthRequestType.AUTHORIZE_ONLY),
        (Application.STA, ReAuthRequestType.AUTHORIZE_ONLY),
        (Application.EAP, ReAuthRequestType.AUTHORIZE_AUTHENTICATE),
        (Application.MIP6I, ReAuthRequestType.AUTHORIZE_AUTHENTICATE),
    ],
)
async def test_application_without_aar_authenticates_again(application: int, kind: ReAuthRequestType) -> None:
    gateway = Gateway()
    await Gateways(AAA, gateway.ask).authorize_again(replace(ONE, application=application), 2)
    rar = ReAuthRequest.parse(gateway.asked[0][1])
    assert (rar.re_auth_request_type, rar.rar_flags) == (kind, 2)


@pytest.mark.parametrize(
    ("application", "told"),
    [
        (Application.MIP6I, ResultCode.UNABLE_TO_COMPLY),
        (Application.EAP, ResultCode.UNABLE_TO_COMPLY),
        (Application.S6B, None),
    ],
)
async def test_gateway_that_cannot_begin_eap_is_not_to_be_asked_again(
    application: int, told: ResultCode | None
) -> None:
    """RFC 7296 §2.16; where there is an AAR, 5012 has another reason, which may pass."""
    gateways = Gateways(AAA, Gateway(5012).ask)
    with capture_logs() as lines:
        assert await gateways.authorize_again(replace(ONE, application=application)) is told
    assert [line["cause"] for line in lines] == ["it answers 5012 UNABLE_TO_COMPLY"]
    assert await gateways.abort(replace(ONE, application=application)) is None


@pytest.mark.parametrize(
    ("result", "told", "cause"),
    [
        (5002, ResultCode.UNKNOWN_SESSION_ID, "it answers 5002 UNKNOWN_SESSION_ID"),
        (3002, None, "it answers 3002 UNABLE_TO_DELIVER"),
        (None, None, "pgw is not connected"),
    ],
)
async def test_what_was_not_done_is_one_line(result: int | None, told: ResultCode | None, cause: str) -> None:
    with capture_logs() as lines:
        assert await Gateways(AAA, Gateway(result).ask).abort(ONE) == told
    assert [(line["event"], line["cause"]) for line in lines] == [("session not aborted", cause)]


async def test_nobody_is_reached_before_the_node_is_there() -> None:
    with capture_logs() as lines:
        assert await Gateways(AAA).abort(ONE) is None
    assert [line["cause"] for line in lines] == ["pgw cannot be asked: no Diameter is served here"]


async def test_malformed_answer_is_no_success() -> None:
    async def ask(_peer: str, message: Message) -> Message:
        return message.with_avps(())

    with capture_logs() as lines:
        assert await Gateways(AAA, ask).abort(ONE) is None
    assert "malformed" in lines[0]["cause"]
