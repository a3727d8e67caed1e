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
    """A context inside of which no other process is that enters one for the same database."""

    def __init__(self, database: Path) -> None:
        self._database = database.absolute()
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
            # of a file of its own: closing any descriptor of the database would end SQLite's own locks on it; and one
            # that nobody else can open, because whoever can read the folder could lock that, and stop every writer
            path = self._database.with_name(f"{self._database.name}-turn")
            self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
            with suppress(OSError):
                # root makes it for whose the database is, as SQLite does with its own files
                owner = self._database.stat()
                os.fchown(self._descriptor, owner.st_uid, owner.st_gid)
        return self._descriptor
