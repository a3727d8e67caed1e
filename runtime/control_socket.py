"""A Unix socket on which a daemon is told things: one JSON object a line, both ways."""

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, Field, TypeAdapter, ValidationError

from runtime.config import ConfigError, Section
from runtime.unix_socket import address_of

WishT = TypeVar("WishT")

LONGEST = 4096
"""Octets of one line."""
AT_ONCE = 8
"""Connections that are served at once; further ones are told so."""
IDLE_LIMIT = 60.0
"""Seconds that a connection may say nothing."""


class WishRefused(ValueError):
    """One line about what is wrong with a request, and what to write instead."""


class Answer(Section):
    """What came of a wish: one line for a person, and `facts` by name; `rows` are those of each of several things."""

    ok: bool
    outcome: str
    facts: dict[str, str] = Field(default_factory=dict)
    rows: tuple[dict[str, str], ...] | None = None


def encode(message: BaseModel) -> bytes:
    """The line that carries `message`."""
    return message.model_dump_json(exclude_none=True).encode() + b"\n"


def parse(line: bytes, wishes: TypeAdapter[WishT]) -> WishT:
    """Read a request; WishRefused says what is wrong with it."""
    try:
        return wishes.validate_json(line)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise WishRefused(f"{where}: {first['msg']}" if where else first["msg"]) from None


class ControlServer:
    """Answers each line by `answer`, on any number of connections, one line at a time."""

    def __init__(self, answer: Callable[[bytes], Awaitable[Answer]]) -> None:
        self._answer = answer
        self._one_at_a_time = asyncio.Lock()
        self._open: set[asyncio.Task[None]] = set()

    @asynccontextmanager
    async def serving(self, bound: socket.socket) -> AsyncIterator[None]:
        """Accept connections on `bound`; at the end what is not answered is given up."""
        server = await asyncio.start_unix_server(self._accept, sock=bound, limit=LONGEST)
        try:
            yield
        finally:
            server.close()
            for task in self._open:
                task.cancel()
            await asyncio.gather(*self._open, return_exceptions=True)

    async def quiet(self) -> None:
        """Wait until nothing is being answered."""
        async with self._one_at_a_time:
            return

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.get_running_loop().create_task(self._converse(reader, writer))
        self._open.add(task)
        task.add_done_callback(self._open.discard)

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            if len(self._open) > AT_ONCE:
                await _say(writer, Answer(ok=False, outcome=f"{AT_ONCE} connections are served already; try again"))
                return
            with suppress(TimeoutError, ConnectionError):
                while line := await _line(reader):
                    async with self._one_at_a_time:
                        await _say(writer, await self._answered(line))
        finally:
            writer.close()

    async def _answered(self, line: bytes) -> Answer:
        try:
            return await self._answer(line)
        except WishRefused as refused:
            return Answer(ok=False, outcome=str(refused))


async def _line(reader: asyncio.StreamReader) -> bytes:
    """The next line; nothing at the end, or where one is longer than LONGEST."""
    async with asyncio.timeout(IDLE_LIMIT):
        try:
            return await reader.readline()
        except ValueError:
            return b""


async def _say(writer: asyncio.StreamWriter, answer: Answer) -> None:
    writer.write(encode(answer))
    await writer.drain()


def ask(path: Path, wish: BaseModel, *, seconds: float, who: str, start: str) -> Answer:
    """Have the daemon at `path` do something; ConfigError when none answers there within so many seconds.

    `who` is what the daemon is called, and `start` the command that starts one.
    """
    try:
        line = _exchange(path, encode(wish), seconds)
    except (FileNotFoundError, ConnectionRefusedError):
        raise ConfigError(f"{path}: no {who} answers there; start one by {start}") from None
    except TimeoutError:
        raise ConfigError(f"{path}: the {who} did not answer within {seconds:.0f} s; see what it says itself") from None
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror or error}; it is for the user who started the {who}") from None
    if not line.endswith(b"\n"):
        raise ConfigError(f"{path}: the {who} ended before it answered; see what it said itself")
    return Answer.model_validate_json(line)


def _exchange(path: Path, line: bytes, seconds: float) -> bytes:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as link:
        link.settimeout(seconds)
        with address_of(path) as address:
            link.connect(address)
        link.sendall(line)
        with link.makefile("rb") as answers:
            return answers.readline()
