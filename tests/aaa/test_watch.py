"""Looks go on whatever one of them comes to."""

import asyncio
from contextlib import AsyncExitStack

from structlog.testing import capture_logs

from aaa.watch import REST, Watch, watching
from hss.session_api import LedgerUnavailable


class Look:
    """Fails as often as it is told to."""

    def __init__(self, *errors: Exception) -> None:
        self.errors = list(errors)
        self.times = 0
        self.looked = asyncio.Event()

    async def __call__(self) -> None:
        self.times += 1
        self.looked.set()
        if self.errors:
            raise self.errors.pop(0)


async def until(look: Look, times: int) -> None:
    async with asyncio.timeout(5):
        while look.times < times:
            look.looked.clear()
            await look.looked.wait()


async def test_it_looks_again_and_again_and_at_once_when_woken() -> None:
    often, seldom = Look(), Look()
    for watch, look in ((Watch([often], 0.01), often), (Watch([seldom], 60.0), seldom)):
        task = asyncio.create_task(watch.run())
        await until(look, 1)
        watch.wake()
        await until(look, 2)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_what_wakes_again_and_again_is_looked_at_together() -> None:
    look, loop = Look(), asyncio.get_running_loop()
    watch = Watch([look], 60.0)
    task = asyncio.create_task(watch.run())
    began = loop.time()
    while loop.time() < began + 3 * REST:
        watch.wake()
        await asyncio.sleep(REST / 50)
    looks, rests = look.times, (loop.time() - began) / REST
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert 1 < looks <= rests + 1


async def test_one_that_fails_stops_neither_itself_nor_the_other() -> None:
    failing = Look(LedgerUnavailable("closed"), LedgerUnavailable("closed"))
    other = Look()
    with capture_logs() as lines:
        task = asyncio.create_task(Watch([failing, other], 0.001).run())
        await until(failing, 3)
        await until(other, 3)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    assert [line["event"] for line in lines] == ["nothing heard of other processes"]


async def test_it_survives_what_breaks_a_look_until_its_stack_is_closed() -> None:
    broken = Look(ValueError("broken"))
    with capture_logs() as lines:
        async with AsyncExitStack() as stack:
            watching(stack, (broken,), 0.001)
            await until(broken, 3)
    assert [line["event"] for line in lines] == ["look failed"]
    assert broken.times >= 3
