"""The Diameter front without sockets: rounds, sessions and their owners, what is discarded."""

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from ipaddress import IPv4Address, IPv6Address
from typing import Any

import pytest
from structlog.testing import capture_logs

from aaa.diameter.front import MOST_INVALID, DiameterFront
from aaa.diameter.sessions import DiameterSessions
from aaa.ledger import SharedStore
from aaa.messages import Access, AccessAnswer, AccessRequest, Client, Ignore, Reject, RejectCause
from aaa.registrar import Registrar
from aaa.sql_user_sessions import SqlUserSessions
from aaa.user_sessions import MemoryUserSessions, UserSession
from hss.api import Assignment
from hss.session_api import LedgerUnavailable
from tests.aaa.diameter.samples import (
    AAA,
    ACCEPT,
    CHALLENGE,
    EAP_REQUEST,
    EAP_RESPONSE,
    PGW,
    SESSION,
    STATE,
    conforming,
    dea,
    der,
    der_of,
    numbered,
    s6b_der,
    str_,
)
from tests.aaa.diameter.test_authorizing import aar
from tests.aaa.memory_hss import MemoryHss
from tests.hss.sessions.events import NOON
from wire.diameter.applications import Application
from wire.diameter.avp import AvpFault
from wire.diameter.enumerations import TerminationCause
from wire.diameter.message import Message
from wire.diameter.profile import Mip6AgentInfo
from wire.diameter.results import ResultCode
from wire.diameter.sessions import SessionTerminationAnswer, SessionTerminationRequest
from wire.eap.packet import failure

CLIENTS = {"pgw": Client("pgw"), "wlan": Client("wlan", "WLAN")}


class Scripted:
    """A service that gives one answer after the other."""

    def __init__(self, *answers: AccessAnswer) -> None:
        self.answers = list(answers)
        self.requests: list[AccessRequest] = []

    async def authenticate(self, request: AccessRequest) -> AccessAnswer:
        self.requests.append(request)
        return self.answers.pop(0)


def front_of(*answers: AccessAnswer) -> tuple[DiameterFront, Scripted, DiameterSessions]:
    service, sessions, users = Scripted(*answers), DiameterSessions(), MemoryUserSessions()
    registrar = Registrar(MemoryHss(), AAA.origin_host, users)
    return DiameterFront(service, AAA, CLIENTS, users, registrar, sessions), service, sessions


@pytest.fixture(name="logs")
def _logs() -> Iterator[list[Any]]:
    with capture_logs() as lines:
        yield lines


async def test_front_serves_an_authentication_from_der_to_str() -> None:
    front, service, _ = front_of(CHALLENGE, ACCEPT)
    assert dea(conforming(await front.serve("pgw", s6b_der()))).result_code == 1001
    assert dea(conforming(await front.serve("pgw", s6b_der(states=(STATE,))))).result_code == 2001
    assert [(one.state, one.client) for one in service.requests] == [(None, CLIENTS["pgw"]), (STATE, CLIENTS["pgw"])]
    ended = conforming(await front.serve("pgw", str_()))
    assert SessionTerminationAnswer.parse(ended).result_code == 2001
    again = conforming(await front.serve("pgw", str_()))
    assert SessionTerminationAnswer.parse(again).result_code == 5002


async def test_front_tells_the_service_which_access_network_a_peer_is() -> None:
    front, service, _ = front_of(CHALLENGE)
    await front.serve("wlan", der())
    assert service.requests[0].client == Client("wlan", "WLAN")


async def test_front_rejects_as_the_service_does() -> None:
    front, _, sessions = front_of(CHALLENGE, Reject(failure(2), RejectCause.WRONG_RESPONSE))
    await front.serve("pgw", der())
    answer = dea(conforming(await front.serve("pgw", der(states=(STATE,)))))
    assert (answer.result_code, answer.eap_payload) == (4001, failure(2))
    assert len(sessions) == 0


async def test_front_refuses_a_session_of_another_peer() -> None:
    front, service, _ = front_of(CHALLENGE)
    await front.serve("pgw", der())
    with pytest.raises(AvpFault) as caught:
        await front.serve("wlan", der(states=(STATE,)))
    assert caught.value.result is ResultCode.UNKNOWN_SESSION_ID
    assert len(service.requests) == 1


async def test_front_ends_no_session_of_another_peer(logs: list[Any]) -> None:
    front, _, _ = front_of(CHALLENGE, ACCEPT)
    await front.serve("pgw", s6b_der())
    await front.serve("pgw", s6b_der(states=(STATE,)))
    answer = SessionTerminationAnswer.parse(await front.serve("wlan", str_()))
    assert answer.result_code == 5002
    assert [line["cause"] for line in logs] == ["no such session"]
    assert SessionTerminationAnswer.parse(await front.serve("pgw", str_())).result_code == 2001


async def test_front_ends_no_session_that_was_not_accepted() -> None:
    front, _, _ = front_of(CHALLENGE)
    await front.serve("pgw", s6b_der())
    assert SessionTerminationAnswer.parse(await front.serve("pgw", str_())).result_code == 5002


async def test_front_gives_copies_of_an_str_one_answer(shared: SharedStore, logs: list[Any]) -> None:
    """RFC 6733 §5.5.4; a gateway that numbers its second one anew is no duplicate to the peer's connections."""
    unused, left = list[UserSession](), list[None]()
    users = SqlUserSessions(shared.active, lambda: NOON)
    registrar = Registrar(MemoryHss(), AAA.origin_host, users, lambda: left.append(None))
    front = DiameterFront(Scripted(ACCEPT), AAA, CLIENTS, users, registrar, unused=unused.append)
    await front.serve("pgw", s6b_der())
    bad = replace(SessionTerminationRequest.parse(str_()), termination_cause=TerminationCause.BAD_ANSWER)
    other_case = replace(bad, origin_host=bad.origin_host.upper())
    messages = [numbered(one.message()) for one in (bad, bad, other_case)]
    answers = await asyncio.gather(front.serve("wlan", messages[0]), *(front.serve("pgw", one) for one in messages))
    assert [SessionTerminationAnswer.parse(one).result_code for one in answers] == [5002, 2001, 2001, 2001]
    assert (len(unused), len(left)) == (1, 1)
    assert [line["event"] for line in logs if line["client"] == "pgw"] == ["session ended"]
    assert SessionTerminationAnswer.parse(await front.serve("pgw", messages[0])).result_code == 5002


async def test_front_serves_a_copy_of_an_str_whose_first_was_not_served() -> None:
    users = Failing()
    front = DiameterFront(Scripted(ACCEPT), AAA, CLIENTS, users, Registrar(MemoryHss(), AAA.origin_host, users))
    await front.serve("pgw", s6b_der())
    first, second = await asyncio.gather(*(front.serve("pgw", str_()) for _ in range(2)), return_exceptions=True)
    assert isinstance(first, AvpFault)
    assert isinstance(second, Message)
    assert SessionTerminationAnswer.parse(second).result_code == 2001


async def test_front_says_its_request_again_when_the_answer_is_discarded(logs: list[Any]) -> None:
    front, _, _ = front_of(CHALLENGE, Ignore("another identifier"), ACCEPT)
    await front.serve("pgw", der())
    answer = dea(conforming(await front.serve("pgw", der(states=(STATE,)))))
    assert (answer.result_code, answer.eap_reissued_payload, answer.states) == (1001, EAP_REQUEST, (STATE,))
    assert dea(await front.serve("pgw", der(states=(STATE,)))).result_code == 2001
    assert [line["cause"] for line in logs] == ["another identifier"]


async def test_front_ends_a_session_with_too_many_discarded_answers() -> None:
    front, service, sessions = front_of(CHALLENGE, *[Ignore("again")] * MOST_INVALID)
    await front.serve("pgw", der())
    codes = [dea(await front.serve("pgw", der(states=(STATE,)))).result_code for _ in range(MOST_INVALID)]
    assert codes == [1001] * (MOST_INVALID - 1) + [4001]
    assert [request.last_chance for request in service.requests] == [True, *[False] * (MOST_INVALID - 1), True]
    assert len(sessions) == 0


async def test_front_rejects_a_first_packet_that_is_discarded() -> None:
    front, _, _ = front_of(Ignore("malformed"))
    answer = dea(conforming(await front.serve("pgw", der())))
    assert (answer.result_code, answer.eap_payload) == (4001, failure(EAP_RESPONSE[1]))


async def test_front_keeps_whom_it_let_in_and_tells_the_hss_of_it() -> None:
    hss, users, sessions = MemoryHss(), MemoryUserSessions(), DiameterSessions()
    registrar = Registrar(hss, AAA.origin_host, users)
    # by how he came when his gateway began: it need not say so in each round
    accept = replace(ACCEPT, access=Access(0, 1))
    front = DiameterFront(Scripted(accept), AAA, CLIENTS, users, registrar, sessions)
    agent = Mip6AgentInfo(home_agent_addresses=(IPv4Address("192.0.2.1"), IPv6Address("2001:db8::1")))
    await front.serve("pgw", der_of(Application.S6B, mip6_agent_info=agent))
    (kept,) = await users.of_user(ACCEPT.imsi)
    assert (kept.peer, kept.origin_host, kept.application, kept.apn) == ("pgw", PGW.origin_host, 16777272, "internet")
    assert (kept.access, kept.pdn_gw) == (Access(0, 1), IPv6Address("2001:db8::1"))
    assert (await front.serve("pgw", str_())).result_code == 2001
    await registrar.close()
    assert [one.assignment for one in hss.assignments] == [Assignment.PGW_UPDATE, Assignment.USER_DEREGISTRATION]


@pytest.mark.parametrize("cause", list(TerminationCause))
async def test_front_tells_of_sessions_that_their_gateway_could_not_begin(cause: TerminationCause) -> None:
    users, unused = MemoryUserSessions(), list[UserSession]()
    registrar = Registrar(MemoryHss(), AAA.origin_host, users)
    front = DiameterFront(Scripted(ACCEPT), AAA, CLIENTS, users, registrar, None, unused.append)
    await front.serve("pgw", s6b_der())
    (kept,) = await users.of_user(ACCEPT.imsi)
    request = replace(SessionTerminationRequest.parse(str_()), termination_cause=cause)
    assert (await front.serve("pgw", numbered(request.message()))).result_code == 2001
    await registrar.close()
    assert unused == ([kept] if cause is TerminationCause.BAD_ANSWER else [])


async def test_front_lets_nobody_in_to_a_session_of_another_peer() -> None:
    front, service, _ = front_of(ACCEPT, ACCEPT, ACCEPT)
    await front.serve("pgw", s6b_der())
    with pytest.raises(AvpFault) as caught:
        await front.serve("wlan", s6b_der())
    assert caught.value.result is ResultCode.UNKNOWN_SESSION_ID
    await front.serve("pgw", s6b_der())
    assert len(service.requests) == 3


class Failing(MemoryUserSessions):
    """A store that loses the first end."""

    fails = True

    async def end_of(self, peer: str, origin_host: str, session_id: str) -> UserSession | None:
        fails, self.fails = self.fails, False
        await asyncio.sleep(0)
        if fails:
            raise LedgerUnavailable("the store went away")
        return await super().end_of(peer, origin_host, session_id)


class Closed(MemoryUserSessions):
    """A store that is not there."""

    async def keep(self, session: UserSession) -> bool:
        assert session.session_id == SESSION
        raise LedgerUnavailable("the store is closed")

    async def find(self, session_id: str) -> UserSession | None:
        assert session_id
        raise LedgerUnavailable("the store is closed")


@pytest.mark.parametrize("message", [s6b_der(), str_(), aar()], ids=["DER", "STR", "AAR"])
async def test_front_without_a_store_sends_the_gateway_to_another_server(message: Message) -> None:
    users, unkept = Closed(), list[tuple[str, str]]()
    registrar = Registrar(MemoryHss(), "aaa", users)

    def hear(session: UserSession, cause: str) -> None:
        unkept.append((session.session_id, cause))

    front = DiameterFront(Scripted(ACCEPT), AAA, CLIENTS, users, registrar, unkept=hear)
    with pytest.raises(AvpFault, match="the store is closed") as caught:
        await front.serve("pgw", message)
    assert caught.value.result is ResultCode.TOO_BUSY
    assert unkept == ([(SESSION, "the store is closed")] if message.command == s6b_der().command else [])


async def test_front_says_whom_it_had_to_forget(logs: list[Any]) -> None:
    users = MemoryUserSessions(limit=1)
    front = DiameterFront(Scripted(ACCEPT, ACCEPT), AAA, CLIENTS, users, Registrar(MemoryHss(), "aaa", users))
    await front.serve("pgw", der())
    await front.serve("pgw", der(session="pgw.example;1;2"))
    assert [(line["event"], line["session"]) for line in logs] == [("session forgotten", SESSION)]


async def test_front_serves_an_aar_of_a_session_that_it_has() -> None:
    front, _, _ = front_of(ACCEPT)
    with pytest.raises(AvpFault) as caught:
        await front.serve("pgw", aar())
    assert caught.value.result is ResultCode.UNKNOWN_SESSION_ID


async def test_front_serves_no_other_command() -> None:
    front, _, _ = front_of()
    with pytest.raises(AvpFault) as caught:
        await front.serve("pgw", numbered(type(der())(274, der().application, 0xC0, 1, 1, der().avps)))
    assert caught.value.result is ResultCode.COMMAND_UNSUPPORTED
