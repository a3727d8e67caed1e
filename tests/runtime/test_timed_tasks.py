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


async def test_each_has_its_own_end(monkeypatch: pytest.MonkeyPatch) -> None:
    loop = asyncio.get_running_loop()
    moment = loop.time()
    monkeypatch.setattr(loop, "time", lambda: moment)
    tasks, ended = TimedTasks[str](10.0), Ended()
    tasks.begin("first", work(tasks, "first", ended))
    tasks.begin("quick", work(tasks, "quick", ended, 0.0))
    first, quick = tasks
    await quick
    moment += 5.0
    tasks.begin("second", work(tasks, "second", ended))
    _, second = tasks
    await asyncio.sleep(0)
    moment += 4.9
    tasks._expire(loop)
    assert (ended, first.cancelling(), second.cancelling()) == ([("quick", "done")], 0, 0)
    moment += 0.1
    tasks._expire(loop)
    await first
    assert (ended[1:], second.cancelling()) == ([("first", "late")], 0)
    moment += 5.0
    tasks._expire(loop)
    await second
    assert ended[2:] == [("second", "late")]


async def test_timer_is_set_by_the_first_and_again_by_what_comes_later() -> None:
    tasks, ended = TimedTasks[str](0.02), Ended()
    for name in ("a", "b"):
        tasks.begin(name, work(tasks, name, ended))
        (task,) = tasks
        await asyncio.wait_for(task, 20.0)
    await asyncio.sleep(0.05)
    assert len(tasks) == 0
    tasks.begin("c", work(tasks, "c", ended))
    (task,) = tasks
    assert len(tasks) == 1
    await asyncio.wait_for(task, 20.0)
    assert ended == [("a", "late"), ("b", "late"), ("c", "late")]


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
