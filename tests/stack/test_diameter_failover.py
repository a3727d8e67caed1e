"""Two AAA servers on real sockets and one gateway: the first is lost in the middle of a round, or sends elsewhere."""

import asyncio
import random
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from ipaddress import IPv6Address, ip_network

import pytest
import pytest_asyncio

from pdngw_proxy.aaa_link.config import AaaServerConfig, DiameterLinkConfig
from pdngw_proxy.aaa_link.diameter import DiameterLink
from pdngw_proxy.aaa_link.port import RelayChallenge, RelayRequest
from runtime.config import SocketAddress
from runtime.diameter.server import DiameterServer
from runtime.diameter.settings import Limits
from tests.runtime.diameter.pipe import eventually
from wire.diameter.applications import Application
from wire.diameter.capabilities import LocalNode, PeerPolicy
from wire.diameter.enumerations import AuthRequestType
from wire.diameter.message import Message
from wire.diameter.results import ResultCode
from wire.diameter.s6b import S6bEapAnswer, S6bEapRequest
from wire.diameter.values import make

pytestmark = pytest.mark.stack

CHANCE = random.Random(3539)
PGW = PeerPolicy("pgw", "pgw.example", "example", (ip_network("127.0.0.0/8"),), (Application.S6B,))
ROUND = RelayRequest(session="7;1", eap=b"\x02\x01\x00\x05\x01", identity="ue@example", apn="internet")
REQUEST = bytes.fromhex("0102000517")


@dataclass
class Aaa:
    """One AAA server: `silent` it never answers, with `elsewhere` it sends everybody there."""

    name: str
    silent: bool = False
    elsewhere: str = ""
    asked: list[Message] = field(default_factory=list)
    address: SocketAddress = field(default_factory=lambda: SocketAddress("127.0.0.1", 0))
    node: DiameterServer | None = None

    async def begin(self) -> None:
        self.node = DiameterServer(
            local=LocalNode(self.name, "example", (Application.S6B,)),
            peers=[PGW],
            handler=self.serve,
            random=CHANCE.randbytes,
            wall_clock=0.0,
            limits=Limits(seconds_to_close=0.1),
        )
        self.address = SocketAddress(*await self.node.listen("127.0.0.1", 0))

    async def end(self) -> None:
        if self.node is not None:
            await self.node.close()

    async def serve(self, _peer: str, message: Message) -> Message:
        self.asked.append(message)
        if self.silent:
            await asyncio.sleep(60)
        answer = S6bEapAnswer(
            session_id=S6bEapRequest.parse(message).session_id,
            auth_application_id=Application.S6B,
            auth_request_type=AuthRequestType.AUTHORIZE_AUTHENTICATE,
            origin_host=self.name,
            origin_realm="example",
            result_code=ResultCode.MULTI_ROUND_AUTH,
            eap_payload=REQUEST,
            states=(self.name.encode(),),
        )
        if not self.elsewhere:
            return answer.message(message)
        sent = replace(answer, result_code=ResultCode.REDIRECT_INDICATION, redirect_hosts=(self.elsewhere,))
        kept = (make("Redirect-Host-Usage", 1), make("Redirect-Max-Cache-Time", 60))
        refused = sent.message(message)
        return refused.with_avps((*refused.avps, *kept))


@pytest_asyncio.fixture
async def pair() -> AsyncIterator[tuple[Aaa, Aaa]]:
    one, two = Aaa("one.example"), Aaa("two.example")
    for server in (one, two):
        await server.begin()
    yield one, two
    for server in (one, two):
        await server.end()


@pytest_asyncio.fixture
async def link(pair: tuple[Aaa, Aaa]) -> AsyncIterator[DiameterLink]:
    one, two = pair
    config = DiameterLinkConfig(
        aaa=one.address,
        aaa_origin_host=one.name,
        aaa_realm="example",
        origin_host="pgw.example",
        origin_realm="example",
        alternate=(AaaServerConfig(aaa=two.address, aaa_origin_host=two.name, aaa_realm="example"),),
    )
    made = DiameterLink.of(
        config, home_agent=IPv6Address("2001:db8::1"), visited_network="mnc001.mcc001.3gppnetwork.org"
    )
    async with asyncio.timeout(20.0):
        await eventually(lambda: all(each.node is not None and each.node.connected for each in pair))
    yield made
    await made.close()


async def test_round_that_waits_for_a_lost_server_is_answered_by_the_other(
    pair: tuple[Aaa, Aaa], link: DiameterLink
) -> None:
    one, two = pair
    one.silent = True
    asking = asyncio.ensure_future(link.authenticate(ROUND))
    await eventually(lambda: one.asked)
    await one.end()
    assert await asking == RelayChallenge(REQUEST, b"two.example")
    (first,), (again,) = one.asked, two.asked
    assert (first.retransmitted, again.retransmitted) == (False, True)
    assert first.end_to_end == again.end_to_end
    assert again.text("Destination-Host") == "two.example"


async def test_session_goes_on_where_a_redirection_has_sent_it(pair: tuple[Aaa, Aaa], link: DiameterLink) -> None:
    one, two = pair
    one.elsewhere = "aaa://two.example:3868;transport=tcp"
    for _ in range(2):
        assert await link.authenticate(ROUND) == RelayChallenge(REQUEST, b"two.example")
    assert (len(one.asked), len(two.asked)) == (1, 2)
