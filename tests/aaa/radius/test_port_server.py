"""Packets come to `take`, each has a task, and the end of the server is theirs."""

import asyncio

import pytest
from structlog.testing import capture_logs

from aaa.radius.clients import RadiusClient
from aaa.radius.decisions import Discard
from aaa.radius.listening import Reply
from aaa.radius.port_server import PortServer
from aaa.radius.suspecting import Suspicion
from runtime.taps import Address
from runtime.udp import UdpEndpoint
from tests.aaa.radius.samples import SOURCE, asked, table


class Echo(PortServer):
    """Answers with the packet itself, when `gate` is open."""

    gate: asyncio.Event
    ended: int = 0

    def take(self, octets: bytes, source: Address, reply: Reply, client: RadiusClient | None = None) -> None:
        assert client is None, f"{source} has no connection that would prove it"
        self._begin(self._echo(octets, reply))

    async def _echo(self, octets: bytes, reply: Reply) -> None:
        try:
            await self.gate.wait()
        finally:
            self.ended += 1
        reply(octets)


def echo() -> Echo:
    server = Echo(clock=lambda: 0.0)
    server.gate = asyncio.Event()
    return server


async def test_what_is_in_progress_is_finished_before_a_drain_ends() -> None:
    server, answers = echo(), list[bytes]()
    server.take(b"a", SOURCE, answers.append)
    draining = asyncio.ensure_future(server.drain(5.0))
    await asyncio.sleep(0)
    assert not draining.done()
    server.gate.set()
    await draining
    assert answers == [b"a"]


async def test_drain_lasts_no_longer_than_it_may_and_the_end_ends_the_rest() -> None:
    server, answers = echo(), list[bytes]()
    server.take(b"a", SOURCE, answers.append)
    await server.drain(0.0)
    await asyncio.sleep(0)
    assert server.ended == 0
    await server._end()
    assert (server.ended, answers) == (1, [])


def test_line_about_an_unproven_packet_says_what_may_be_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Suspicion, "of", lambda *_: {"hint": "another secret"})
    server = Echo(suspicion=Suspicion(table(), None), clock=lambda: 0.0)
    with capture_logs() as lines:
        server._discarded(asked(), SOURCE, None, Discard("it is wrong", "lab", is_unproven=True))
        server._discarded(asked(), SOURCE, None, Discard("it is malformed", "lab"))
    assert [(line["cause"], line.get("hint")) for line in lines] == [
        ("it is wrong", "another secret"),
        ("it is malformed", None),
    ]


@pytest.mark.stack
async def test_answer_leaves_by_the_port_that_the_packet_came_to() -> None:
    server, heard = echo(), asyncio.Queue[tuple[bytes, Address]]()
    server.gate.set()
    local = server.listen(("127.0.0.1", 0))
    client = UdpEndpoint.bind(("127.0.0.1", 0), lambda octets, source: heard.put_nowait((octets, source)))
    client.send(b"hello", local)
    assert await asyncio.wait_for(heard.get(), 20) == (b"hello", local)
    client.close()
    await server._end()


async def test_what_has_ended_is_not_kept_for_ever() -> None:
    server = echo()
    server.gate.set()
    for _ in range(2000):
        server.take(b"a", SOURCE, lambda _: None)
        await asyncio.sleep(0)
    assert len(server._tasks) < 600
    await asyncio.gather(*server.busy)
    assert not server.busy
