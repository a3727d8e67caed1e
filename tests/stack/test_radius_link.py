"""The gateway's RADIUS link against the AAA server's RADIUS front, on real sockets."""

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
from pdngw_proxy.aaa_link.radius import RadiusLink
from runtime.config import SocketAddress
from tests.aaa.radius.samples import MSK, StubService, accept

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
