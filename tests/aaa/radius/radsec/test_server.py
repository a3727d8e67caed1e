"""RADIUS over TLS on real sockets: who is let in, where packets go, and what ends a connection."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import UTC, datetime
from ipaddress import ip_network
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from aaa.errands import ErrandFailed
from aaa.radius.clients import RadiusClient
from aaa.radius.listening import Reply
from aaa.radius.radsec import server as radsec
from aaa.radius.radsec.config import RadsecClientConfig, RadsecConfig
from aaa.radius.radsec.names import RADSEC, load_radsec_clients
from aaa.radius.radsec.routing import Port
from aaa.radius.radsec.server import RadsecServer
from akadia.pki import Authority
from runtime.config import SocketAddress
from runtime.taps import Address
from tests.aaa.radius.accounting.reports import reported
from tests.aaa.radius.samples import asked
from wire.radius.codec import build_packet, parse_packet
from wire.radius.messages import reply
from wire.radius.packet import Attribute, Code, RadiusPacket, is_genuine_request
from wire.secret import Secret

pytestmark = pytest.mark.stack


Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class Site:
    """A server whose answer is the octets and the client's name."""

    def __init__(self, folder: Path, **limits: int) -> None:
        self.folder = folder
        authority = Authority("test", now=datetime.now(UTC))
        stranger = Authority("stranger", now=datetime.now(UTC))
        for name, issuer in (("aaa", authority), ("proxy", authority), ("other", authority), ("forger", stranger)):
            issued = issuer.issue(names=(f"{'proxy' if name == 'forger' else name}.example.org",))
            (folder / f"{name}.pem").write_bytes(issued.certificate)
            (folder / f"{name}.key").write_bytes(issued.key)
        (folder / "ca.pem").write_bytes(authority.credential.certificate)
        known = RadsecClientConfig(
            name="proxy", certificate_names=("proxy.example.org",), addresses=(ip_network("127.0.0.0/8"),)
        )
        config = RadsecConfig(
            address=SocketAddress("127.0.0.1", 0),
            more_addresses=(SocketAddress("::1", 0),),
            certificate=folder / "aaa.pem",
            key=folder / "aaa.key",
            ca=folder / "ca.pem",
            client=(known,),
            **limits,
        )
        self.seen: list[tuple[Port, str]] = []
        self.server = RadsecServer(
            config,
            load_radsec_clients(config.client, frozenset()),
            {Port.AUTHENTICATION: self._take(Port.AUTHENTICATION)},
        )
        self.bound: list[Address] = []
        self._writers: list[asyncio.StreamWriter] = []

    def _take(self, port: Port) -> "Take":
        return Take(self, port)

    async def connect(
        self, name: str | None = "proxy", at: int = 0
    ) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        context = ssl.create_default_context(cafile=str(self.folder / "ca.pem"))
        if name is not None:
            context.load_cert_chain(self.folder / f"{name}.pem", self.folder / f"{name}.key")
        host, port = self.bound[at]
        reader, writer = await asyncio.open_connection(host, port, ssl=context, server_hostname="aaa.example.org")
        self._writers.append(writer)
        return reader, writer

    async def close(self) -> None:
        """End the server, and with it every connection; a loop that ends before them leaves sockets open."""
        await self.server.close()
        for writer in self._writers:
            with suppress(OSError):
                await writer.wait_closed()


class Take:
    """Repeats what it is asked."""

    def __init__(self, site: Site, port: Port) -> None:
        self.site, self.port = site, port

    def __call__(self, octets: bytes, source: Address, reply: Reply, client: RadiusClient | None = None) -> None:
        assert client is not None
        assert source[0] == "127.0.0.1"
        self.site.seen.append((self.port, client.name))
        reply(octets)


@pytest.fixture(name="site")
async def _site(tmp_path: Path) -> AsyncIterator[Site]:
    site = Site(tmp_path, connections_of_one=2)
    site.bound = await site.server.listen()
    yield site
    await site.close()


async def ended(reader: asyncio.StreamReader) -> bool:
    try:
        return await asyncio.wait_for(reader.read(1), 5) == b""
    except (ConnectionError, ssl.SSLError):
        return True


async def test_named_client_is_served(site: Site) -> None:
    reader, writer = await site.connect()
    for number in range(3):
        octets = asked(secret=RADSEC, identifier=number)
        writer.write(octets)
        assert await asyncio.wait_for(reader.readexactly(len(octets)), 5) == octets
    assert site.seen == [(Port.AUTHENTICATION, "proxy")] * 3
    writer.close()


CAUSES = {
    "other": "no client has such a certificate and address",
    "forger": "TLS handshake failed: its certificate is not accepted: unable to get local issuer certificate",
    None: "TLS handshake failed: it shows no certificate",
}


@pytest.mark.parametrize("name", ["other", "forger", None])
async def test_others_are_turned_away(site: Site, name: str | None) -> None:
    with capture_logs() as lines:
        try:
            reader, writer = await site.connect(name)
        except (ConnectionError, ssl.SSLError):
            pass
        else:
            writer.write(asked(secret=RADSEC))
            assert await ended(reader)
            writer.close()
    assert site.seen == []
    (turned,) = [line for line in lines if line["event"] == "connection turned away"]
    assert turned["cause"] == CAUSES[name]
    assert turned.get("names") == ("other.example.org" if name == "other" else None)


async def test_whom_no_client_is_like_is_turned_away_before_tls(site: Site) -> None:
    with capture_logs() as lines, pytest.raises((ConnectionError, ssl.SSLError)):
        await site.connect("proxy", at=1)
    assert [(line["cause"], line["remote"]) for line in lines] == [("nobody may come from this address", "::1")]


async def test_only_so_many_are_slow_with_tls_at_once(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(radsec, "HANDSHAKES", 3)
    site = Site(tmp_path, connections_of_one=2)
    site.bound = await site.server.listen()
    with capture_logs() as lines:
        silent = [await asyncio.open_connection(*site.bound[0]) for _ in range(4)]
        assert await ended(silent[3][0])
        silent[0][1].write_eof()
        assert await ended(silent[0][0])
        reader, writer = await served(site)
        await site.close()
    for _, quiet in silent:
        quiet.close()
        await quiet.wait_closed()
    turned = [line["cause"] for line in lines if line["event"] == "connection turned away"]
    assert turned == ["too many TLS handshakes at once", "TLS handshake failed: the connection was lost"]
    assert await ended(reader)
    writer.close()


async def served(site: Site) -> Streams:
    reader, writer = await site.connect()
    octets = asked(secret=RADSEC)
    writer.write(octets)
    assert await asyncio.wait_for(reader.readexactly(len(octets)), 5) == octets
    return reader, writer


async def test_client_has_only_so_many_connections(site: Site) -> None:
    first, second, third = [await site.connect() for _ in range(3)]
    assert await ended(third[0])
    for _, writer in (first, second, third):
        writer.close()


@pytest.mark.parametrize("spoil", [bytes(20), asked(secret=b"another"), b"GET / HTTP/1.1\r\n\r\n"])
async def test_what_cannot_be_believed_ends_the_connection(site: Site, spoil: bytes) -> None:
    reader, writer = await site.connect()
    with capture_logs() as lines:
        writer.write(spoil)
        assert await ended(reader)
        await asyncio.sleep(0.05)
    assert [line["client"] for line in lines if line["event"] == "connection lost"] == ["proxy"]
    writer.close()


async def test_what_is_not_served_is_passed_over(site: Site) -> None:
    reader, writer = await site.connect()
    with capture_logs() as lines:
        writer.write(reported(secret=RADSEC) + build_packet(RadiusPacket(99, 1, bytes(16))))
        writer.write(build_packet(RadiusPacket(Code.COA_NAK, 1, bytes(16))))
        writer.write(asked(secret=RADSEC))
        await asyncio.wait_for(reader.readexactly(20), 5)
    causes = [line["cause"] for line in lines if line["event"] == "datagram discarded"]
    assert causes == ["there is no accounting here", "code 99 is not served over TLS"]
    writer.close()


UNSEALED = build_packet(RadiusPacket(Code.DISCONNECT_REQUEST, 0, bytes(16), (Attribute.of("User-Name", "u"),)))


async def test_client_is_asked_back_over_its_connection(site: Site) -> None:
    reader, writer = await site.connect()
    writer.write(asked(secret=RADSEC))
    await asyncio.wait_for(reader.readexactly(20), 5)
    await reader.read(4096)
    assert site.server.connected() == {"proxy"}
    asking = asyncio.create_task(site.server.perform("proxy", UNSEALED))
    octets = await asyncio.wait_for(reader.read(4096), 5)
    assert is_genuine_request(octets, RADSEC)
    request = parse_packet(octets)
    assert (request.code, request.text("User-Name")) == (Code.DISCONNECT_REQUEST, "u")
    writer.write(reply(request, Code.DISCONNECT_ACK, secret=RADSEC))
    assert parse_packet(await asyncio.wait_for(asking, 5)).code == Code.DISCONNECT_ACK
    writer.close()


async def test_answer_with_another_secret_ends_the_connection(site: Site) -> None:
    reader, writer = await site.connect()
    writer.write(asked(secret=RADSEC))
    await asyncio.wait_for(reader.readexactly(20), 5)
    await reader.read(4096)
    asking = asyncio.create_task(site.server.perform("proxy", UNSEALED))
    request = parse_packet(await asyncio.wait_for(reader.read(4096), 5))
    writer.write(reply(request, Code.DISCONNECT_ACK, secret=Secret(b"another secret")))
    with pytest.raises(ErrandFailed, match="its connection was lost"):
        await asyncio.wait_for(asking, 5)
    assert await reader.read() == b""


async def test_client_whose_connection_ends_has_not_answered(site: Site) -> None:
    with pytest.raises(ErrandFailed, match="proxy is not connected"):
        await site.server.perform("proxy", UNSEALED)
    reader, writer = await site.connect()
    writer.write(asked(secret=RADSEC))
    await asyncio.wait_for(reader.readexactly(20), 5)
    asking = asyncio.create_task(site.server.perform("proxy", UNSEALED))
    await asyncio.sleep(0)
    writer.close()
    with pytest.raises(ErrandFailed, match="its connection was lost"):
        await asyncio.wait_for(asking, 5)
    assert site.server.connected() == frozenset()
