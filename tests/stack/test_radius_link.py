"""The gateway's RADIUS link against the AAA server's RADIUS front, on real sockets."""

import asyncio
import socket
from collections.abc import AsyncIterator
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address
from pathlib import Path

import pytest
import pytest_asyncio

from aaa.messages import AccessAnswer, AccessRequest, Challenge, Reject, RejectCause
from aaa.radius.config import RadiusClientConfig, RadiusConfig
from aaa.radius.server import RadiusServer
from pdngw_proxy.aaa_link.config import RadiusLinkConfig
from pdngw_proxy.aaa_link.port import (
    RelayAccept,
    RelayChallenge,
    RelayReject,
    RelayRequest,
    RelayUnavailable,
)
from pdngw_proxy.aaa_link.radius import RadiusLink, Server
from pdngw_proxy.aaa_link.radius_messages import Nas
from runtime.config import SocketAddress
from tests.aaa.radius.samples import MSK, StubService, accept
from tests.pdngw_proxy.aaa_link.test_radius_dynamic import SECRET, SESSION, Keeper
from wire.radius.messages import signed_request
from wire.radius.packet import Code, is_genuine_response

pytestmark = pytest.mark.stack

SHARED = "testing123"
FAILURE = bytes.fromhex("04080004")


def decide(request: AccessRequest) -> AccessAnswer:
    """Reject the user called barred; challenge whoever has no State; accept the rest."""
    if request.user_name == "barred":
        return Reject(FAILURE, RejectCause.SUBSCRIBER_BARRED)
    return accept() if request.state else Challenge(eap=b"\x01\x02\x00\x05\x17", state=b"0x53")


@dataclass
class Pair:
    """A server, the address it has, and a maker of links towards it."""

    service: StubService
    address: SocketAddress
    folder: Path
    links: list[RadiusLink]

    def link(self, secret: str = SHARED, limit: float = 5.0) -> RadiusLink:
        """A link of a gateway at 127.0.0.4 that uses `secret`."""
        config = RadiusLinkConfig(
            aaa=self.address, secret_file=secret_at(self.folder / secret, secret), nas_identifier="pgw", limit=limit
        )
        self.links.append(RadiusLink.of(config, IPv4Address("127.0.0.4")))
        return self.links[-1]


def secret_at(path: Path, secret: str) -> Path:
    path.write_text(secret + "\n", encoding="utf-8")
    path.chmod(0o600)
    return path


@pytest_asyncio.fixture
async def pair(tmp_path: Path) -> AsyncIterator[Pair]:
    known = RadiusClientConfig.model_validate(
        {"name": "pgw", "network": "127.0.0.4", "secret_file": str(secret_at(tmp_path / "aaa", SHARED))}
    )
    config = RadiusConfig(auth=SocketAddress("127.0.0.1", 0), client=(known,))
    service = StubService(decide)
    server = RadiusServer.of(config, service)
    host, port = server.listen(config.auth)
    running = Pair(service, SocketAddress(host, port), tmp_path, [])
    yield running
    for link in running.links:
        await link.close()
    await server.close()


def asked(state: bytes | None = None, identity: str = "ue") -> RelayRequest:
    return RelayRequest(session="s", eap=b"\x02\x01\x00\x05\x01", identity=identity, apn="internet", state=state)


async def test_ue_is_challenged_and_accepted_with_its_msk_and_home_address(pair: Pair) -> None:
    link = pair.link()
    challenged = await link.authenticate(asked())
    assert isinstance(challenged, RelayChallenge)
    assert challenged.eap == b"\x01\x02\x00\x05\x17"
    accepted = await link.authenticate(asked(challenged.state))
    assert isinstance(accepted, RelayAccept)
    assert accepted.msk == MSK
    assert accepted.home_address == IPv6Address("2001:db8::7")
    assert [request.apn for request in pair.service.requests] == ["internet", "internet"]
    assert [request.state for request in pair.service.requests] == [None, b"0x53"]


async def test_barred_ue_is_rejected(pair: Pair) -> None:
    assert await pair.link().authenticate(asked(identity="barred")) == RelayReject(FAILURE, "Access-Reject")


async def test_wrong_secret_ends_in_no_answer(pair: Pair) -> None:
    answer = await pair.link("another", limit=1.0).authenticate(asked())
    assert isinstance(answer, RelayUnavailable)
    assert "no answer to 1 requests within 1" in answer.cause
    assert pair.service.requests == []


async def test_who_sends_a_disconnect_is_answered_from_the_address_that_it_was_sent_to() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))
        server.setblocking(False)
        port = server.getsockname()[1] + 1
        nas = Nas("pgw", IPv4Address("127.83.14.7"))
        link = RadiusLink(servers=[Server(server.getsockname(), SECRET)], nas=nas, coa=("0.0.0.0", port))
        link.obey(Keeper())
        request = signed_request(Code.DISCONNECT_REQUEST, identifier=9, secret=SECRET, attributes=(SESSION,))
        # who is connected hears nobody else
        server.connect(("127.83.14.7", port))
        server.send(request)
        async with asyncio.timeout(5):
            answer = await asyncio.get_running_loop().sock_recv(server, 4096)
        assert is_genuine_response(answer, request[4:20], SECRET)
        await link.close()
