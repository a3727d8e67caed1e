"""A node with more requests than it can serve, on real sockets: who is served, who is told 3004, who hears of it."""

import asyncio
import os
from collections.abc import AsyncIterator
from dataclasses import replace
from ipaddress import ip_network

import pytest
import pytest_asyncio
from structlog.testing import capture_logs

from runtime.diameter.client import DiameterClient
from runtime.diameter.server import DiameterServer
from runtime.diameter.settings import DiameterUnavailable, Limits
from runtime.diameter.throttle import ThrottledClient
from runtime.taps import Address
from tests.wire.diameter.samples import AAA, EAP_DEA, EAP_DER, GATEWAY, REALM, SWM_DER
from wire.diameter.capabilities import PeerPolicy
from wire.diameter.message import Message

pytestmark = pytest.mark.stack

LIMITS = Limits(requests_in_flight=4, requests_waiting=16, seconds_to_wait=5.0)
DER = replace(EAP_DER, destination_host=AAA.origin_host)
EMERGENCY = replace(SWM_DER, auth_application_id=5, destination_host=AAA.origin_host)
FLOOD = 200


class Slow:
    """Serves a request in ten milliseconds, and remembers the order."""

    def __init__(self) -> None:
        self.served: list[str] = []

    async def serve(self, _peer: str, request: Message) -> Message:
        self.served.append(request.text("Session-Id") or "")
        await asyncio.sleep(0.01)
        return EAP_DEA.message(request)


@pytest_asyncio.fixture
async def slow() -> AsyncIterator[tuple[Slow, Address]]:
    handler = Slow()
    server = DiameterServer(
        local=AAA,
        peers=[PeerPolicy("gateway", GATEWAY.origin_host, REALM, (ip_network("127.0.0.0/8"),))],
        handler=handler.serve,
        random=os.urandom,
        wall_clock=1.0,
        limits=LIMITS,
        reports_overload=True,
    )
    yield handler, await server.listen("127.0.0.1", 0)
    await server.close()


@pytest_asyncio.fixture
async def client(slow: tuple[Slow, Address]) -> AsyncIterator[DiameterClient]:
    made = DiameterClient(
        local=GATEWAY,
        peer=PeerPolicy("aaa", AAA.origin_host, REALM),
        address=slow[1],
        random=os.urandom,
    )
    made.start()
    await made.ready(20.0)
    yield made
    await made.close()


def asked(number: int) -> Message:
    return replace(DER, session_id=f"pgw;{number}").message()


async def test_flood_is_answered_whole_and_an_emergency_in_it_is_served(
    slow: tuple[Slow, Address], client: DiameterClient
) -> None:
    with capture_logs() as lines:
        flood = [asyncio.ensure_future(client.request(asked(number), 30.0)) for number in range(FLOOD)]
        await asyncio.sleep(0.02)
        emergency = await client.request(EMERGENCY.message(), 30.0)
        results = [(await one).result_code for one in flood]
    assert emergency.result_code == 1001
    assert {result: results.count(result) for result in set(results)} == {
        1001: len(slow[0].served) - 1,
        3004: FLOOD - len(slow[0].served) + 1,
    }
    assert results[-1] == 1001, "the newest are served, the oldest that waited are not"
    refusals = [line for line in lines if line["event"] == "request refused"]
    assert 1 <= len(refusals) <= 20


async def test_client_that_obeys_asks_less_while_the_node_is_overloaded(
    slow: tuple[Slow, Address], client: DiameterClient
) -> None:
    throttled = ThrottledClient(client, os.urandom)
    first = await asyncio.gather(*(throttled.request(asked(number), 30.0) for number in range(FLOOD)))
    assert sum(answer.first("OC-OLR") is not None for answer in first) > 0
    held_back = 0
    with capture_logs():
        for number in range(FLOOD):
            try:
                await throttled.request(asked(FLOOD + number), 30.0)
            except DiameterUnavailable as error:
                held_back += 1
                assert "overloaded" in error.cause
    assert FLOOD // 2 < held_back < FLOOD
    assert (await throttled.request(EMERGENCY.message(), 30.0)).result_code == 1001
