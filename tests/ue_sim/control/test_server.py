"""The control socket as programs see it."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from runtime.control_socket import encode
from runtime.unix_socket import listening
from tests.ue_sim.control.live_ue import ATTACHED, LiveUe
from ue_sim.control import server
from ue_sim.control.wishes import Detach, Ping, Reattach, Status, Wish
from ue_sim.shell import UeFailed
from ue_sim.ue_events import Step

pytestmark = pytest.mark.stack

LIMIT = 10.0


@pytest.fixture
def bound(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[socket.socket]:
    monkeypatch.chdir(tmp_path)
    with listening(Path("ue.sock"), 0o600, socket.SOCK_STREAM) as bound:
        yield bound


@asynccontextmanager
async def staying(ue: LiveUe, bound: socket.socket) -> AsyncIterator[asyncio.Event]:
    """The UE stays; `stop` is given, and by the end of the block it must have ended by itself or by that."""
    stop = asyncio.Event()
    work = asyncio.create_task(server.stay(ue, ATTACHED, bound, stop))
    await asyncio.sleep(0)
    yield stop
    await asyncio.wait_for(work, LIMIT)


async def asked(*lines: bytes) -> list[dict[str, object]]:
    """What is answered, on one connection, until the UE closes it or each line has its answer."""
    reader, writer = await asyncio.open_unix_connection("ue.sock")
    writer.write(b"".join(lines))
    async with asyncio.timeout(LIMIT):
        answers = [await reader.readline() for _ in lines]
    writer.close()
    return [json.loads(answer) for answer in answers if answer]


async def outcome(wish: Wish) -> object:
    (answer,) = await asked(encode(wish))
    return answer["outcome"]


async def test_wishes_of_one_connection_are_answered_in_order(bound: socket.socket) -> None:
    async with staying(LiveUe(), bound) as stop:
        answers = await asked(b"nonsense\n", encode(Ping(count=1)), encode(Status()))
        assert [answer["ok"] for answer in answers] == [False, True, True]
        assert answers[2]["outcome"] == "attached"
        stop.set()


async def test_detach_is_answered_and_ends_the_stay(bound: socket.socket) -> None:
    async with staying(LiveUe(), bound):
        assert await outcome(Detach()) == "detached"


async def test_end_of_the_session_ends_the_stay(bound: socket.socket) -> None:
    ue = LiveUe()
    async with staying(ue, bound):
        ue.ended.set()


async def test_session_that_ends_for_another_ends_nothing(bound: socket.socket) -> None:
    ue = LiveUe(slow=0.05)
    async with staying(ue, bound) as stop:
        assert await outcome(Reattach()) == "attached again"
        assert await outcome(Status()) == "attached"
        stop.set()
    assert ue.done == ["detach", "attach"]


async def test_reattach_that_fails_ends_the_stay(bound: socket.socket) -> None:
    ue = LiveUe(attach_fails=UeFailed(Step.EAP, "no user"))
    async with staying(ue, bound):
        assert await outcome(Reattach()) == "failed at step 3: no user"


async def test_wishes_are_fulfilled_one_at_a_time(bound: socket.socket) -> None:
    ue = LiveUe(slow=0.05)
    async with staying(ue, bound) as stop:
        both = await asyncio.gather(outcome(Ping(count=1)), outcome(Ping(count=2)))
        assert all("pings were answered" in str(one) for one in both)
        stop.set()


async def test_stop_does_not_wait_for_a_wish(bound: socket.socket) -> None:
    async with staying(LiveUe(slow=60.0), bound) as stop:
        asking = asyncio.create_task(asked(encode(Ping())))
        await asyncio.sleep(0.05)
        stop.set()
        assert await asking == []
