"""Batches of several targets in turn, until there were enough; and how far it is."""

import asyncio
import sys
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import cycle
from pathlib import Path
from typing import Protocol, runtime_checkable

from tests.fuzz.whole.server import Broken

TELL_EVERY = 100_000
"""Cases between two lines about how far it is."""

GROWTH = 64
"""Megabytes by which a process may grow after a tenth of its cases: tables are full by then."""


class Target(Protocol):
    """A whole server that is fuzzed."""

    name: str

    async def batch(self) -> int:
        """Run some cases, and say how many; Broken when a property does not hold."""


@runtime_checkable
class Closing(Protocol):
    """A target that has something open."""

    async def close(self) -> None:
        """Close it."""


@dataclass
class Progress:
    """How many of `cases` were run, of which target, in what time, and how large the process was after a tenth."""

    cases: int
    done: Counter[str] = field(default_factory=Counter)
    began: float = field(default_factory=time.monotonic)
    early: int = 0
    stopped: bool = False

    @property
    def seconds(self) -> float:
        """Since the beginning."""
        return time.monotonic() - self.began

    def stop(self) -> None:
        """End after this batch."""
        self.stopped = True

    def line(self) -> str:
        """How far it is, for people."""
        rate = self.done.total() / max(self.seconds, 0.001)
        return f"{self.done.total():,} of {self.cases:,} cases, {rate:,.0f}/s, {megabytes()} MB"

    def add(self, name: str, cases: int) -> bool:
        """Count a batch; False when it was the last. Broken when the process grows and grows."""
        before = self.done.total()
        self.done[name] += cases
        if before < self.cases / 10 <= self.done.total():
            self.early = megabytes()
        if self.early and megabytes() > self.early + GROWTH:
            raise Broken(f"the process has grown from {self.early} to {megabytes()} MB")
        if before // TELL_EVERY != self.done.total() // TELL_EVERY:
            sys.stderr.write(self.line() + "\n")
        return not self.stopped and self.done.total() < self.cases


async def run(targets: Sequence[Target], progress: Progress, errors: list[str]) -> None:
    """Batches until there were enough; Broken when a property does not hold, or a server has logged an error."""
    try:
        await _run(targets, progress, errors)
    finally:
        for target in targets:
            if isinstance(target, Closing):
                await target.close()


async def _run(targets: Sequence[Target], progress: Progress, errors: list[str]) -> None:
    for target in cycle(targets):
        more = progress.add(target.name, await target.batch())
        if errors:
            raise Broken(f"{target.name}: {errors[0]}")
        if not more:
            return
        # what the servers left to the loop is done before the next batch
        await asyncio.sleep(0)


def megabytes() -> int:
    """How much memory this process has now."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * 4096 // 1_000_000
