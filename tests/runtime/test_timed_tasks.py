"""Tasks that share a timer are cancelled when they take too long, each at its own time."""

import asyncio

import pytest

from runtime.timed_tasks import TimedTasks

Ended = list[tuple[str, str]]


async def work(tasks: TimedTasks[str], name: str, ended: Ended, seconds: float = 3600.0) -> None:
    """How it ends: done, out of time or cancelled."""
    try:
        await asyncio.sleep(seconds)
        ended.append((name, "done"))
    except asyncio.CancelledError:
        is_late = tasks.is_late(name)
        ended.append((name, "late" if is_late else "cancelled"))
        if not is_late:
            raise
    finally:
        tasks.over(name)


async def test_what_is_over_in_time_is_not_disturbed_and_leaves_nothing() -> None:
    tasks, ended = TimedTasks[str](0.05), Ended()
    tasks.begin("a", work(tasks, "a", ended, 0.0))
    (task,) = tasks
    await task
    assert (ended, list(tasks), len(tasks)) == ([("a", "done")], [], 0)
    await asyncio.sleep(0.1)
    assert not task.cancelled()


async def test_each_has_its_own_end() -> None:
    tasks, ended = TimedTasks[str](0.04), Ended()
    tasks.begin("first", work(tasks, "first", ended))
    tasks.begin("quick", work(tasks, "quick", ended, 0.0))
    await asyncio.sleep(0.02)
    tasks.begin("second", work(tasks, "second", ended))
    first, second = tasks
    await first
    assert ended == [("quick", "done"), ("first", "late")]
    assert not second.done()
    await second
    assert ended[2:] == [("second", "late")]
    # the timer is set again for what begins later
    tasks.begin("third", work(tasks, "third", ended))
    assert len(tasks) == len(list(tasks)) > 0
    await asyncio.wait_for(next(iter(tasks)), 5.0)
    assert ended[3:] == [("third", "late")]


async def test_cancelled_task_is_cancelled_and_not_late() -> None:
    tasks, ended = TimedTasks[str](30.0), Ended()
    tasks.begin("a", work(tasks, "a", ended))
    (task,) = tasks
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert (ended, list(tasks)) == ([("a", "cancelled")], [])


async def test_task_that_is_cancelled_as_its_time_ends_is_cancelled() -> None:
    tasks, ended = TimedTasks[str](0.0), Ended()
    tasks.begin("a", work(tasks, "a", ended))
    (task,) = tasks
    await asyncio.sleep(0)
    tasks._expire(asyncio.get_running_loop())
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert ended == [("a", "cancelled")]


async def test_task_that_is_late_and_goes_on_is_cancelled_once() -> None:
    tasks = TimedTasks[str](0.01)
    heard = []

    async def stubborn() -> None:
        for _ in range(2):
            try:
                await asyncio.sleep(0.1)
            except asyncio.CancelledError:
                heard.append(tasks.is_late("a"))
        tasks.over("a")

    tasks.begin("a", stubborn())
    (task,) = tasks
    await asyncio.sleep(0.05)
    tasks._expire(asyncio.get_running_loop())
    await task
    assert heard == [True]


def test_task_needs_a_loop() -> None:
    coroutine = asyncio.sleep(0)
    with pytest.raises(RuntimeError, match="no running event loop"):
        TimedTasks[str](1.0).begin("a", coroutine)
    coroutine.close()
