"""Requests to one server, on a real socket whose server the test is."""

import asyncio
from collections.abc import AsyncIterator
from random import Random

import pytest

from runtime.radius.requests import RadiusRequests, RadiusUnavailable
from runtime.taps import Address
from runtime.udp import UdpEndpoint
from wire.radius.codec import parse_packet
from wire.radius.exchange import Timers
from wire.radius.messages import reply, signed_request
from wire.radius.packet import Attribute, Code
from wire.secret import Secret

pytestmark = pytest.mark.stack

SECRET = Secret(b"xyzzy5461")


class Server:
    """Answers with `code`, or does not."""

    def __init__(self) -> None:
        self.code: Code | None = Code.DISCONNECT_ACK
        self.asked: list[bytes] = []
        self.endpoint = UdpEndpoint.bind(("127.0.0.1", 0), self._take)

    def _take(self, octets: bytes, source: Address) -> None:
        self.asked.append(octets)
        if self.code is not None:
            cause = [Attribute.of("Error-Cause", 503)] if self.code is Code.DISCONNECT_NAK else []
            self.endpoint.send(reply(parse_packet(octets), self.code, secret=SECRET, attributes=cause), source)


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    one = Server()
    yield one
    one.endpoint.close()


@pytest.fixture
async def requests(server: Server) -> AsyncIterator[RadiusRequests]:
    timers = Timers(irt=0.02, mrd=0.1)
    one = RadiusRequests(
        server=server.endpoint.local, secret=SECRET, local="127.0.0.1", timers=timers, random=Random(1).randbytes
    )
    yield one
    one.close()


def disconnect(identifier: int) -> bytes:
    return signed_request(Code.DISCONNECT_REQUEST, identifier=identifier, secret=SECRET)


@pytest.mark.parametrize("code", [Code.DISCONNECT_ACK, Code.DISCONNECT_NAK])
async def test_answer_is_delivered(server: Server, requests: RadiusRequests, code: Code) -> None:
    server.code = code
    answered = await requests.ask(disconnect)
    assert answered.packet.code == code
    assert answered.request_authenticator == server.asked[0][4:20]


async def test_request_is_sent_again_until_it_is_given_up(server: Server, requests: RadiusRequests) -> None:
    server.code = None
    with pytest.raises(RadiusUnavailable, match=r"no answer to \d requests"):
        await requests.ask(disconnect)
    assert len(server.asked) > 1
    assert len(set(server.asked)) == 1


async def test_answer_of_another_kind_is_none(server: Server, requests: RadiusRequests) -> None:
    server.code = Code.COA_ACK
    with pytest.raises(RadiusUnavailable):
        await requests.ask(disconnect)


async def test_fault_of_the_builder_is_its_callers(requests: RadiusRequests) -> None:
    def broken(_identifier: int) -> bytes:
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        await requests.ask(broken)


async def test_closed_requests_end_every_wait(server: Server, requests: RadiusRequests) -> None:
    server.code = None
    waiting = asyncio.create_task(requests.ask(disconnect))
    await asyncio.sleep(0)
    requests.close()
    with pytest.raises(RadiusUnavailable, match="closed"):
        await waiting
    with pytest.raises(RadiusUnavailable, match="closed"):
        await requests.ask(disconnect)
