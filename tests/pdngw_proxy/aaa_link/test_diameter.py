"""The Diameter link's rounds, its waits and its log lines, with a client that answers as told."""

import asyncio
from collections.abc import Callable
from dataclasses import fields, replace
from ipaddress import IPv6Address

import pytest
import structlog.testing

from pdngw_proxy.aaa_link.diameter import DiameterLink
from pdngw_proxy.aaa_link.diameter_messages import DiameterGateway
from pdngw_proxy.aaa_link.port import (
    Marks,
    RelayAnswer,
    RelayChallenge,
    RelayReject,
    RelayRequest,
    RelayUnavailable,
)
from pdngw_proxy.aaa_link.records import EndedBy
from runtime.diameter.settings import DiameterUnavailable
from wire.diameter.applications import Application
from wire.diameter.authorization import AaAnswer, AaRequest
from wire.diameter.command import ExperimentalResult, Identity, error_answer
from wire.diameter.eap import DiameterEapAnswer
from wire.diameter.eap_applications import ANSWERS
from wire.diameter.enumerations import ReAuthRequestType, TerminationCause
from wire.diameter.message import Message
from wire.diameter.results import ResultCode
from wire.diameter.s6b import S6bEapAnswer, S6bEapRequest
from wire.diameter.sessions import ReAuthRequest, SessionCommand, SessionTerminationAnswer, SessionTerminationRequest
from wire.ikev2.constants import NotifyType

AAA = Identity("aaa.home", "home")
GATEWAY = DiameterGateway(
    identity=Identity("pgw.example", "example"),
    aaa=AAA,
    home_agent=IPv6Address("2001:db8::1"),
    visited_network="mnc001.mcc001.3gppnetwork.org",
)
REQUEST = RelayRequest(session="7;1", eap=b"\x02\x01\x00\x05\x01", identity="ue@example", apn="internet")
CHALLENGE = S6bEapAnswer(
    session_id="pgw.example;7;1",
    origin_host="aaa.home",
    origin_realm="home",
    result_code=ResultCode.MULTI_ROUND_AUTH,
    eap_payload=b"\x01\x02\x00\x05\x17",
    states=(b"sealed",),
)


class StubClient:
    """A connected Diameter client, or one that is not."""

    def __init__(self, answer: Callable[[Message], Message], *, connected: bool = True) -> None:
        self.answer = answer
        self.connected = connected
        self.asked: list[Message] = []
        self.limits: list[float | None] = []
        self.closed = False

    async def ready(self, within: float) -> None:
        self.limits.append(within)
        if not self.connected:
            raise DiameterUnavailable("aaa is not connected: refused")

    async def request(self, message: Message, within: float | None = None) -> Message:
        self.limits.append(within)
        self.asked.append(message)
        return self.answer(message)

    async def close(self) -> None:
        self.closed = True


def challenged(request: Message) -> Message:
    return CHALLENGE.message(request)


async def round_with(answer: Callable[[Message], Message], request: RelayRequest = REQUEST) -> RelayAnswer:
    return await DiameterLink(StubClient(answer), GATEWAY).authenticate(request)


async def test_link_relays_one_round() -> None:
    client = StubClient(challenged)
    link = DiameterLink(client, GATEWAY, limit=4.0)
    assert await link.authenticate(REQUEST) == RelayChallenge(b"\x01\x02\x00\x05\x17", b"sealed")
    (asked,) = client.asked
    assert S6bEapRequest.parse(asked).session_id == "pgw.example;7;1"
    assert all(limit is not None and 0 < limit <= 4.0 for limit in client.limits)


async def test_link_is_unavailable_without_a_connection() -> None:
    link = DiameterLink(StubClient(challenged, connected=False), GATEWAY)
    assert await link.authenticate(REQUEST) == RelayUnavailable("AAA server: aaa is not connected: refused")


CHALLENGED = replace(REQUEST, eap=b"\x02\x02\x00\x05\x17", state=b"sealed")


@pytest.mark.parametrize(
    ("result", "said"),
    [(ResultCode.SUCCESS, ["session ended at the AAA server"]), (ResultCode.UNKNOWN_SESSION_ID, [])],
)
async def test_who_may_have_been_let_in_by_an_answer_that_was_not_heard_is_said_to_have_gone(
    monkeypatch: pytest.MonkeyPatch, result: ResultCode, said: list[str]
) -> None:
    def silent(request: Message) -> Message:
        if request.command != SessionTerminationRequest.COMMAND:
            raise DiameterUnavailable("aaa did not answer in time")
        session, (host, realm) = request.text("Session-Id") or "", ("aaa.home", "home")
        return SessionTerminationAnswer(
            session_id=session, origin_host=host, origin_realm=realm, result_code=result
        ).message(request)

    monkeypatch.setattr("pdngw_proxy.aaa_link.diameter.UNHEARD", 0.0)
    client = StubClient(silent)
    link = DiameterLink(client, GATEWAY)
    with structlog.testing.capture_logs() as lines:
        for request in (REQUEST, CHALLENGED):
            assert await link.authenticate(request) == RelayUnavailable("AAA server: aaa did not answer in time")
            await asyncio.sleep(0.01)
    _first, _second, ended = client.asked
    read = SessionTerminationRequest.parse(ended)
    assert (read.session_id, read.termination_cause) == ("pgw.example;7;1", TerminationCause.SERVICE_NOT_PROVIDED)
    assert [line["event"] for line in lines] == said


async def test_who_may_have_been_let_in_is_said_to_have_gone_before_the_gateway_stops() -> None:
    def silent(request: Message) -> Message:
        if request.command == SessionCommand.SESSION_TERMINATION:
            return error_answer(request, AAA, ResultCode.UNKNOWN_SESSION_ID)
        raise DiameterUnavailable("aaa did not answer in time")

    client = StubClient(silent)
    link = DiameterLink(client, GATEWAY)
    assert isinstance(await link.authenticate(CHALLENGED), RelayUnavailable)
    link.hurry()
    async with asyncio.timeout(5):
        await link.end()
    assert [one.command for one in client.asked[1:]] == [SessionCommand.SESSION_TERMINATION]
    await link.close()


async def test_link_rejects_what_the_server_cannot_serve() -> None:
    def busy(request: Message) -> Message:
        return error_answer(request, AAA, ResultCode.TOO_BUSY)

    assert await round_with(busy) == RelayReject(b"", "DEA 3004 TOO_BUSY", NotifyType.NETWORK_FAILURE)


async def test_link_rejects_an_answer_of_another_session() -> None:
    answer = await round_with(lambda request: replace(CHALLENGE, session_id="pgw.example;8;1").message(request))
    assert answer == RelayReject(b"", "the DEA is of another session")


async def test_link_rejects_a_malformed_answer() -> None:
    answer = await round_with(lambda request: replace(challenged(request), avps=()))
    assert answer == RelayReject(b"", "the DEA is malformed: Origin-Host is missing")


async def test_link_rejects_a_name_that_no_der_carries() -> None:
    answer = await round_with(challenged, replace(REQUEST, identity="\udcff"))
    assert isinstance(answer, RelayReject)
    assert answer.cause.startswith("no DER carries this request: ")


async def test_link_ends_the_session_of_an_accepted_user() -> None:
    def ended(request: Message) -> Message:
        sta = SessionTerminationAnswer(
            session_id="pgw.example;7;1", origin_host="aaa.home", origin_realm="home", result_code=ResultCode.SUCCESS
        )
        return sta.message(request)

    client = StubClient(ended)
    with structlog.testing.capture_logs() as lines:
        await DiameterLink(client, GATEWAY).end_session("7;1", "ue@example", EndedBy.UE)
    assert lines == []
    (asked,) = client.asked
    read = SessionTerminationRequest.parse(asked)
    assert (read.session_id, read.user_name) == ("pgw.example;7;1", "ue@example")


@pytest.mark.parametrize(
    ("client", "cause"),
    [
        (
            StubClient(lambda request: error_answer(request, AAA, ResultCode.UNKNOWN_SESSION_ID)),
            "STA 5002 UNKNOWN_SESSION_ID",
        ),
        (StubClient(lambda request: replace(request, avps=())), "Session-Id is missing"),
    ],
)
async def test_link_logs_a_session_that_it_could_not_end(client: StubClient, cause: str) -> None:
    with structlog.testing.capture_logs() as lines:
        await DiameterLink(client, GATEWAY).end_session("7;1", None, EndedBy.UE)
    (line,) = lines
    assert line["event"] == "session not ended at the AAA server"
    assert cause in line["cause"]


@pytest.mark.parametrize("application", [Application.MIP6I, Application.EAP])
async def test_link_speaks_the_application_that_it_is_told(application: Application) -> None:
    kind = ANSWERS[application]
    answer = kind(**{one.name: getattr(CHALLENGE, one.name) for one in fields(DiameterEapAnswer)})
    client = StubClient(answer.message)
    link = DiameterLink(client, replace(GATEWAY, application=application))
    assert await link.authenticate(REQUEST) == RelayChallenge(b"\x01\x02\x00\x05\x17", b"sealed")
    assert [asked.application for asked in client.asked] == [application]


async def test_link_takes_leave() -> None:
    client = StubClient(challenged)
    await DiameterLink(client, GATEWAY).close()
    assert client.closed


AUTHORIZED = AaAnswer(session_id="pgw.example;7;1", origin_host="aaa.home", origin_realm="home", result_code=2001)
VERDICTS = [
    (replace(AUTHORIZED, session_timeout=60), [], "session authorized anew"),
    (replace(AUTHORIZED, result_code=5003), ["7;1"], None),
    (replace(AUTHORIZED, result_code=None, experimental_result=ExperimentalResult(code=5451)), ["7;1"], None),
    (replace(AUTHORIZED, result_code=3004), [], "session not authorized anew"),
]


class Keeper:
    """Has every session."""

    def __init__(self) -> None:
        self.aborted: list[str] = []
        self.limited: list[tuple[str, int]] = []

    def named(self, marks: Marks) -> tuple[str, ...]:
        raise NotImplementedError(marks)

    def holds(self, session: str) -> bool:
        return session not in self.aborted

    def abort(self, session: str, cause: str) -> bool:
        assert cause.startswith("not authorized any more: AAA 5")
        self.aborted.append(session)
        return True

    def limit(self, session: str, seconds: int) -> bool:
        self.limited.append((session, seconds))
        return True

    def reauthenticate(self, session: str) -> bool:
        raise NotImplementedError


@pytest.mark.parametrize(("answer", "aborted", "line"), VERDICTS)
async def test_link_asks_anew_after_a_rar_and_ends_what_is_refused(
    answer: AaAnswer, aborted: list[str], line: str | None
) -> None:
    client, keeper = StubClient(answer.message), Keeper()
    link = DiameterLink(client, GATEWAY)
    link.obey(keeper)
    rar = ReAuthRequest(
        session_id="pgw.example;7;1",
        origin_host="aaa.home",
        origin_realm="home",
        destination_realm="example",
        re_auth_request_type=ReAuthRequestType.AUTHORIZE_ONLY,
    ).message()
    with structlog.testing.capture_logs() as lines:
        assert (await link.requests.serve("aaa", rar)).result_code == 2001
        await asyncio.sleep(0.01)
    (asked,) = client.asked
    aar = AaRequest.parse(asked)
    assert (aar.session_id, aar.destination_host) == ("pgw.example;7;1", "aaa.home")
    assert keeper.aborted == aborted
    assert keeper.limited == ([] if answer.session_timeout is None else [("7;1", 60)])
    assert [one["event"] for one in lines][1:] == ([] if line is None else [line])


async def test_session_goes_on_while_no_server_answers() -> None:
    link, keeper = DiameterLink(StubClient(challenged, connected=False), GATEWAY), Keeper()
    link.obey(keeper)
    with structlog.testing.capture_logs() as lines:
        await link.authorize("7;1")
    assert (keeper.aborted, [line["cause"] for line in lines]) == ([], ["aaa is not connected: refused"])


async def test_session_is_called_by_its_session_id() -> None:
    assert DiameterLink(StubClient(challenged), GATEWAY).called("7;1") == "pgw.example;7;1"
