"""One worker, in a real process."""

import asyncio
import signal
from pathlib import Path

import pytest

from runtime.recruit import Recruit, WorkerFailed, ending
from runtime.worker import Worker
from tests.runtime.workers import begun, daemon

pytestmark = pytest.mark.stack

PLACE = Worker(3, 1000)


async def test_recruit_waits_for_its_turn_and_leaves_when_told(tmp_path: Path) -> None:
    recruit = await Recruit.start(daemon(tmp_path / "notes"), PLACE)
    await asyncio.sleep(0.3)
    assert begun(tmp_path / "notes") == []
    await recruit.begin(20)
    while not begun(tmp_path / "notes"):  # noqa: ASYNC110 - it is about another process
        await asyncio.sleep(0.01)
    assert begun(tmp_path / "notes") == [(3, recruit.process_id)]
    recruit.signal(signal.SIGTERM)
    assert await recruit.ended() == 0
    recruit.signal(signal.SIGTERM)
    recruit.close()


async def test_recruit_that_ends_too_early_says_how(tmp_path: Path) -> None:
    recruit = await Recruit.start(daemon(tmp_path / "notes", before="sys.exit(3)"), PLACE)
    with pytest.raises(WorkerFailed, match="a worker did not begin: exit code 3") as caught:
        await recruit.begin(20)
    assert caught.value.code == 3
    recruit.close()


async def test_recruit_that_is_never_ready_is_not_waited_for(tmp_path: Path) -> None:
    recruit = await Recruit.start(daemon(tmp_path / "notes", before="await asyncio.sleep(60)"), PLACE)
    with pytest.raises(WorkerFailed, match="not ready within 1 s"):
        await recruit.begin(1)
    recruit.signal(signal.SIGKILL)
    assert ending(await recruit.ended()) == "killed by SIGKILL"
    recruit.close()


def test_an_end_by_a_signal_without_a_name_can_be_told() -> None:
    assert [ending(code) for code in (0, -signal.SIGSEGV, -signal.SIGRTMIN - 6)] == [
        "exit code 0", "killed by SIGSEGV", "killed by signal 40",
    ]  # fmt: skip


async def test_recruit_ends_with_its_parent(tmp_path: Path) -> None:
    recruit = await Recruit.start(daemon(tmp_path / "notes"), PLACE)
    await recruit.begin(20)
    recruit.close()
    assert await asyncio.wait_for(recruit.ended(), 10) == 0


async def test_command_that_is_not_there_is_an_error() -> None:
    with pytest.raises(OSError, match="no/such/program"):
        await Recruit.start(("/no/such/program",), PLACE)
