"""Waits that share a timer end as they would with one each."""

import asyncio

import pytest

from runtime.shared_timeout import SharedTimeout


async def forever() -> None:
    await asyncio.get_running_loop().create_future()


async def test_wait_in_time_is_not_disturbed() -> None:
    shared = SharedTimeout(30.0)
    with shared.limit():
        await asyncio.sleep(0)
    with shared.limit():
        await asyncio.sleep(0)


async def test_wait_out_of_time_says_so() -> None:
    shared = SharedTimeout(0.01)
    with pytest.raises(TimeoutError), shared.limit():
        await forever()
    # the task itself goes on
    await asyncio.sleep(0)
    task = asyncio.current_task()
    assert task is not None
    assert task.cancelling() == 0


async def test_each_wait_has_its_own_end() -> None:
    shared = SharedTimeout(0.02)
    ended: list[str] = []

    async def wait(name: str, *, after: float) -> None:
        await asyncio.sleep(after)
        try:
            with shared.limit():
                await forever()
        except TimeoutError:
            ended.append(name)

    async def quick() -> None:
        with shared.limit():
            await asyncio.sleep(0)
        ended.append("quick")

    await asyncio.gather(wait("first", after=0.0), wait("second", after=0.01), quick())
    assert ended == ["quick", "first", "second"]


async def test_cancelled_task_is_cancelled_and_not_out_of_time() -> None:
    shared = SharedTimeout(30.0)

    async def wait() -> None:
        with shared.limit():
            await forever()

    task = asyncio.create_task(wait())
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_what_fails_inside_is_what_is_raised() -> None:
    shared = SharedTimeout(30.0)
    with pytest.raises(KeyError), shared.limit():
        raise KeyError


def test_wait_needs_a_task() -> None:
    async def make() -> SharedTimeout:
        await asyncio.sleep(0)
        return SharedTimeout(1.0)

    loop = asyncio.new_event_loop()
    shared = loop.run_until_complete(make())
    loop.close()
    with pytest.raises(RuntimeError, match="no running event loop"), shared.limit():
        pass


def test_waits_of_one_loop_after_another_are_limited() -> None:
    shared = SharedTimeout(5.0)

    async def wait() -> str:
        with shared.limit():
            return "over"

    assert [asyncio.run(wait()) for _ in range(2)] == ["over", "over"]


async def test_wait_that_is_over_leaves_nothing_behind_an_older_one() -> None:
    shared = SharedTimeout(30.0)
    older = asyncio.create_task(_wait_in(shared))
    await asyncio.sleep(0)
    for _ in range(100):
        with shared.limit():
            await asyncio.sleep(0)
    assert len(shared.ends) == 1
    older.cancel()
    with pytest.raises(asyncio.CancelledError):
        await older
    assert not shared.ends


async def _wait_in(shared: SharedTimeout) -> None:
    with shared.limit():
        await forever()
