"""Processes under measurement: how much CPU and memory they have used, and daemons that say when they are ready."""

import os
import re
import signal
import subprocess
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

ROOT = Path(__file__).resolve().parents[2]
_TICKS = os.sysconf("SC_CLK_TCK")
_LIMIT = 60.0

FoundT = TypeVar("FoundT")


class BenchFailed(Exception):
    """A measurement that cannot be made; one line that says why."""


def cpu_seconds(pids: Iterable[int]) -> float:
    """CPU that these processes, with all their threads, have used so far; one that is gone has used none."""
    return sum(_used(pid)[0] for pid in pids)


def family_cpu_seconds(pid: int | None) -> float:
    """CPU of a process and its children, also of those that have ended; 0 for None."""
    if pid is None:
        return 0.0
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="utf-8").split()
    own, ended = _used(pid)
    return own + ended + cpu_seconds(map(int, children))


def _used(pid: int) -> tuple[float, float]:
    """By the process itself, and by its children that have ended."""
    with suppress(FileNotFoundError, ProcessLookupError):
        # the name in parentheses may hold blanks
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / _TICKS, (int(fields[13]) + int(fields[14])) / _TICKS
    return 0.0, 0.0


def peak_mb(pid: int) -> float:
    """The most memory that a process has had at once, in megabytes; 0 when it is gone."""
    return _memory_mb(pid, "VmHWM")


def resident_mb(pid: int) -> float:
    """The memory that a process has now, in megabytes; 0 when it is gone."""
    return _memory_mb(pid, "VmRSS")


def _memory_mb(pid: int, what: str) -> float:
    with suppress(FileNotFoundError, ProcessLookupError):
        found = re.search(rf"{what}:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text(encoding="utf-8"))
        if found is not None:
            return int(found[1]) / 1024
    return 0.0


class Daemon:
    """A program in the background; what it says goes to the file `log`."""

    def __init__(self, words: Sequence[str | Path], log: Path) -> None:
        self._log = log
        with log.open("wb") as output:
            self._process = subprocess.Popen(
                words, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT
            )

    @property
    def pid(self) -> int:
        """Its number."""
        return self._process.pid

    def said(self, pattern: str) -> "re.Match[str]":
        """The first place where it says something that matches `pattern`, which it is waited for."""
        return self._awaited(lambda: re.search(pattern, self._log.read_text(encoding="utf-8", errors="replace")))

    def made(self, path: Path) -> None:
        """Return when `path` is there."""
        self._awaited(lambda: path if path.exists() else None)

    def end(self) -> None:
        """Stop it politely, or else at once."""
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _awaited(self, look: Callable[[], FoundT | None]) -> FoundT:
        until = time.monotonic() + _LIMIT
        while time.monotonic() < until:
            found = look()
            if found is not None:
                return found
            if self._process.poll() is not None:
                break
            time.sleep(0.05)
        self._process.kill()
        lines = self._log.read_text(encoding="utf-8", errors="replace").splitlines()
        raise BenchFailed(f"{self._process.args!r} did not get ready; it said: {lines[-1] if lines else 'nothing'}")
