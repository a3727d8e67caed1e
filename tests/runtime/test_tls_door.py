"""Who may wait for TLS, how many at once, and what is said of the others."""

import asyncio
import ssl

import pytest
from structlog.testing import capture_logs

from runtime import tls_door
from runtime.logs import get_logger
from runtime.tls_door import TlsDoor
from runtime.tls_handshake import HandshakeFailed
from tests.runtime.diameter.pipe import Transport, settle


class Inside(asyncio.Protocol):
    """Who was let in, and what it said."""

    def __init__(self) -> None:
        self.transport: asyncio.BaseTransport | None = None
        self.heard = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        assert self.transport is not None
        self.heard += data


class Wire(Transport):
    """One that knows of reading and of protocols."""

    paused = False

    def pause_reading(self) -> None:
        self.paused = True

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        assert isinstance(protocol, Inside)
        self.protocol = protocol


class Site:
    """A door with room for two, whose handshakes end when the test says how."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.door = TlsDoor(
            ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER),
            room={"192.0.2.1": "one", "192.0.2.2": "other"}.get,
            most=2,
            log=get_logger("test"),
            seconds=5.0,
        )
        self.handshakes: dict[Wire, asyncio.Future[tuple[Wire, bytes]]] = {}
        self.inside = Inside()
        monkeypatch.setattr(tls_door, "shake_hands", self._shake_hands)

    async def _shake_hands(self, plain: Wire, *_: object, **__: object) -> tuple[Wire, bytes]:
        self.handshakes[plain] = asyncio.get_running_loop().create_future()
        return await self.handshakes[plain]

    async def call(self, address: str) -> Wire:
        wire = Wire(peername=(address, 7))
        self.door.incoming(lambda: self.inside).connection_made(wire)
        await settle()
        return wire


@pytest.fixture(name="site")
async def _site(monkeypatch: pytest.MonkeyPatch) -> Site:
    return Site(monkeypatch)


async def test_so_many_wait_in_each_room_and_nobody_from_elsewhere(site: Site) -> None:
    with capture_logs() as lines:
        wires = [await site.call(f"192.0.2.{last}") for last in (1, 1, 1, 2, 3)]
    assert [wire.aborted for wire in wires] == [False, False, True, False, True]
    assert [wire.paused for wire in wires] == [True, True, False, True, False]
    assert [(line["cause"], line["remote"]) for line in lines] == [
        ("too many TLS handshakes at once", "192.0.2.1"),
        ("nobody may come from this address", "192.0.2.3"),
    ]


async def test_who_is_done_is_let_in_with_what_he_said_and_makes_room(site: Site) -> None:
    first, _ = await site.call("192.0.2.1"), await site.call("192.0.2.1")
    secured = Wire()
    site.handshakes[first].set_result((secured, b"early"))
    await settle()
    assert (site.inside.transport, site.inside.heard, secured.protocol) == (secured, b"early", site.inside)
    assert not (await site.call("192.0.2.1")).aborted


async def test_a_failure_is_said_and_makes_room(site: Site) -> None:
    first, _ = await site.call("192.0.2.1"), await site.call("192.0.2.1")
    with capture_logs() as lines:
        site.handshakes[first].set_exception(HandshakeFailed("no TLS"))
        await settle()
    assert [(line["event"], line["cause"]) for line in lines] == [("connection turned away", "no TLS")]
    assert site.inside.transport is None
    assert not (await site.call("192.0.2.1")).aborted


async def test_lines_are_few(site: Site) -> None:
    with capture_logs() as lines:
        for _ in range(50):
            await site.call("192.0.2.3")
    assert 0 < len(lines) < 50


async def test_who_waits_is_cut_off_without_a_word_when_the_door_closes(site: Site) -> None:
    wire = await site.call("192.0.2.1")
    with capture_logs() as lines:
        closing = asyncio.ensure_future(site.door.close())
        await settle()
        assert wire.aborted
        assert not closing.done()
        site.handshakes[wire].set_exception(HandshakeFailed("it was closed"))
        await closing
    assert lines == []


async def test_only_a_stream_comes_in(site: Site) -> None:
    with pytest.raises(TypeError, match="needs a stream"):
        site.door.incoming(Inside).connection_made(asyncio.BaseTransport())
