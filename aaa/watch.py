"""Looking into what the processes of this server share, again and again."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, suppress

from hss.session_api import LedgerUnavailable
from runtime.logs import get_logger

log = get_logger("aaa.watch")

INTERVAL = 0.3
"""Seconds between two looks: how long another process may wait before its errand is begun."""

REST = 0.1
"""Seconds between two looks at least: what wakes often is looked at together."""

Look = Callable[[], Awaitable[None]]


class Watch:
    """Looks with each of `looks`, one never waiting for another; a store that fails is said once."""

    def __init__(self, looks: Sequence[Look], interval: float = INTERVAL) -> None:
        self._looks = looks
        self._rest = min(interval, REST)
        self._wait = interval - self._rest
        self._woken = asyncio.Event()
        self._failing: set[Look] = set()

    def wake(self) -> None:
        """Look as soon as there was a rest: this process has left something there itself."""
        self._woken.set()

    async def run(self) -> None:
        """Look until cancelled."""
        await asyncio.gather(*(self._again_and_again(look) for look in self._looks))

    async def _again_and_again(self, look: Look) -> None:
        while True:
            await self._once(look)
            await asyncio.sleep(self._rest)
            try:
                async with asyncio.timeout(self._wait):
                    await self._woken.wait()
            except TimeoutError:
                pass
            self._woken.clear()

    async def _once(self, look: Look) -> None:
        try:
            await look()
        except LedgerUnavailable as error:
            if look not in self._failing:
                log.warning("nothing heard of other processes", cause=str(error))
            self._failing.add(look)
        else:
            self._failing.discard(look)


def watching(stack: AsyncExitStack, looks: Sequence[Look], interval: float = INTERVAL) -> Watch:
    """A watch that runs until `stack` is closed, and survives whatever breaks one look. Inside a running loop."""
    watch = Watch(tuple(map(_surviving, looks)), interval)
    stack.push_async_callback(_ended, asyncio.create_task(watch.run()))
    return watch


def _surviving(look: Look) -> Look:
    """The outermost place of one look: whatever breaks it, the next one comes."""

    async def survived() -> None:
        (outcome,) = await asyncio.gather(look(), return_exceptions=True)
        if isinstance(outcome, LedgerUnavailable):
            raise outcome
        if isinstance(outcome, BaseException):
            log.error("look failed", cause=repr(outcome), exc_info=outcome)

    return survived


async def _ended(task: "asyncio.Task[None]") -> None:
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
