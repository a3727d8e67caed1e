"""Why there is no TLS, in words; and what came with the end of a handshake is kept."""

import asyncio
import datetime as dt
import ssl
from collections.abc import Callable
from pathlib import Path

import pytest

from akadia.pki import Authority
from runtime.tls import client_context, server_context
from runtime.tls_handshake import HandshakeFailed, shake_hands
from tests.runtime.diameter.pipe import eventually

pytestmark = pytest.mark.stack


class Site:
    """A listener that demands a certificate, and who may have one; what became of each handshake is in `ends`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        ours, theirs = (Authority(name, now=dt.datetime.now(dt.UTC)) for name in ("ours", "theirs"))
        for name, issuer in (("server", ours), ("client", ours), ("forger", theirs)):
            issued = issuer.issue(names=(f"{name}.example",))
            self._path(f"{name}.pem").write_bytes(issued.certificate)
            self._path(f"{name}.key").write_bytes(issued.key)
        self._path("ca.pem").write_bytes(ours.credential.certificate)
        self._path("theirs.pem").write_bytes(theirs.credential.certificate)
        self.ends: asyncio.Queue[str | bytes] = asyncio.Queue()
        self.tasks: set[asyncio.Task[None]] = set()
        self.plain: list[asyncio.Transport] = []

    def _path(self, name: str) -> Path:
        return self.folder / name

    def server(self) -> ssl.SSLContext:
        return server_context(
            certificate=self._path("server.pem"), key=self._path("server.key"), ca=self._path("ca.pem"), demand=True
        )

    def client(self, name: str | None = "client", ca: str = "ca.pem") -> ssl.SSLContext:
        if name is None:
            return client_context(ca=self._path(ca))
        return client_context(ca=self._path(ca), certificate=self._path(f"{name}.pem"), key=self._path(f"{name}.key"))

    async def shake(self, plain: asyncio.Transport) -> None:
        try:
            secured, octets = await shake_hands(plain, self.server(), seconds=0.5, closing=1.0)
        except HandshakeFailed as failed:
            self.ends.put_nowait(str(failed))
            return
        self.ends.put_nowait(octets)
        secured.abort()

    def arrival(self) -> asyncio.Protocol:
        site = self

        class Arrival(asyncio.Protocol):
            def connection_made(self, transport: asyncio.BaseTransport) -> None:
                assert isinstance(transport, asyncio.Transport)
                site.plain.append(transport)
                site.tasks.add(asyncio.get_running_loop().create_task(site.shake(transport)))

        return Arrival()

    async def meet(self, act: Callable[[asyncio.StreamReader, asyncio.StreamWriter], object]) -> str | bytes:
        """How the handshake with somebody ends who connects and does `act`."""
        listener = await asyncio.get_running_loop().create_server(self.arrival, "127.0.0.1", 0)
        async with listener:
            reader, writer = await asyncio.open_connection(*listener.sockets[0].getsockname())
            done = act(reader, writer)
            if asyncio.iscoroutine(done):
                await done
            end = await self.ends.get()
            await asyncio.gather(*self.tasks)
            writer.transport.abort()
            await asyncio.gather(writer.wait_closed(), return_exceptions=True)
        return end


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(tmp_path)


def tls(context: ssl.SSLContext, told: bytes = b"") -> Callable[..., object]:
    """A client with `context`, which sends `told` in one segment with what ends its handshake."""

    async def act(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        arrived, leaving = ssl.MemoryBIO(), ssl.MemoryBIO()
        end = context.wrap_bio(arrived, leaving, server_hostname="server.example")
        while True:
            try:
                end.do_handshake()
            except ssl.SSLWantReadError:
                writer.write(leaving.read())
                octets = await reader.read(65536)
                if not octets:
                    return
                arrived.write(octets)
            except ssl.SSLError:
                break
            else:
                end.write(told)
                break
        writer.write(leaving.read())

    return act


async def test_what_came_with_the_end_of_the_handshake_is_kept(site: Site) -> None:
    assert await site.meet(tls(site.client(), b"early")) == b"early"


def _old(site: Site) -> ssl.SSLContext:
    context = site.client()
    # what a client may do only where its library is told not to mind
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
    context.maximum_version = ssl.TLSVersion.TLSv1_1
    return context


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning")
@pytest.mark.parametrize(
    ("who", "cause"),
    [
        (lambda site: tls(site.client("forger")), "its certificate is not accepted: unable to get local issuer"),
        (lambda site: tls(site.client(None)), "it shows no certificate"),
        (lambda site: tls(site.client(ca="theirs.pem")), "it refuses our certificate or terms: tlsv1 alert unknown ca"),
        (lambda site: tls(_old(site)), "its TLS is older than 1.2"),
        (lambda _: lambda _, writer: writer.write(b"GET / HTTP/1.1\r\n\r\n"), "it speaks HTTP without TLS"),
        (lambda _: lambda _, writer: writer.write(bytes(64)), "what it sends is not TLS"),
        (lambda _: lambda _, writer: writer.write_eof(), "the connection was lost"),
        (lambda _: lambda *_: None, "it was not over within 0.5 s"),
    ],
    ids=["forger", "no certificate", "refuses ours", "old", "http", "no tls", "leaves", "silent"],
)
async def test_failure_names_its_cause(site: Site, who: Callable[[Site], Callable[..., object]], cause: str) -> None:
    end = await site.meet(who(site))
    assert isinstance(end, str)
    assert end.startswith(f"TLS handshake failed: {cause}")


async def test_connection_that_we_close_meanwhile_is_a_failure(site: Site) -> None:
    async def close(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        await eventually(lambda: site.plain)
        site.plain[0].abort()
        assert await reader.read() == b""

    assert await site.meet(close) == "TLS handshake failed: the connection was closed"
