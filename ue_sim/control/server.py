"""The UE's end of its control socket: takes a line, has the wish fulfilled, answers with a line."""

import asyncio
import socket

from runtime.control_socket import Answer, ControlServer, parse
from ue_sim.control.attendant import Attendant, LiveUe
from ue_sim.control.wishes import WISHES
from ue_sim.ue_events import Attached


async def stay(ue: LiveUe, attached: Attached, bound: socket.socket, stop: asyncio.Event) -> None:
    """Fulfil what is asked on `bound` until `stop` is set or the UE's session has ended."""
    attendant = Attendant(ue, attached)

    async def answer(line: bytes) -> Answer:
        return await attendant.fulfil(parse(line, WISHES))

    server = ControlServer(answer)
    async with server.serving(bound):
        while not stop.is_set() and not ue.ended.is_set():
            await _until_either(stop, ue.ended)
            if not stop.is_set():
                # a session may end because another is wanted: what came of that is seen when the wish is answered
                await server.quiet()


async def _until_either(*events: asyncio.Event) -> None:
    waiting = [asyncio.ensure_future(event.wait()) for event in events]
    try:
        await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in waiting:
            task.cancel()
