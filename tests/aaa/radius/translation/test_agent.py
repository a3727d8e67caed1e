"""Access-Requests become DERs on real connections, and DEAs answers."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import replace

import pytest
import pytest_asyncio
from structlog.testing import capture_logs

from aaa.radius.accounting.record import to_record
from aaa.radius.dynamic import Done
from aaa.radius.proxy.config import RealmConfig
from aaa.radius.translation.agent import TranslationAgent
from aaa.radius.translation.config import DiameterServerConfig
from runtime.config import ConfigError, SocketAddress
from runtime.radius.requests import RadiusUnavailable
from tests.aaa.radius.accounting.reports import MOMENT, packet
from tests.aaa.radius.samples import AUTHENTICATOR, CLIENT, MSK, SECRET, asked
from tests.aaa.radius.test_dynamic import NOON
from tests.aaa.radius.test_dynamic import session as at_nas
from tests.aaa.radius.translation.home import AAA, CHALLENGE, REALM, Home
from tests.aaa.radius.translation.test_asked import Ledger, Nas, asr
from tests.runtime.diameter.pipe import eventually
from wire.diameter.results import ResultCode
from wire.diameter.sessions import AbortSessionAnswer
from wire.radius.accounting import AcctStatusType
from wire.radius.codec import parse_packet
from wire.radius.eap import join_eap
from wire.radius.mppe import msk_of
from wire.radius.packet import Attribute, Code, RadiusPacket, is_genuine_response

pytestmark = pytest.mark.stack

SERVED = RealmConfig(realm=REALM, diameter=("a", "b"))
BALANCED = RealmConfig(realm=REALM, diameter=("a", "b"), choose="balance")
ALONE = RealmConfig(realm=REALM, diameter=("a",))


@pytest_asyncio.fixture
async def homes() -> AsyncIterator[tuple[Home, Home]]:
    async with Home("a").running() as first, Home("b").running() as second:
        yield first, second


@pytest_asyncio.fixture
async def agent(homes: tuple[Home, Home]) -> AsyncIterator[TranslationAgent]:
    found = TranslationAgent.of([SERVED], [home.config() for home in homes], identity=AAA)
    assert found is not None
    yield found
    await found.close()


async def answered(
    agent: TranslationAgent, *attributes: Attribute, realm: RealmConfig = SERVED, user: str = "0001010000000001"
) -> RadiusPacket:
    octets = asked(*attributes, Attribute.of("Proxy-State", b"nas"), user=user)
    answer = await agent.forward(realm, parse_packet(octets), CLIENT)
    assert is_genuine_response(answer, AUTHENTICATOR, SECRET)
    read = parse_packet(answer)
    assert (read.identifier, read.values("Proxy-State")) == (7, (b"nas",))
    return read


def state_of(answer: RadiusPacket) -> Attribute:
    return Attribute.of("State", answer.octets("State") or b"")


async def test_conversation_is_one_session_at_one_server(homes: tuple[Home, Home], agent: TranslationAgent) -> None:
    challenge = await answered(agent)
    assert (challenge.code, join_eap(challenge)) == (Code.ACCESS_CHALLENGE, CHALLENGE)
    accept = await answered(agent, state_of(challenge))
    assert (accept.code, accept.text("User-Name")) == (Code.ACCESS_ACCEPT, "a")
    assert msk_of(accept, secret=SECRET, request_authenticator=AUTHENTICATOR) == MSK
    first, last = homes[0].asked
    assert (first.session_id, last.states, last.destination_host) == (last.session_id, (b"sealed",), homes[0].host)
    assert (await answered(agent)).code == Code.ACCESS_CHALLENGE
    assert homes[0].asked[-1].session_id != first.session_id
    assert homes[1].asked == []


async def test_users_are_spread_over_servers_and_each_stays_where_he_began(homes: tuple[Home, Home]) -> None:
    agent = TranslationAgent.of([BALANCED], [home.config() for home in homes], identity=AAA)
    assert agent is not None
    for number in range(8):
        before = [len(home.asked) for home in homes]
        name = f"0{number:015}@{REALM}"
        state = state_of(await answered(agent, realm=BALANCED, user=name))
        await answered(agent, state, realm=BALANCED, user=name)
        assert sorted(len(home.asked) - count for home, count in zip(homes, before, strict=True)) == [0, 2]
    assert all(home.asked for home in homes)
    await agent.close()


async def test_another_process_goes_on_at_the_same_server(homes: tuple[Home, Home], agent: TranslationAgent) -> None:
    homes[0].changes["result_code"] = ResultCode.TOO_BUSY
    challenge = await answered(agent)
    del homes[0].changes["result_code"]
    other = TranslationAgent.of([SERVED], [home.config() for home in homes], identity=AAA)
    assert other is not None
    assert (await answered(other, state_of(challenge))).text("User-Name") == "b"
    await other.close()


async def test_next_server_is_asked_when_the_first_is_lost() -> None:
    async with Home("b").running() as second, AsyncExitStack() as first_alone:
        first = await first_alone.enter_async_context(Home("a").running())
        agent = TranslationAgent.of([SERVED], [first.config(), second.config()], identity=AAA)
        assert agent is not None
        challenge = await answered(agent)
        await first_alone.aclose()
        assert (await answered(agent, state_of(challenge))).text("User-Name") == "b"
        assert second.asked[0].session_id == first.asked[0].session_id
        await agent.close()


@pytest.mark.parametrize("result", [ResultCode.UNABLE_TO_DELIVER, ResultCode.TOO_BUSY])
async def test_where_nobody_judges_the_client_hears_nothing(
    homes: tuple[Home, Home], agent: TranslationAgent, result: ResultCode
) -> None:
    for home in homes:
        home.changes["result_code"] = result
    with pytest.raises(RadiusUnavailable, match=rf"Diameter servers: DEA {int(result)}"):
        await answered(agent)
    await eventually(lambda: bool(homes[0].asked))


async def test_refusal_is_a_reject_and_one_line(homes: tuple[Home, Home], agent: TranslationAgent) -> None:
    homes[0].changes |= {"result_code": 5003, "error_message": "barred", "eap_payload": None}
    with capture_logs() as lines:
        assert (await answered(agent)).code == Code.ACCESS_REJECT
    (line,) = [line for line in lines if line["event"] == "access rejected"]
    assert (line["cause"], line["realm"]) == ("DEA 5003 AUTHORIZATION_REJECTED: barred", REALM)
    assert line["session"] == homes[0].asked[0].session_id


async def test_state_of_somebody_else_reaches_no_server(homes: tuple[Home, Home], agent: TranslationAgent) -> None:
    with capture_logs() as lines:
        assert (await answered(agent, Attribute.of("State", b"foreign"))).code == Code.ACCESS_REJECT
    assert [line["cause"] for line in lines if line["event"] == "access rejected"] == [
        "malformed attribute: State was not given by this proxy"
    ]
    assert homes[0].asked == []


async def test_answer_of_another_session_is_none(homes: tuple[Home, Home], agent: TranslationAgent) -> None:
    homes[0].changes["session_id"] = "another"
    with pytest.raises(RadiusUnavailable, match="of another session"):
        await answered(agent)
    homes[0].changes["session_id"] = None
    assert (await answered(agent)).code == Code.ACCESS_CHALLENGE


async def test_session_of_a_class_is_ended_where_it_began(homes: tuple[Home, Home], agent: TranslationAgent) -> None:
    accept = await answered(agent, state_of(await answered(agent)))
    stop = RadiusPacket(4, 1, bytes(16), (Attribute.of("Class", b"home"), *(
        Attribute.of("Class", value) for value in accept.values("Class"))))  # fmt: skip
    with capture_logs() as lines:
        await agent.end(SERVED, stop, CLIENT)
        await agent.end(SERVED, RadiusPacket(4, 1, bytes(16), stop.attributes[:1]), CLIENT)
    (ended,) = homes[0].ended
    assert (ended.session_id, ended.destination_host) == (homes[0].asked[0].session_id, homes[0].host)
    assert (ended.auth_application_id, ended.termination_cause, lines) == (5, 1, [])
    with capture_logs() as lines:
        for homes[0].ends in (5002, 5012):
            await agent.end(SERVED, stop, CLIENT)
    assert [(line["event"], line["cause"]) for line in lines] == [
        ("session not ended at its Diameter server", "STA 5012 UNABLE_TO_COMPLY")
    ]


async def test_what_a_session_has_used_is_told_where_it_began() -> None:
    async with Home("a", accounts=2001).running() as home:
        agent = TranslationAgent.of([ALONE], [home.config(accounting=True)], identity=AAA)
        assert agent is not None
        accept = await answered(agent, state_of(await answered(agent, realm=ALONE)), realm=ALONE)
        own = [Attribute.of("Class", value) for value in accept.values("Class")]
        start, stop = packet(*own), packet(*own, status=AcctStatusType.STOP)
        assert await accounted(agent, start)
        home.accounts = 5002
        with capture_logs() as lines:
            assert await accounted(agent, stop)
        assert [(line["event"], line["cause"]) for line in lines] == [
            ("record refused by its Diameter server", "ACA 5002 UNKNOWN_SESSION_ID")
        ]
        home.accounts = 4002
        with pytest.raises(RadiusUnavailable, match="Diameter servers: ACA 4002"):
            await accounted(agent, stop)
        told = [(one.session_id, one.accounting_record_type, one.destination_host) for one in home.accounted]
        session = home.asked[0].session_id
        assert told == [(session, 2, home.host), (session, 4, home.host), (session, 4, home.host)]
        assert not await accounted(agent, packet()), "no Class of ours: nobody knows the session"
        assert not await accounted(agent, packet(*own, status=AcctStatusType.ACCOUNTING_ON))
        await agent.close()


async def test_server_that_has_no_accounting_keeps_nothing() -> None:
    async with Home("a").running() as home:
        willing = TranslationAgent.of([ALONE], [home.config(accounting=True)], identity=AAA)
        quiet = TranslationAgent.of([ALONE], [home.config()], identity=AAA)
        assert willing is not None
        assert quiet is not None
        accept = await answered(quiet, state_of(await answered(quiet, realm=ALONE)), realm=ALONE)
        start = packet(*(Attribute.of("Class", value) for value in accept.values("Class")))
        assert not await accounted(quiet, start)
        with pytest.raises(RadiusUnavailable, match="does not speak application 3"):
            await accounted(willing, start)
        await willing.close()
        await quiet.close()


async def accounted(agent: TranslationAgent, said: RadiusPacket) -> bool:
    return await agent.account(ALONE, said, CLIENT, to_record(said, CLIENT.name, "192.0.2.1", MOMENT))


async def test_nobody_connected_is_said_with_the_cause() -> None:
    lost = DiameterServerConfig(name="a", address=SocketAddress("127.0.0.1", 1), origin_host="a", realm="r")
    agent = TranslationAgent.of([RealmConfig(realm=REALM, diameter=("a",))], [lost], identity=AAA)
    assert agent is not None
    with pytest.raises(RadiusUnavailable, match=r"Diameter servers: a is not connected: no connection to 127.0.0.1:1"):
        await agent.forward(RealmConfig(realm=REALM, diameter=("a",)), parse_packet(asked()), CLIENT)
    await agent.close()


def server(name: str, realm: str = REALM) -> DiameterServerConfig:
    return DiameterServerConfig(
        name=name, address=SocketAddress("127.0.0.1", 1), origin_host=f"{name}.{realm}", realm=realm
    )


def realm(*names: str) -> RealmConfig:
    return RealmConfig(realm=REALM, diameter=names)


async def test_without_such_a_realm_there_is_no_agent() -> None:
    assert TranslationAgent.of([RealmConfig(realm=REALM, servers=("x",))], [server("a")], identity=AAA) is None


@pytest.mark.parametrize(
    ("realms", "complaint"),
    [
        ([realm("c")], r"there is no \[\[aaa.radius.diameter_server\]\] c; add it"),
        ([realm("a", "b"), realm("a")], "a is in two lists"),
        ([realm("a", "foreign")], "of several realms"),
        ([realm("a", "counting")], "a, counting: in one list, accounting is true for all or for none"),
        ([realm("aaa")], "aaa is this server itself: that is a loop"),
        ([realm("a", "b"), BALANCED], f"{REALM}: choose is one for all realms of a, b"),
    ],
)
async def test_servers_that_cannot_be_asked_are_refused(realms: list[RealmConfig], complaint: str) -> None:
    counting = server("counting").model_copy(update={"accounting": True})
    servers = [server("a"), server("b"), counting, server("foreign", "other"), server("aaa", "example")]
    with pytest.raises(ConfigError, match=complaint):
        TranslationAgent.of(realms, servers, identity=AAA)


async def test_server_may_end_a_session_where_accounting_says_where_it_is(
    homes: tuple[Home, Home], agent: TranslationAgent
) -> None:
    challenge = await answered(agent)
    accept = await answered(agent, state_of(challenge))
    node = homes[0].node
    assert node is not None
    session_id = homes[0].asked[-1].session_id
    assert AbortSessionAnswer.parse(await node.request("aaa", asr(session_id, homes[0].host))).result_code == 5012
    session = replace(at_nas(), client=CLIENT.name, radius_class=accept.octets("Class"))
    nas = Nas(Done())
    agent.obey(Ledger(session), nas, lambda: NOON)
    assert AbortSessionAnswer.parse(await node.request("aaa", asr(session_id, homes[0].host))).result_code == 2001
    assert nas.asked == [(session, None)]
