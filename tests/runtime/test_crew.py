"""A crew of real processes: all or none, replaced, exchanged."""

import asyncio
import os
import signal
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from runtime.crew import Crew, Pace
from runtime.recruit import WorkerFailed
from tests.runtime.workers import begun, daemon

pytestmark = pytest.mark.stack

QUICK = Pace(leave_limit=2.0, steady=0.1, first_delay=0.05, longest_delay=0.2)


def alive(process: int) -> bool:
    with suppress(ProcessLookupError):
        os.kill(process, 0)
        return True
    return False


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(30):
        while not condition():  # noqa: ASYNC110 - it is about other processes
            await asyncio.sleep(0.02)


def serving(crew: Crew, notes: Path, ever: int, size: int = 2) -> bool:
    return (len(begun(notes)), len(crew.process_ids)) == (ever, size)


@pytest.fixture(name="notes")
def _notes(tmp_path: Path) -> Path:
    return tmp_path / "notes"


async def test_all_serve_and_all_leave(notes: Path) -> None:
    crew = Crew(daemon(notes), since=1000, pace=QUICK)
    await crew.change(2)
    served = crew.process_ids
    await until(partial(serving, crew, notes, 2))
    assert sorted(slot for slot, _ in begun(notes)) == [1, 2]
    await crew.stop()
    assert not crew.process_ids
    assert not any(alive(process) for process in served)
    await crew.stop()


async def test_worker_that_dies_is_replaced_and_its_slot_is_free_again(notes: Path) -> None:
    crew = Crew(daemon(notes), since=1000, pace=QUICK)
    with capture_logs() as lines:
        await crew.change(2)
        await until(partial(serving, crew, notes, 2))
        before = set(crew.process_ids)
        for turn in range(3):
            os.kill(crew.process_ids[0], signal.SIGKILL)
            await until(partial(serving, crew, notes, 3 + turn))
        assert len(set(crew.process_ids) & before) < 2
        await crew.stop()
    assert {slot for slot, _ in begun(notes)} <= {1, 2, 3, 4}
    assert [line["cause"] for line in lines if line["event"] == "worker ended"] == ["killed by SIGKILL"] * 3
    assert not any(alive(process) for _, process in begun(notes))


async def test_new_ones_serve_before_the_old_ones_leave(notes: Path) -> None:
    crew = Crew(daemon(notes), since=1000, pace=QUICK)
    await crew.change(1)
    (old,) = crew.process_ids
    await crew.change(3)
    assert len(crew.process_ids) == 3
    assert old not in crew.process_ids
    assert not alive(old)
    await crew.stop()


async def test_worker_that_does_not_begin_leaves_those_before_it_at_work(notes: Path) -> None:
    broken = f"sys.exit(4) if os.path.exists({str(notes) + '.broken'!r}) else None"
    crew = Crew(daemon(notes, before=broken), since=1000, pace=QUICK)
    await crew.change(1)
    before = crew.process_ids
    await asyncio.to_thread(Path(f"{notes}.broken").touch)
    with pytest.raises(WorkerFailed, match="exit code 4"):
        await crew.change(2)
    assert crew.process_ids == before
    assert alive(before[0])
    await crew.stop()


async def test_none_is_left_when_one_does_not_begin(notes: Path) -> None:
    crew = Crew(daemon(notes, before="sys.exit(5) if this_worker().slot == 2 else None"), since=1000, pace=QUICK)
    with pytest.raises(WorkerFailed):
        await crew.change(2)
    assert not any(alive(process) for _, process in begun(notes))


async def test_worker_that_does_not_leave_is_ended(notes: Path) -> None:
    crew = Crew(daemon(notes, during="await stop.wait(); await asyncio.sleep(60)"), since=1000, pace=QUICK)
    with capture_logs() as lines:
        await crew.change(1)
        (stubborn,) = crew.process_ids
        await crew.stop()
    assert "worker killed" in [line["event"] for line in lines]
    assert not alive(stubborn)


async def test_worker_that_dies_again_and_again_is_replaced_each_time(notes: Path) -> None:
    crew = Crew(daemon(notes, during="os._exit(6)"), since=1000, pace=Pace(2.0, 2.0, 100.0, 0.05, 0.1))
    with capture_logs() as lines, suppress(WorkerFailed):
        await crew.change(1)
        await until(lambda: sum(line["event"] == "worker ended" for line in lines) >= 3)
    await crew.stop()
    assert {line["cause"] for line in lines if line["event"] == "worker ended"} == {"exit code 6"}


async def test_worker_that_cannot_be_replaced_is_tried_again_ever_later(notes: Path) -> None:
    broken = f"sys.exit(4) if os.path.exists({str(notes) + '.broken'!r}) else None"
    crew = Crew(daemon(notes, before=broken), since=1000, pace=QUICK)
    mark = Path(f"{notes}.broken")
    with capture_logs() as lines:
        await crew.change(1)
        await asyncio.to_thread(mark.touch)
        os.kill(crew.process_ids[0], signal.SIGKILL)
        await until(lambda: sum(line["event"] == "worker not replaced" for line in lines) >= 3)
        await asyncio.to_thread(mark.unlink)
        await until(lambda: "worker replaced" in [line["event"] for line in lines])
        await crew.stop()
    delays = [line["again_in"] for line in lines if line["event"] == "worker not replaced"]
    assert delays[:3] == sorted(delays[:3])
    assert delays[0] < delays[2]


async def test_whoever_stands_in_reads_the_configuration_of_those_who_serve(notes: Path) -> None:
    path = notes.with_name("akadia.toml")
    reads = (
        f"""open({str(notes) + ".read"!r}, "ab").write(read_config(__import__("pathlib").Path({str(path)!r})).octets)"""
    )
    crew = Crew(daemon(notes, before=f"from runtime.config import read_config; {reads}"), since=1000, pace=QUICK)
    await crew.change(1, b"[first]\n")
    await until(partial(serving, crew, notes, 1, 1))
    await asyncio.to_thread(path.write_text, "is not TOML")
    for turn in range(3):
        (serving_now,) = crew.process_ids
        os.kill(serving_now, signal.SIGKILL)
        await until(partial(serving, crew, notes, 2 + turn, 1))
    await crew.change(1, b"[second]\n")
    await crew.stop()
    assert await asyncio.to_thread(Path(f"{notes}.read").read_text) == "[first]\n" * 4 + "[second]\n"


async def test_spare_that_died_is_not_waited_for(notes: Path) -> None:
    crew = Crew(daemon(notes), since=1000, pace=QUICK)
    await crew.change(1)
    (serving_now,) = crew.process_ids
    children = Path(f"/proc/{os.getpid()}/task/{os.getpid()}/children")
    for child in (await asyncio.to_thread(children.read_text)).split():
        os.kill(int(child), signal.SIGKILL)
    await until(lambda: len(crew.process_ids) == 1 and crew.process_ids[0] != serving_now)
    await crew.stop()


def test_delay_doubles_up_to_its_limit() -> None:
    pace = Pace(first_delay=0.25, longest_delay=30.0)
    assert [pace.delay(failures) for failures in (0, 1, 2, 3, 8, 9, 1000)] == [0, 0.25, 0.5, 1, 30, 30, 30]
