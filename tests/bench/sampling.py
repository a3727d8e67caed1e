"""`python -m tests.bench.sampling CONFIG OUTPUT`: the AAA server, whose stack is looked at 500 times a second of CPU.

It looks from one SIGRTMIN to the next, and then writes how often it found which functions at work.
"""

import json
import signal
import sys
import time
from collections import Counter
from pathlib import Path
from types import FrameType

from aaa.app import main as serve

INTERVAL = 0.002
"""Seconds of CPU of the whole process between two looks."""
DEPTH = 12
"""So many functions of the stack are told apart, from the innermost one outwards."""


class Sampler:
    """Counts the stacks of the main thread while the CPU clock of the process runs."""

    def __init__(self, output: Path) -> None:
        self._output = output
        self._stacks: Counter[tuple[str, ...]] = Counter()
        self._since: float | None = None
        signal.signal(signal.SIGRTMIN, self._switch)
        signal.signal(signal.SIGPROF, self._look)

    def _switch(self, _number: int, _frame: FrameType | None) -> None:
        if self._since is None:
            self._since = time.process_time()
            signal.setitimer(signal.ITIMER_PROF, INTERVAL, INTERVAL)
            return
        signal.setitimer(signal.ITIMER_PROF, 0)
        cpu = time.process_time() - self._since
        stacks = [[list(stack), count] for stack, count in self._stacks.items()]
        fresh = self._output.with_suffix(".new")
        fresh.write_text(json.dumps({"cpu": cpu, "stacks": stacks}), encoding="utf-8")
        fresh.replace(self._output)

    def _look(self, _number: int, frame: FrameType | None) -> None:
        stack: list[str] = []
        while frame is not None and len(stack) < DEPTH:
            stack.append(f"{frame.f_globals.get('__name__', '?')}:{frame.f_code.co_name}")
            frame = frame.f_back
        self._stacks[tuple(stack)] += 1


if __name__ == "__main__":
    Sampler(Path(sys.argv[2]))
    sys.exit(serve(Path(sys.argv[1]), workers=1))
