"""Connections: whence, how many, and that they say something."""

import asyncio
from dataclasses import dataclass

import pytest
from starlette.types import Receive, Scope, Send
from structlog.testing import capture_logs
from uvicorn import Config
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.server import ServerState

from hss.rest.config import ApiConfig
from runtime import http_connections
from runtime.logs import get_logger


@dataclass
class Wire(asyncio.Transport):
    """A transport to nowhere."""

    host: str = "127.0.0.1"
    aborted: bool = False
    closed: bool = False
    written: bytes = b""

    def get_extra_info(self, name: str, default: object = None) -> object:
        return {"peername": (self.host, 5), "sockname": ("127.0.0.2", 8443)}.get(name, default)

    def abort(self) -> None:
        self.aborted = True

    def close(self) -> None:
        self.closed = True

    def is_closing(self) -> bool:
        return self.aborted or self.closed

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.written += bytes(data)

    def pause_reading(self) -> None: ...

    def resume_reading(self) -> None: ...


async def ok(_scope: Scope, _receive: Receive, send: Send) -> None:
    await send({"type": "http.response.start", "status": 204, "headers": []})
    await send({"type": "http.response.body", "body": b""})


@pytest.fixture
async def connect() -> type[H11Protocol]:
    config = ApiConfig.model_validate(
        {"address": "127.0.0.2:0", "certificate": "a", "key": "b", "connections": 2}, context={}
    )
    return http_connections.protocol(config, "hss.api", get_logger("hss.api"))


def made(kind: type[H11Protocol], state: ServerState, wire: Wire) -> H11Protocol:
    settings = Config(ok, log_config=None, lifespan="off", ws="none")
    settings.load()
    found = kind(settings, state, {})
    found.connection_made(wire)
    return found


async def test_foreign_address_and_one_too_many_are_closed_with_a_line(connect: type[H11Protocol]) -> None:
    state = ServerState()
    wires = [Wire(), Wire(), Wire(), Wire("192.0.2.9"), Wire("nonsense")]
    with capture_logs() as lines:
        protocols = [made(connect, state, wire) for wire in wires]
    assert [wire.aborted for wire in wires] == [False, False, True, True, True]
    assert [line["cause"] for line in lines] == [
        "too many connections: 2 are there",
        "192.0.2.9 is none of the addresses of [hss.api]",
        "nonsense is none of the addresses of [hss.api]",
    ]
    for protocol in protocols:
        protocol.connection_lost(None)
    assert state.connections == set()


async def test_connection_that_says_nothing_is_closed(
    connect: type[H11Protocol], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http_connections, "FIRST_REQUEST", 0.0)
    silent, slow, asking = Wire(), Wire(), Wire()
    state = ServerState()
    made(connect, state, silent)
    await asyncio.sleep(0.01)
    made(connect, ServerState(), slow).data_received(b"GET / HTTP/1.1\r\nHost")
    made(connect, ServerState(), asking).data_received(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
    await asyncio.sleep(0.01)
    assert [wire.aborted for wire in (silent, slow, asking)] == [True, True, False]
    assert asking.written.startswith(b"HTTP/1.1 204")
