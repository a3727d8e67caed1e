import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from ipaddress import ip_network
from typing import Any

import pytest
import pytest_asyncio
from structlog.testing import capture_logs

from runtime.diameter.client import DiameterClient
from runtime.diameter.connection import Connection
from runtime.diameter.pool import DiameterPool
from runtime.diameter.server import DiameterServer
from runtime.diameter.settings import DiameterUnavailable
from tests.runtime.diameter.pair import GATEWAY_POLICY, LIMITS, TIMING, seeded
from tests.runtime.diameter.pipe import Transport, eventually, join
from tests.wire.diameter.samples import AAA, EAP_DEA, EAP_DER, GATEWAY, REALM
from wire.diameter.capabilities import LocalNode, PeerPolicy
from wire.diameter.command import error_answer
from wire.diameter.message import Message
from wire.diameter.peer_events import Suspended
from wire.diameter.results import ResultCode
from wire.diameter.values import make

HOSTS = ("one.example", "two.example", "three.example")
DER = replace(EAP_DER, destination_host=HOSTS[0])


class Servers:
    """Three AAA servers and the network to them; each answers as it was told, and remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, Message]] = []
        self.answers: dict[str, Callable[[Message], Message | None]] = {}
        self.down: set[str] = set()
        self.ends: dict[str, Transport] = {}
        self.nodes = {host: self._node(host) for host in HOSTS}

    def _node(self, host: str) -> DiameterServer:
        async def handler(_peer: str, request: Message) -> Message:
            self.asked.append((host, request))
            answer = self.answers.get(host, EAP_DEA.message)(request)
            if answer is None:
                await asyncio.sleep(60)
            return answer or EAP_DEA.message(request)

        return DiameterServer(
            local=LocalNode(host, REALM, AAA.applications),
            peers=(GATEWAY_POLICY,),
            handler=handler,
            random=seeded,
            wall_clock=0.0,
            timing=TIMING,
            limits=LIMITS,
        )

    async def create_connection(
        self,
        factory: Callable[[], Connection],
        host: str,
        _port: int,
        **_options: Any,  # noqa: ANN401
    ) -> tuple[asyncio.Transport, Connection]:
        name = HOSTS[int(host[-1])]
        if name in self.down:
            raise ConnectionRefusedError("refused")
        connection = factory()
        ends = join(connection, self.nodes[name].incoming())
        self.ends[name] = ends[0]
        return ends[0], connection

    def lose(self, host: str) -> None:
        self.down.add(host)
        self.ends[host].abort()

    @property
    def order(self) -> list[str]:
        return [host for host, _ in self.asked]


@pytest_asyncio.fixture
async def servers(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Servers]:
    found = Servers()
    monkeypatch.setattr(asyncio.get_running_loop(), "create_connection", found.create_connection)
    yield found
    for node in found.nodes.values():
        await node.close()


@pytest_asyncio.fixture
async def pool(servers: Servers) -> AsyncIterator[DiameterPool]:
    made = DiameterPool([client(number) for number in range(3)])
    made.start()
    await eventually(lambda: all(each.connected for each in made._clients))
    yield made
    await made.close()


def client(number: int, *, agent: bool = False) -> DiameterClient:
    return DiameterClient(
        local=GATEWAY,
        peer=PeerPolicy(HOSTS[number], HOSTS[number], REALM, (ip_network("127.0.0.0/8"),), agent=agent),
        address=(f"127.0.0.{number}", 3868),
        # no two begin with the same End-to-End Identifier
        random=lambda count: bytes([number, *seeded(count)[1:]]),
        timing=TIMING,
        limits=LIMITS,
        alternate=True,
    )


def refusing(result: ResultCode) -> Callable[[Message], Message]:
    return lambda request: error_answer(request, AAA.identity, result)


def redirecting(host: str, usage: int = 0) -> Callable[[Message], Message]:
    def answer(request: Message) -> Message:
        refused = error_answer(request, AAA.identity, ResultCode.REDIRECT_INDICATION)
        more = (make("Redirect-Host", f"aaa://{host}:3868"), make("Redirect-Host-Usage", usage),
                make("Redirect-Max-Cache-Time", 60))  # fmt: skip
        return refused.with_avps((*refused.avps, *more))

    return answer


async def test_the_first_server_is_asked_while_it_is_there(servers: Servers, pool: DiameterPool) -> None:
    for number in range(3):
        assert (await pool.request(replace(DER, session_id=f"s{number}").message())).result_code == 1001
    assert servers.order == [HOSTS[0]] * 3


def of_user(number: int) -> Message:
    return replace(DER, session_id=f"s{number}", user_name=f"user-{number}", destination_host=None).message()


async def balanced() -> DiameterPool:
    made = DiameterPool([client(number) for number in range(3)], balance=True)
    made.start()
    await eventually(lambda: all(each.connected for each in made._clients))
    return made


async def test_users_are_spread_and_each_process_prefers_the_same_server_for_one(servers: Servers) -> None:
    first = await balanced()
    for number in range(30):
        await first.request(of_user(number))
    assert {host: servers.order.count(host) for host in HOSTS} == {HOSTS[0]: 9, HOSTS[1]: 14, HOSTS[2]: 7}
    assert first._homes == {}, "who is where he is preferred need not be remembered"
    second = DiameterPool([client(number) for number in range(3)], balance=True)
    assert [second._order(of_user(number))[0].origin_host for number in range(30)] == servers.order
    await first.close()


async def test_users_of_a_server_that_is_gone_go_to_the_next_and_stay_there(servers: Servers) -> None:
    pool = await balanced()
    asked = [of_user(number) for number in range(30)]
    for each in asked:
        await pool.request(each)
    before = servers.order
    servers.lose(HOSTS[1])
    await eventually(lambda: not pool._clients[1].connected)
    servers.asked.clear()
    for each in asked:
        await pool.request(each)
    assert servers.order == [HOSTS[2] if host == HOSTS[1] else host for host in before]
    assert len(pool._homes) == before.count(HOSTS[1])
    await pool.close()


async def test_what_waits_for_a_users_server_goes_to_the_next_of_his(servers: Servers) -> None:
    pool = await balanced()
    for host in HOSTS:
        servers.answers[host] = lambda _request: None
    lone = next(number for number in range(30) if pool._order(of_user(number))[0] is pool._clients[2])
    asking = asyncio.ensure_future(pool.request(of_user(lone)))
    await eventually(lambda: servers.order == [HOSTS[2]])
    servers.answers.clear()
    servers.lose(HOSTS[2])
    assert (await asking).result_code == 1001
    assert servers.order == [HOSTS[2], HOSTS[0]]
    await pool.close()


async def test_another_is_asked_as_itself_when_the_first_is_gone(servers: Servers, pool: DiameterPool) -> None:
    servers.lose(HOSTS[0])
    await eventually(lambda: not pool._clients[0].connected)
    assert (await pool.request(DER.message())).result_code == 1001
    ((host, request),) = servers.asked
    assert (host, request.text("Destination-Host")) == (HOSTS[1], HOSTS[1])


async def test_what_waits_for_a_server_that_fails_goes_to_another_with_t(servers: Servers, pool: DiameterPool) -> None:
    servers.answers[HOSTS[0]] = lambda _request: None
    asking = asyncio.ensure_future(pool.request(DER.message()))
    await eventually(lambda: servers.order == [HOSTS[0]])
    servers.lose(HOSTS[0])
    assert (await asking).result_code == 1001
    (_, first), (host, again) = servers.asked
    assert (host, again.text("Destination-Host")) == (HOSTS[1], HOSTS[1])
    assert (first.retransmitted, again.retransmitted) == (False, True)
    assert again.end_to_end == first.end_to_end


async def test_what_waits_goes_on_waiting_where_nobody_else_is_there(servers: Servers, pool: DiameterPool) -> None:
    servers.answers[HOSTS[0]] = lambda _request: None
    for host in HOSTS[1:]:
        servers.lose(host)
    await eventually(lambda: sum(each.connected for each in pool._clients) == 1)
    asking = asyncio.ensure_future(pool.request(DER.message(), 0.3))
    await eventually(lambda: servers.order == [HOSTS[0]])
    servers.lose(HOSTS[0])
    with pytest.raises(DiameterUnavailable):
        await asking


async def test_what_waits_for_a_lost_server_goes_to_whichever_is_back_first(
    servers: Servers, pool: DiameterPool
) -> None:
    servers.answers[HOSTS[0]] = lambda _request: None
    for host in HOSTS[1:]:
        servers.lose(host)
    await eventually(lambda: sum(each.connected for each in pool._clients) == 1)
    asking = asyncio.ensure_future(pool.request(DER.message()))
    await eventually(lambda: servers.order == [HOSTS[0]])
    servers.lose(HOSTS[0])
    await eventually(lambda: not pool._clients[0].connected)
    servers.down.remove(HOSTS[2])
    assert (await asking).result_code == 1001
    (_, first), (host, again) = servers.asked
    assert (host, again.text("Destination-Host")) == (HOSTS[2], HOSTS[2])
    assert (first.retransmitted, again.retransmitted) == (False, True)
    assert again.end_to_end == first.end_to_end
    # nothing of it is left that the lost one would be asked when it is back
    assert pool._clients[0]._link.outstanding == 0


@pytest.mark.parametrize("result", [ResultCode.TOO_BUSY, ResultCode.UNABLE_TO_DELIVER])
async def test_another_is_asked_when_one_has_no_time(servers: Servers, pool: DiameterPool, result: ResultCode) -> None:
    servers.answers[HOSTS[0]] = servers.answers[HOSTS[1]] = refusing(result)
    assert (await pool.request(DER.message())).result_code == 1001
    assert servers.order == list(HOSTS)
    servers.answers[HOSTS[2]] = refusing(result)
    assert (await pool.request(replace(DER, session_id="new").message())).result_code == result


async def test_servers_that_were_lost_together_are_asked_as_soon_as_one_is_back(
    servers: Servers, pool: DiameterPool
) -> None:
    servers.down.update(HOSTS)
    for host in HOSTS:
        servers.ends[host].abort()
    await eventually(lambda: not any(each.connected for each in pool._clients))
    servers.down.remove(HOSTS[1])
    await pool.ready(20.0)
    servers.down.clear()
    await eventually(lambda: all(each._link._peer.capabilities for each in pool._clients))
    assert (await pool.request(DER.message())).result_code == 1001
    servers.lose(HOSTS[1])
    await eventually(lambda: not pool._clients[1].connected)
    assert (await pool.request(replace(DER, session_id="new").message())).result_code == 1001
    assert servers.order == [HOSTS[1], HOSTS[0]]


async def test_a_refusal_that_another_would_repeat_is_the_answer(servers: Servers, pool: DiameterPool) -> None:
    servers.answers[HOSTS[0]] = refusing(ResultCode.AUTHORIZATION_REJECTED)
    assert (await pool.request(DER.message())).result_code == 5003
    assert servers.order == [HOSTS[0]]


async def test_a_session_stays_where_it_was_begun(servers: Servers, pool: DiameterPool) -> None:
    servers.answers[HOSTS[0]] = refusing(ResultCode.TOO_BUSY)
    await pool.request(DER.message())
    del servers.answers[HOSTS[0]]
    await pool.request(DER.message())
    await pool.request(replace(DER, session_id="new").message())
    assert servers.order == [HOSTS[0], HOSTS[1], HOSTS[1], HOSTS[0]]


async def test_a_session_stays_with_whoever_took_it_over_from_one_that_was_silent_for_a_while(
    servers: Servers, pool: DiameterPool
) -> None:
    servers.answers[HOSTS[0]] = lambda _request: None
    servers.answers[HOSTS[1]] = replace(EAP_DEA, origin_host=HOSTS[1]).message
    with capture_logs():
        waiting = asyncio.ensure_future(pool.request(DER.message()))
        await eventually(lambda: servers.asked)
        pool._clients[0]._link._report(Suspended())
        assert (await waiting).result_code == ResultCode.MULTI_ROUND_AUTH
    assert pool._clients[0].connected
    del servers.answers[HOSTS[0]]
    await pool.request(DER.message())
    assert servers.order == [HOSTS[0], HOSTS[1], HOSTS[1]]


async def test_a_redirection_is_followed_to_a_named_peer(servers: Servers, pool: DiameterPool) -> None:
    servers.answers[HOSTS[0]] = redirecting(HOSTS[2])
    assert (await pool.request(DER.message())).result_code == 1001
    assert servers.order == [HOSTS[0], HOSTS[2]]
    assert servers.asked[-1][1].text("Destination-Host") == HOSTS[2]


async def test_a_redirection_holds_for_as_much_as_it_says(servers: Servers, pool: DiameterPool) -> None:
    servers.answers[HOSTS[0]] = redirecting(HOSTS[2], usage=2)
    for session in ("a", "b"):
        await pool.request(replace(DER, session_id=session).message())
    assert servers.order == [HOSTS[0], HOSTS[2], HOSTS[2]]


async def test_a_redirection_to_a_stranger_is_the_answer(servers: Servers, pool: DiameterPool) -> None:
    servers.answers[HOSTS[0]] = redirecting("stranger.example")
    with capture_logs() as lines:
        assert (await pool.request(DER.message())).result_code == 3006
    assert servers.order == [HOSTS[0]]
    assert [line["cause"] for line in lines] == ["no such peer is connected"]


async def test_redirections_in_a_circle_come_to_an_end(servers: Servers, pool: DiameterPool) -> None:
    servers.answers[HOSTS[0]], servers.answers[HOSTS[1]] = redirecting(HOSTS[1]), redirecting(HOSTS[0])
    assert (await pool.request(DER.message())).result_code == 3006
    assert servers.order == [HOSTS[0], HOSTS[1], HOSTS[0], HOSTS[1]]


async def test_a_pool_is_ready_when_one_of_it_is(servers: Servers) -> None:
    servers.down |= set(HOSTS[:2])
    pool = DiameterPool([client(number) for number in range(3)])
    pool.start()
    await pool.ready(10.0)
    await pool.ready(10.0)
    assert (await pool.request(DER.message())).result_code == 1001
    await pool.close()


async def test_a_pool_without_any_server_says_every_cause(servers: Servers) -> None:
    servers.down |= set(HOSTS)
    pool = DiameterPool([client(number) for number in range(3)])
    pool.start()
    with pytest.raises(DiameterUnavailable) as caught:
        await pool.ready(0.05)
    assert all(f"{host} is not connected" in caught.value.cause for host in HOSTS)
    with pytest.raises(DiameterUnavailable):
        await pool.request(DER.message())
    await pool.close()


async def test_an_agent_is_no_destination(servers: Servers) -> None:
    pool = DiameterPool([client(0, agent=True)])
    pool.start()
    await pool.ready(10.0)
    assert (await pool.request(replace(DER, destination_host="aaa.behind").message())).result_code == 3002
    assert pool._clients[0].is_agent
    await pool.close()


@pytest_asyncio.fixture
async def marking(servers: Servers) -> AsyncIterator[DiameterPool]:
    """A pool that says in User-Name that a server has failed."""
    made = DiameterPool(
        [client(number) for number in range(2)],
        lambda message: message.with_avps((*message.avps, make("User-Name", "failed"))),
    )
    made.start()
    await eventually(lambda: all(each.connected for each in made._clients))
    yield made
    await made.close()


def marks(servers: Servers) -> list[tuple[str, bool]]:
    return [(host, request.text("User-Name") == "failed") for host, request in servers.asked]


async def test_only_who_stands_in_for_a_failed_server_is_told_so(servers: Servers, marking: DiameterPool) -> None:
    request = replace(DER, user_name=None)
    servers.answers[HOSTS[0]] = refusing(ResultCode.TOO_BUSY)
    await marking.request(request.message())
    assert marks(servers) == [(HOSTS[0], False), (HOSTS[1], False)]
    servers.lose(HOSTS[0])
    await eventually(lambda: not marking._clients[0].connected)
    # the first session is at home there, and the second one would be elsewhere
    await marking.request(request.message())
    await marking.request(replace(request, session_id="new").message())
    assert marks(servers)[2:] == [(HOSTS[1], False), (HOSTS[1], True)]


async def test_what_waits_for_a_server_that_fails_says_so(servers: Servers, marking: DiameterPool) -> None:
    servers.answers[HOSTS[0]] = lambda _request: None
    asking = asyncio.ensure_future(marking.request(replace(DER, user_name=None).message()))
    await eventually(lambda: servers.order == [HOSTS[0]])
    servers.lose(HOSTS[0])
    assert (await asking).result_code == 1001
    assert marks(servers) == [(HOSTS[0], False), (HOSTS[1], True)]


async def test_redirection_to_a_lost_server_is_answered_by_saying_so(servers: Servers, marking: DiameterPool) -> None:
    servers.lose(HOSTS[1])
    await eventually(lambda: not marking._clients[1].connected)
    servers.answers[HOSTS[0]] = lambda request: (
        EAP_DEA.message(request) if request.text("User-Name") else redirecting(HOSTS[1])(request)
    )
    assert (await marking.request(replace(DER, user_name=None).message())).result_code == 1001
    assert marks(servers) == [(HOSTS[0], False), (HOSTS[0], True)]
    # who does not take him over even so has the last word
    servers.answers[HOSTS[0]] = redirecting(HOSTS[1])
    assert (await marking.request(replace(DER, user_name=None, session_id="b").message())).result_code == 3006
