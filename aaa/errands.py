"""What needs a peer's connection is done by the process that has it, whichever process or node wants it done.

The one that wants it leaves an errand in SQL, the one that has the connection finds it there, and the first one waits
for the result. Both only ever meet in the database, so it makes no difference whether they are on one machine.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from pydantic import AfterValidator, TypeAdapter, ValidationError

from hss.active_api import Errand, Errands
from hss.session_api import LedgerUnavailable
from runtime.logs import get_logger

log = get_logger("aaa.errands")

POLL = 0.1
"""Seconds between two looks for the result of an errand."""

TAKEN_WITHIN = 2.0
"""Seconds after which an errand that no process has taken is nobody's: each looks several times in them."""

MOST_AT_ONCE = 256
"""Errands that a process does at once; the others wait for another look, or another process."""

Perform = Callable[[str, bytes], Awaitable[bytes]]
"""Sends a message to the peer of that name, on a connection of this process; the answer. ErrandFailed without one."""


def _hexadecimal(text: str) -> str:
    bytes.fromhex(text)
    return text


Hexadecimal = Annotated[str, AfterValidator(_hexadecimal)]


class ErrandFailed(Exception):
    """It was not done; the message is one line that says why."""


@dataclass(frozen=True, slots=True)
class Result:
    """How an errand went: the `answer`, or why there is none."""

    answer: Hexadecimal = ""
    failed: str = ""


_RESULT = TypeAdapter(Result)
_NOBODY = Result(failed="nobody has taken it")


@dataclass(frozen=True, slots=True)
class _Door:
    """What this process can do: whose connections it has now, and how each is asked."""

    names: Callable[[], Collection[str]]
    perform: Perform


class ErrandDesk:
    """Leaves errands in `errands` for other processes, and does theirs; `moment` is now, in UTC."""

    def __init__(self, errands: Errands, moment: Callable[[], datetime]) -> None:
        self._errands = errands
        self._moment = moment
        self._doors: dict[str, _Door] = {}
        self._doing: set[asyncio.Task[None]] = set()

    def serve(self, protocol: str, names: Callable[[], Collection[str]], perform: Perform) -> None:
        """Do errands for the peers of `protocol` that `names` gives, from now on."""
        self._doors[protocol] = _Door(names, perform)

    async def ask(self, protocol: str, name: str, message: bytes, within: float) -> bytes:
        """The peer's answer to `message`, by whichever process has its connection.

        ErrandFailed when there is none within so many seconds, or nowhere to ask.
        """
        try:
            number = await self._errands.ask(f"{protocol}/{name}", message.hex(), self._moment())
            result = await self._result(number, within)
        except LedgerUnavailable as error:
            raise ErrandFailed(f"the other processes cannot be asked: {error}") from None
        if result is None:
            raise ErrandFailed(f"{name} gave no answer in time to the process that it is connected to")
        if result is _NOBODY:
            raise ErrandFailed(f"{name} is connected to no process of this server")
        if result.failed:
            raise ErrandFailed(result.failed)
        return bytes.fromhex(result.answer)

    async def look(self) -> None:
        """Begin what waits for a connection of this process; LedgerUnavailable when the store does not answer.

        It is not waited for: one peer that is silent holds up no errand to another.
        """
        vias = [f"{protocol}/{name}" for protocol, door in self._doors.items() for name in door.names()]
        if not vias or len(self._doing) >= MOST_AT_ONCE or not await self._errands.waiting(vias, self._moment()):
            return
        for errand in await self._errands.claim(vias, self._moment()):
            task = asyncio.get_running_loop().create_task(self._surely(errand))
            self._doing.add(task)
            task.add_done_callback(self._doing.discard)

    async def close(self) -> None:
        """End what is being done: whoever waits for it hears that no answer came."""
        doing = tuple(self._doing)
        for task in doing:
            task.cancel()
        await asyncio.gather(*doing, return_exceptions=True)

    async def _result(self, number: int, within: float) -> Result | None:
        untaken = asyncio.get_running_loop().time() + min(TAKEN_WITHIN, within / 2)
        try:
            async with asyncio.timeout(within + POLL):
                while True:
                    text = await self._errands.result(number)
                    if text is not None:
                        return _RESULT.validate_json(text)
                    if asyncio.get_running_loop().time() >= untaken:
                        if await self._errands.withdraw_untaken(number):
                            return _NOBODY
                        untaken += within
                    await asyncio.sleep(POLL)
        except TimeoutError:
            return None
        except ValidationError:
            raise ErrandFailed("another process has written a result that is none; is it of another release?") from None
        finally:
            await self._errands.withdraw(number)

    async def _surely(self, errand: Errand) -> None:
        """The outermost place of one errand: whatever breaks it is told."""
        (outcome,) = await asyncio.gather(self._do(errand), return_exceptions=True)
        if isinstance(outcome, LedgerUnavailable):
            log.warning("errand's result not told", cause=str(outcome), via=errand.via)
        elif outcome is not None:
            log.error("errand failed", cause=repr(outcome), via=errand.via, exc_info=outcome)

    async def _do(self, errand: Errand) -> None:
        protocol, _, name = errand.via.partition("/")
        try:
            answer = await self._doors[protocol].perform(name, bytes.fromhex(errand.request))
            result = Result(answer=answer.hex())
        except (ErrandFailed, ValueError) as error:
            result = Result(failed=str(error))
        log.info("errand done", via=errand.via, cause=result.failed)
        await self._errands.finish(errand, _RESULT.dump_json(result).decode())
