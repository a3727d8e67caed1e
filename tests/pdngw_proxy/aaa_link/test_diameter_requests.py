"""ASR and RAR of the AAA server, and which sessions they reach."""

from dataclasses import replace
from typing import Any

import pytest
from structlog.testing import capture_logs

from pdngw_proxy.aaa_link.diameter_requests import AaaRequests
from pdngw_proxy.aaa_link.port import Marks
from tests.pdngw_proxy.aaa_link.test_diameter import GATEWAY
from wire.diameter.admission import check_answer
from wire.diameter.applications import Application
from wire.diameter.avp import AvpFault
from wire.diameter.enumerations import ReAuthRequestType
from wire.diameter.message import Message
from wire.diameter.sessions import AbortSessionRequest, ReAuthRequest


class Keeper:
    """Has the sessions that it is told of."""

    def __init__(self, *sessions: str) -> None:
        self.sessions = set(sessions)
        self.aborted: list[tuple[str, str]] = []
        self.reauthenticated: list[str] = []

    def named(self, marks: Marks) -> tuple[str, ...]:
        raise NotImplementedError(marks)

    def holds(self, session: str) -> bool:
        return session in self.sessions

    def abort(self, session: str, cause: str) -> bool:
        if session in self.sessions:
            self.aborted.append((session, cause))
        return session in self.sessions

    def limit(self, session: str, seconds: int) -> bool:
        raise NotImplementedError

    def reauthenticate(self, session: str) -> bool:
        self.reauthenticated.append(session)
        return True


def asked(kind: type[AbortSessionRequest | ReAuthRequest], session: str, **more: Any) -> Message:  # noqa: ANN401
    request = kind(
        session_id=session,
        auth_application_id=Application.S6B,
        origin_host="aaa.home",
        origin_realm="home",
        destination_realm="example",
        destination_host="pgw.example",
        **more,
    )
    return Message.parse(request.message().numbered(hop_by_hop=3, end_to_end=4).build())


def rar(session: str, kind: ReAuthRequestType = ReAuthRequestType.AUTHORIZE_ONLY) -> Message:
    return asked(ReAuthRequest, session, re_auth_request_type=kind)


OURS, FOREIGN = "pgw.example;7;1", "pgw.example;7;2"
TABLE = [
    ("ASR of a session", asked(AbortSessionRequest, OURS), 2001, ["7;1"], []),
    ("ASR of none", asked(AbortSessionRequest, FOREIGN), 5002, [], []),
    ("RAR of a session", rar(OURS), 2001, [], ["7;1"]),
    ("RAR of none", rar(FOREIGN), 5002, [], []),
    ("RAR that wants EAP", rar(OURS, ReAuthRequestType.AUTHORIZE_AUTHENTICATE), 2001, [], []),
]


@pytest.mark.parametrize(("what", "message", "result", "aborted", "authorized"), TABLE, ids=[row[0] for row in TABLE])
async def test_requests_reach_the_sessions_that_they_name(
    what: str, message: Message, result: int, aborted: list[str], authorized: list[str]
) -> None:
    keeper, begun = Keeper("7;1"), list[str]()
    requests = AaaRequests(GATEWAY, begun.append)
    requests.keeper = keeper
    with capture_logs() as lines:
        answer = Message.parse((await requests.serve("aaa", message)).build())
    check_answer(answer)
    assert (answer.result_code, answer.text("Session-Id")) == (result, message.text("Session-Id"))
    assert ([name for name, _ in keeper.aborted], begun) == (aborted, authorized)
    assert len(lines) == 1


@pytest.mark.parametrize("application", [Application.MIP6I, Application.EAP])
@pytest.mark.parametrize("kind", ReAuthRequestType)
async def test_rar_of_applications_without_an_aar_asks_the_ue(
    application: Application, kind: ReAuthRequestType
) -> None:
    """RFC 5778 §5.1, RFC 4072 §3: what a RAR wants is a DER, hence EAP, which only the UE can begin."""
    begun, keeper = list[str](), Keeper("7;1")
    requests = AaaRequests(replace(GATEWAY, application=application), begun.append)
    requests.keeper = keeper
    assert (await requests.serve("aaa", rar(OURS, kind))).result_code == 2001
    assert (await requests.serve("aaa", rar(FOREIGN, kind))).result_code == 5002
    assert (begun, keeper.reauthenticated) == ([], ["7;1"])


@pytest.mark.parametrize("message", [TABLE[0][1], TABLE[2][1]])
async def test_nothing_is_known_before_the_gateway_is_there(message: Message) -> None:
    answer = await AaaRequests(GATEWAY, lambda _session: None).serve("aaa", message)
    assert answer.result_code == 5002


async def test_nothing_else_is_served() -> None:
    with pytest.raises(AvpFault) as caught:
        await AaaRequests(GATEWAY, lambda _session: None).serve("aaa", Message(268, 16777272, 0xC0, 1, 1, ()))
    assert caught.value.result == 3001
