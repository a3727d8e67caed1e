"""The socket on which daemons are told things, as programs see it."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Annotated, Literal

import pytest
from pydantic import Field, TypeAdapter

from runtime import control_socket
from runtime.config import Section
from runtime.control_socket import Answer, ControlServer, WishRefused, encode, parse
from runtime.unix_socket import listening

pytestmark = pytest.mark.stack

LIMIT = 10.0
PATH = Path("it.sock")


class Greet(Section):
    do: Literal["greet"] = "greet"
    whom: str = "you"


class Leave(Section):
    do: Literal["leave"] = "leave"


WISHES: TypeAdapter[Greet | Leave] = TypeAdapter(Annotated[Greet | Leave, Field(discriminator="do")])


async def polite(line: bytes) -> Answer:
    wish = parse(line, WISHES)
    return Answer(ok=isinstance(wish, Greet), outcome=wish.do)


@asynccontextmanager
async def serving(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[ControlServer]:
    monkeypatch.chdir(tmp_path)
    server = ControlServer(polite)
    with listening(PATH, 0o600, socket.SOCK_STREAM) as bound:
        async with server.serving(bound):
            yield server


async def asked(*lines: bytes) -> list[dict[str, object]]:
    reader, writer = await asyncio.open_unix_connection(str(PATH))
    writer.write(b"".join(lines))
    async with asyncio.timeout(LIMIT):
        answers = [await reader.readline() for _ in lines]
    writer.close()
    return [json.loads(answer) for answer in answers if answer]


def test_answer_is_one_line_of_json() -> None:
    answer = Answer(ok=True, outcome="attached", facts={"home_address": "2001:db8::100/64"})
    assert encode(answer).count(b"\n") == 1
    assert json.loads(encode(answer)) == {
        "ok": True,
        "outcome": "attached",
        "facts": {"home_address": "2001:db8::100/64"},
    }


def test_what_is_no_wish_is_said_in_one_line() -> None:
    with pytest.raises(WishRefused, match=r"greet\.whom: Input should be a valid string"):
        parse(b'{"do": "greet", "whom": 1}', WISHES)
    with pytest.raises(WishRefused, match="Invalid JSON"):
        parse(b"hello", WISHES)


async def test_lines_are_answered_in_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with serving(tmp_path, monkeypatch) as server:
        answers = await asked(b"nonsense\n", encode(Greet()), encode(Leave()))
        assert [answer["ok"] for answer in answers] == [False, True, False]
        await server.quiet()


async def test_line_without_end_is_not_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with serving(tmp_path, monkeypatch):
        assert await asked(b"x" * 20_000) == []
        assert (await asked(encode(Greet())))[0]["ok"]


async def test_further_connections_are_told_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(control_socket, "AT_ONCE", 1)
    async with serving(tmp_path, monkeypatch):
        _, first = await asyncio.open_unix_connection(str(PATH))
        await asyncio.sleep(0.05)
        assert "are served already; try again" in str((await asked(encode(Greet())))[0]["outcome"])
        first.close()
        await asyncio.sleep(0.05)
        assert (await asked(encode(Greet())))[0]["ok"]


async def test_connection_that_says_nothing_is_closed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(control_socket, "IDLE_LIMIT", 0.05)
    async with serving(tmp_path, monkeypatch):
        reader, writer = await asyncio.open_unix_connection(str(PATH))
        assert await asyncio.wait_for(reader.read(), LIMIT) == b""
        writer.close()


@pytest.mark.parametrize("folder", [".", "deep" * 30])
async def test_asking_is_the_other_end(tmp_path: Path, folder: str) -> None:
    path = tmp_path / folder / PATH
    path.parent.mkdir(exist_ok=True)
    with listening(path, 0o600, socket.SOCK_STREAM) as bound:
        async with ControlServer(polite).serving(bound):
            asking = partial(control_socket.ask, path, Greet(), seconds=LIMIT, who="host", start="akadia host")
            assert await asyncio.to_thread(asking) == Answer(ok=True, outcome="greet")
