"""One server: asked, given up, probed, asked again."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest
from structlog.testing import capture_logs

from aaa.radius.proxy.home_server import HomeServer
from runtime.radius.identifiers import IdentifierPool
from runtime.radius.requests import RadiusUnavailable
from tests.aaa.radius.proxy.upstream import HOME, Upstream
from wire.radius.messages import signed_request, status_server
from wire.radius.packet import Code

pytestmark = pytest.mark.stack


def status(identifier: int) -> bytes:
    return status_server(identifier=identifier, authenticator=bytes(16), secret=HOME)


def account(identifier: int) -> bytes:
    return signed_request(Code.ACCOUNTING_REQUEST, identifier=identifier, secret=HOME)


async def until(holds: Callable[[], bool]) -> None:
    for _ in range(500):
        if holds():
            return
        await asyncio.sleep(0.01)
    pytest.fail("it never came to hold")


async def test_server_that_could_not_be_asked_is_not_taken_for_dead(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    upstream = Upstream("a")
    server = HomeServer(upstream.config(tmp_path), random=Random(1).randbytes)
    with monkeypatch.context() as patched:
        patched.setattr(IdentifierPool, "take", lambda _pool: None)
        for _ in range(10):
            with pytest.raises(RadiusUnavailable, match="every RADIUS Identifier waits"):
                await server.ask(status, accounting=False)
    assert server.lives
    assert (await server.ask(status, accounting=False)).packet.values("Class") == (b"a",)
    await server.close()
    upstream.endpoint.close()


async def test_server_is_given_up_and_found_again(tmp_path: Path) -> None:
    upstream = Upstream("a")
    server = HomeServer(upstream.config(tmp_path), random=Random(1).randbytes)
    assert (await server.ask(status, accounting=False)).packet.values("Class") == (b"a",)
    assert (await server.ask(account, accounting=True)).packet.code == Code.ACCOUNTING_RESPONSE
    upstream.lives = False
    with capture_logs() as lines:
        for _ in range(2):
            with pytest.raises(RadiusUnavailable):
                await server.ask(account, accounting=True)
        assert server.lives is False
        await asyncio.sleep(0.3)
        assert upstream.asked.count(Code.STATUS_SERVER) >= 2
        upstream.lives = True
        await until(lambda: server.lives)
    assert [line["event"] for line in lines] == ["server dead", "server alive"]
    await server.close()
    upstream.endpoint.close()


async def test_each_port_is_a_server_of_its_own(tmp_path: Path) -> None:
    # RFC 5997 §4.3: each destination (IP, port) is a unique server for this
    upstream, accounts = Upstream("a"), Upstream("a")
    server = HomeServer(upstream.config(tmp_path, accounts=accounts), random=Random(1).randbytes)
    accounts.lives = False
    with capture_logs() as lines:
        for _ in range(2):
            await server.ask(status, accounting=False)
            with pytest.raises(RadiusUnavailable):
                await server.ask(account, accounting=True)
        assert (server.serves(accounting=False), server.serves(accounting=True), server.lives) == (True, False, False)
        await until(lambda: Code.STATUS_SERVER in accounts.asked)
        accounts.lives = True
        await until(lambda: server.lives)
    port = accounts.endpoint.local[1]
    assert [(line["event"], line["address"]) for line in lines] == [
        ("server dead", f"127.0.0.1:{port}"),
        ("server alive", f"127.0.0.1:{port}"),
    ]
    await server.close()
    upstream.endpoint.close()
    accounts.endpoint.close()


async def test_server_that_takes_no_accounting_says_so(tmp_path: Path) -> None:
    upstream = Upstream("a")
    server = HomeServer(upstream.config(tmp_path, acct=False), random=Random(1).randbytes)
    with pytest.raises(RadiusUnavailable, match="a takes no accounting"):
        await server.ask(account, accounting=True)
    assert server.lives
    await server.close()
    upstream.endpoint.close()
