"""The RADIUS server on a real socket: good clients, strangers, forgers, and a flood."""

import asyncio
import json
import random
import resource
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
import structlog.testing

from aaa.messages import AccessAnswer, AccessRequest, Challenge
from aaa.radius.config import RadiusClientConfig, RadiusConfig
from aaa.radius.server import RadiusServer
from runtime.config import SocketAddress
from runtime.udp import UdpEndpoint
from tests.aaa.radius.samples import StubService, accept, asked
from tests.stack.floods import FLOOD
from wire.radius.codec import build_packet, parse_packet
from wire.radius.eap import is_authentic, split_eap
from wire.radius.messages import status_server
from wire.radius.packet import Attribute, Code, RadiusPacket

pytestmark = pytest.mark.stack

SECRET = b"testing123"
CAPTURES: dict[str, Any] = json.loads(
    (Path(__file__).parents[1] / "vectors" / "eap_captures.json").read_text(encoding="utf-8")
)
RECORDED = [
    bytes.fromhex(entry["packet"])
    for run in CAPTURES["runs"]
    for entry in run.get("radius", [])
    if entry["dir"] == "req"
]


def decide(request: AccessRequest) -> AccessAnswer:
    """Challenge whoever has no State yet and accept whoever brings it."""
    if request.state is None:
        return Challenge(eap=bytes.fromhex("0108000c170500000d010000"), state=b"state")
    return accept()


class Client:
    """A socket of a RADIUS client, and what it received."""

    def __init__(self, server: tuple[str, int], host: str) -> None:
        self.server = server
        self.received: asyncio.Queue[bytes] = asyncio.Queue()
        self.endpoint = UdpEndpoint.bind((host, 0), lambda octets, _: self.received.put_nowait(octets))

    def send(self, octets: bytes) -> None:
        self.endpoint.send(octets, self.server)

    async def ask(self, octets: bytes) -> bytes:
        self.send(octets)
        return await asyncio.wait_for(self.received.get(), 5.0)

    async def hears_nothing(self, octets: bytes) -> bool:
        """Whether `octets` are passed over, seen by a Status-Server behind them being answered first."""
        self.send(octets)
        answer = await self.ask(status_server(identifier=255, authenticator=bytes(range(16)), secret=SECRET))
        return answer[1] == 255 and self.received.empty()


class Site:
    """A running server and its service."""

    def __init__(self, server: RadiusServer, service: StubService, address: tuple[str, int]) -> None:
        self.server = server
        self.service = service
        self.address = address
        self.clients: list[Client] = []

    def client(self, host: str = "127.0.0.1") -> Client:
        """A new client at `host`, closed with the site."""
        self.clients.append(Client(self.address, host))
        return self.clients[-1]


@pytest_asyncio.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    secret_file = tmp_path / "radius.secret"
    secret_file.write_bytes(SECRET + b"\n")
    secret_file.chmod(0o600)
    known = RadiusClientConfig.model_validate(
        {"name": "lab", "network": "127.0.0.0/24", "secret_file": str(secret_file), "network_name": "WLAN"}
    )
    config = RadiusConfig(auth=SocketAddress("127.0.0.1", 0), client=(known,), duplicate_size=256)
    service = StubService(decide)
    server = RadiusServer.of(config, service)
    running = Site(server, service, server.listen(config.auth))
    yield running
    for client in running.clients:
        client.endpoint.close()
    await server.close()


async def test_server_takes_a_good_client_through_two_rounds(site: Site) -> None:
    client = site.client()
    challenged = await client.ask(asked(secret=SECRET))
    assert challenged[0] == Code.ACCESS_CHALLENGE
    state = parse_packet(challenged).octets("State")
    assert state is not None
    second = asked(Attribute.of("State", state), identifier=8, secret=SECRET, authenticator=bytes(16))
    accepted = await client.ask(second)
    assert accepted[0] == Code.ACCESS_ACCEPT
    assert is_authentic(accepted, SECRET, bytes(16))
    assert site.service.requests[0].client.name == "lab"


async def test_server_gives_duplicates_the_same_octets(site: Site) -> None:
    client = site.client()
    first = await client.ask(asked(secret=SECRET))
    assert [await client.ask(asked(secret=SECRET)) for _ in range(3)] == [first] * 3
    assert len(site.service.requests) == 1


async def test_server_drops_duplicates_in_progress(site: Site) -> None:
    site.service.held = asyncio.Event()
    client = site.client()
    for _ in range(3):
        client.send(asked(secret=SECRET))
    assert await client.hears_nothing(asked(secret=SECRET))
    site.service.held.set()
    assert (await asyncio.wait_for(client.received.get(), 5.0))[0] == Code.ACCESS_CHALLENGE
    assert len(site.service.requests) == 1


async def test_server_is_silent_to_a_wrong_secret_and_says_why(site: Site) -> None:
    with structlog.testing.capture_logs() as lines:
        assert await site.client().hears_nothing(asked(secret=SECRET + b"\n"))
    (line,) = [line for line in lines if line["log_level"] == "warning"]
    assert line["why"].startswith("the client has its secret and a line end")
    assert line["certainty"] == "proven"
    assert line["cause"] == "Message-Authenticator is wrong; does the client have another secret?"
    assert line["client"] == "lab"


async def test_server_is_silent_to_a_missing_message_authenticator_and_says_why(site: Site) -> None:
    bare = build_packet(RadiusPacket(Code.ACCESS_REQUEST, 7, bytes(16), split_eap(b"\x02\x01\x00\x05\x01")))
    with structlog.testing.capture_logs() as lines:
        assert await site.client().hears_nothing(bare)
    (line,) = [line for line in lines if line["log_level"] == "warning"]
    assert line["cause"] == "EAP-Message without Message-Authenticator"


async def test_server_is_silent_to_a_stranger_and_says_why(site: Site) -> None:
    stranger = site.client("127.9.9.9")
    with structlog.testing.capture_logs() as lines:
        stranger.send(asked(secret=SECRET))
        # Loopback keeps the order, so an answer to the good client means that the stranger was heard before.
        await site.client().ask(asked(secret=SECRET))
    assert stranger.received.empty()
    (line,) = [line for line in lines if line["log_level"] == "warning"]
    assert line["cause"] == "no client is configured for this address"
    assert str(line["source"]).startswith("127.9.9.9:")


def _mutated(chance: random.Random) -> bytes:
    if chance.randrange(4) == 0:
        return chance.randbytes(chance.randrange(1, 400))
    octets = bytearray(chance.choice(RECORDED))
    for _ in range(chance.randrange(4)):
        at = chance.randrange(len(octets))
        match chance.randrange(4):
            case 0:
                octets[at] ^= 1 << chance.randrange(8)
            case 1:
                del octets[at : at + chance.randint(1, 30)]
                octets = octets or bytearray(1)
            case 2:
                octets[at:at] = chance.randbytes(chance.randint(1, 30))
            case _:
                octets[at] = chance.choice((0, 1, 255))
    return bytes(octets)


async def test_server_serves_the_next_good_client_after_a_flood(site: Site) -> None:
    chance = random.Random(2865)
    client = site.client()
    broken: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _loop, context: broken.append(context))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with structlog.testing.capture_logs() as lines:
        for sent in range(FLOOD):
            client.send(_mutated(chance))
            if sent % 32 == 31:
                await client.ask(status_server(identifier=255, authenticator=chance.randbytes(16), secret=SECRET))
                while not client.received.empty():
                    client.received.get_nowait()
    grown_kib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert client.endpoint.send_errors == 0
    assert broken == []
    assert [line for line in lines if line["log_level"] == "error"] == []
    assert len([line for line in lines if line["log_level"] == "warning"]) < 1000
    assert len(site.service.requests) >= len(RECORDED) / 2, "no recorded request was served: the flood was not real"
    assert grown_kib < 32 * 1024
    fresh = site.client()
    assert (await fresh.ask(asked(secret=SECRET)))[0] == Code.ACCESS_CHALLENGE
