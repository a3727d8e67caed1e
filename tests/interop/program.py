"""A foreign program, or one of our daemons, in the foreground of a test."""

import re
import subprocess
from pathlib import Path
from queue import Empty, Queue
from threading import Thread

import pytest

ROOT = Path(__file__).resolve().parents[2]
LIMIT = 20.0
"""Seconds for whatever is waited for."""


class Program:
    """A program in the foreground, and what it says."""

    def __init__(self, *words: str) -> None:
        self._process = subprocess.Popen(words, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        self._is_ours = Path(words[0]).is_relative_to(ROOT)
        self._lines: Queue[str] = Queue()
        self.said: list[str] = []
        self._reader = Thread(target=self._read, daemon=True)
        self._reader.start()

    @property
    def pid(self) -> int:
        """Its number."""
        return self._process.pid

    def _read(self) -> None:
        for line in self._process.stdout or ():
            self._lines.put(line)

    def wait_for(self, pattern: str) -> None:
        """Return when it has said a line with `pattern`."""
        while True:
            try:
                self.said.append(self._lines.get(timeout=LIMIT))
            except Empty:
                pytest.fail(f"never said {pattern!r}: {''.join(self.said)}")
            if re.search(pattern, self.said[-1]):
                return

    def end(self) -> str:
        """End it, and give all that it said; a foreign one that takes no leave is killed."""
        self._process.terminate()
        try:
            self._process.wait(LIMIT)
        except subprocess.TimeoutExpired:
            # freeDiameterd now and then waits for itself when it is to end
            self._process.kill()
            self._process.wait(LIMIT)
            if self._is_ours:
                pytest.fail(f"it did not end within {LIMIT:g} s: {''.join(self.said)}")
        self._reader.join(LIMIT)
        if self._process.stdout is not None:
            self._process.stdout.close()
        while not self._lines.empty():
            self.said.append(self._lines.get())
        return "".join(self.said)
