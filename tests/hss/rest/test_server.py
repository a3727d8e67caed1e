"""What fails behind the API is a line in the log, and no traceback for whoever asked."""

import asyncio
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path

import pytest
from starlette.types import Receive, Scope, Send
from structlog.testing import capture_logs

from akadia.pki import Authority
from hss.rest.config import ApiConfig
from hss.rest.server import ApiServer, guarded
from runtime import logs
from runtime.config import ConfigError
from runtime.tls import client_context
from tests.hss.rest.conftest import Api
from tests.leaks import forms
from wire.secret import Secret


async def failing(_scope: Scope, _receive: Receive, _send: Send) -> None:
    raise RuntimeError("of the program")


async def test_failure_is_one_line() -> None:
    async def nothing(*_: object) -> None: ...

    with capture_logs() as lines:
        await guarded(failing)({"type": "http", "path": "/v1"}, nothing, nothing)  # type: ignore[arg-type]
    assert [(line["log_level"], line["cause"]) for line in lines] == [("error", "RuntimeError: of the program")]


async def test_traceback_of_a_failure_shows_no_key() -> None:
    key = Secret(b"a key of 16 octe")

    async def nothing(*_: object) -> None: ...

    async def holding(_scope: Scope, _receive: Receive, _send: Send) -> None:
        copies = [key, {"k": key}]
        raise RuntimeError(f"with {copies} and {key!r}")

    output = StringIO()
    logs.configure("debug", "text", output)
    await guarded(holding)({"type": "http", "path": "/v1"}, nothing, nothing)  # type: ignore[arg-type]
    said = output.getvalue()
    assert "Traceback" in said
    assert "holding" in said
    assert not any(form.decode("latin-1") in said for form in forms(key))


@pytest.mark.stack
async def test_only_so_many_are_slow_with_tls_at_once(api: Api, tmp_path: Path) -> None:
    authority = Authority("test", now=datetime.now(UTC))
    issued = authority.issue(names=("hss.example",))
    for name, octets in (("hss.pem", issued.certificate), ("hss.key", issued.key)):
        (tmp_path / name).write_bytes(octets)
    ca = tmp_path / "ca.pem"
    ca.write_bytes(authority.credential.certificate)
    config = ApiConfig.model_validate(
        {"address": "127.0.0.2:0", "certificate": "hss.pem", "key": "hss.key", "connections": 2},
        context={"folder": tmp_path},
    )
    server = ApiServer(config, api.gate, api.desk)
    address = await server.open()
    with capture_logs() as lines:
        silent = [await asyncio.open_connection(*address) for _ in range(3)]
        assert await silent[2][0].read() == b""
        silent[0][1].write_eof()
        assert await silent[0][0].read() == b""
        reader, writer = await asyncio.open_connection(
            *address, ssl=client_context(ca=ca), server_hostname="hss.example"
        )
        writer.write(b"HEAD /v1 HTTP/1.1\r\nHost: hss.example\r\n\r\n")
        head = await reader.readuntil(b"\r\n\r\n")
        writer.write(b"GET /v1 HTTP/1.1\r\nHost: hss.example\r\nConnection: close\r\n\r\n")
        answered, _, body = (await reader.read()).partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 401")
        assert answered.startswith(b"HTTP/1.1 401")
        assert f"content-length: {len(body)}\r\n".encode() in head
        await server.close()
        assert await silent[1][0].read() == b""
    for each in (*(one for _, one in silent), writer):
        each.close()
        await each.wait_closed()
    turned = [line["cause"] for line in lines if line["event"] == "connection turned away"]
    assert turned == ["too many TLS handshakes at once", "TLS handshake failed: the connection was lost"]


async def test_certificate_that_is_not_there_is_named(api: Api, tmp_path: Path) -> None:
    config = ApiConfig.model_validate(
        {"address": "127.0.0.2:0", "certificate": "none.pem", "key": "none.key"}, context={"folder": tmp_path}
    )
    server = ApiServer(config, failing, api.desk)
    with pytest.raises(ConfigError, match=r"none\.pem cannot be read"):
        await server.open()
    await server.close()
