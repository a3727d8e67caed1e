"""Several processes, one count; a refusal of one ends all."""

import multiprocessing
import os
import signal
import time
from collections.abc import Callable
from multiprocessing.connection import Connection

import pytest

from ue_sim.load.processes import Work, _child, run
from ue_sim.load.subscribers import LoadRefused
from ue_sim.load.tally import Tally

pytestmark = pytest.mark.stack

Told = Callable[[int], None]
OnInterrupt = Callable[[Callable[[], None]], None]


def test_counts_of_all_processes_are_one() -> None:
    heard: list[int] = []

    def work(part: int, told: Told, _on_interrupt: OnInterrupt) -> Tally:
        told(part + 1)
        return Tally(full=part + 1, cpu_of={part: 1.0})

    whole = run(3, work, heard.append)
    assert (whole.full, whole.cpu_of) == (6, {0: 1.0, 1: 1.0, 2: 1.0})
    assert max(heard) == 6


def test_refusal_of_one_is_told_and_the_others_end() -> None:
    def work(part: int, _told: Told, _on_interrupt: OnInterrupt) -> Tally:
        if part:
            raise LoadRefused("nobody listens")
        time.sleep(60)
        return Tally()

    began = time.monotonic()
    with pytest.raises(LoadRefused, match="nobody listens"):
        run(2, work, lambda _: None)
    assert time.monotonic() - began < 30


@pytest.mark.parametrize("failure", [OSError(24, "Too many open files"), None])
def test_end_without_a_count_is_told(failure: OSError | None) -> None:
    def work(_part: int, _told: Told, _on_interrupt: OnInterrupt) -> Tally:
        if failure is not None:
            raise failure
        os._exit(1)

    with pytest.raises(LoadRefused, match="Too many open files" if failure else "without a word"):
        run(1, work, lambda _: None)


def test_interrupt_lets_the_processes_tell_what_they_have() -> None:
    def work(_part: int, told: Told, on_interrupt: OnInterrupt) -> Tally:
        stopped: list[bool] = []
        on_interrupt(lambda: stopped.append(True))
        told(1)
        while not stopped:
            time.sleep(0.01)
        return Tally(full=1)

    def interrupt(done: int) -> None:
        if done:
            os.kill(os.getpid(), signal.SIGINT)

    assert run(1, work, interrupt).full == 1


def test_process_whose_parent_is_gone_ends_in_silence(capfd: pytest.CaptureFixture[str]) -> None:
    def work(_part: int, told: Told, _on_interrupt: OnInterrupt) -> Tally:
        while True:
            told(1)
            time.sleep(0.01)

    ours, theirs = multiprocessing.Pipe(duplex=False)
    child = multiprocessing.get_context("fork").Process(target=_child_alone, args=(work, ours, theirs))
    child.start()
    theirs.close()
    assert ours.recv() == 1
    ours.close()
    child.join(20)
    assert child.exitcode == 0
    assert capfd.readouterr().err == ""


def _child_alone(work: Work, ours: Connection, theirs: Connection) -> None:
    ours.close()
    _child(0, work, theirs)
