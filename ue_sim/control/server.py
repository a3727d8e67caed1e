"""The UE's end of its control socket: takes a line, has the wish fulfilled, answers with a line."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from ue_sim.control.attendant import Attendant, LiveUe
from ue_sim.control.wishes import LONGEST, Answer, WishRefused, encode, parse
from ue_sim.ue_events import Attached

AT_ONCE = 8
"""Connections that are served at once; further ones are told so."""
IDLE_LIMIT = 60.0
"""Seconds that a connection may say nothing."""


async def stay(ue: LiveUe, attached: Attached, bound: socket.socket, stop: asyncio.Event) -> None:
    """Fulfil what is asked on `bound` until `stop` is set or the UE's session has ended."""
    server = ControlServer(Attendant(ue, attached))
    async with server.serving(bound):
        while not stop.is_set() and not ue.ended.is_set():
            await _until_either(stop, ue.ended)
            if not stop.is_set():
                # a session may end because another is wanted: what came of that is seen when the wish is answered
                await server.quiet()


class ControlServer:
    """Answers on any number of connections, one wish at a time."""

    def __init__(self, attendant: Attendant) -> None:
        self._attendant = attendant
        self._one_at_a_time = asyncio.Lock()
        self._open: set[asyncio.Task[None]] = set()

    @asynccontextmanager
    async def serving(self, bound: socket.socket) -> AsyncIterator[None]:
        """Accept connections on `bound`; at the end wishes that are not fulfilled are given up."""
        server = await asyncio.start_unix_server(self._accept, sock=bound, limit=LONGEST)
        try:
            yield
        finally:
            server.close()
            for task in self._open:
                task.cancel()
            await asyncio.gather(*self._open, return_exceptions=True)

    async def quiet(self) -> None:
        """Wait until no wish is being fulfilled."""
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
                        await _say(writer, await self._answer(line))
        finally:
            writer.close()

    async def _answer(self, line: bytes) -> Answer:
        try:
            wish = parse(line)
        except WishRefused as refused:
            return Answer(ok=False, outcome=str(refused))
        return await self._attendant.fulfil(wish)


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


async def _until_either(*events: asyncio.Event) -> None:
    waiting = [asyncio.ensure_future(event.wait()) for event in events]
    try:
        await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in waiting:
            task.cancel()
