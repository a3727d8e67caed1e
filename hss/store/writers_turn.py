"""Whose turn it is to write, among all processes with one SQLite database.

SQLite has whoever finds another writing sleep, for ever longer, and look again: half of two busy processes' time. Here
the kernel wakes the next as soon as it is its turn. Whoever writes without a turn, such as a command, is waited for by
SQLite as before.
"""

import fcntl
import os
from contextlib import suppress
from pathlib import Path


class WritersTurn:
    """A context inside of which no other process is that enters one for a database in the same folder."""

    def __init__(self, database: Path) -> None:
        self._folder = database.absolute().parent
        self._descriptor: int | None = None

    def __enter__(self) -> None:
        # who cannot lock goes on by SQLite's own locks alone
        with suppress(OSError):
            fcntl.flock(self._opened(), fcntl.LOCK_EX)

    def __exit__(self, *_: object) -> None:
        self.leave()

    def enter_now(self) -> bool:
        """Enter unless another is inside; whoever was let in must leave."""
        try:
            fcntl.flock(self._opened(), fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        except OSError:
            return True
        return True

    def leave(self) -> None:
        """Let the next one in."""
        if self._descriptor is not None:
            with suppress(OSError):
                fcntl.flock(self._descriptor, fcntl.LOCK_UN)

    def close(self) -> None:
        """Give the descriptor back; entering again opens another."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def _opened(self) -> int:
        if self._descriptor is None:
            # of the folder, not of the file: closing any descriptor of that one would end SQLite's own locks on it
            self._descriptor = os.open(self._folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        return self._descriptor
