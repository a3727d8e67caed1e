"""SQLite's log written back into its file beside whoever writes, by a thread of its own.

A commit that does it, which is SQLite's way, holds up every writer of every process, some 20 ms at a time. Writing back
needs no writer to stand still (https://www.sqlite.org/wal.html §2.2); only to begin the log anew it must have caught up
with them all, and for that the rest is written back inside a turn, once the log has grown long.
"""

import sqlite3
from contextlib import closing
from pathlib import Path
from threading import Event, Thread

from hss.store.engines import sqlite_connection
from hss.store.writers_turn import WritersTurn
from runtime.logs import get_logger

log = get_logger("hss.store")

EVERY, SELDOM = 32, 512
"""Transactions of this process from one writing back to the next: at least, and at most."""
PAGES = 1_000
"""Pages that one writing back should find: each waits for the disk twice, however few they are."""
LONG = 8_000
"""Pages of 4 KiB in the log from which on it is begun anew."""
LONGEST = 20_000
"""Pages from which on a commit writes back after all: somebody reads for long, or this thread cannot."""

_PAGE = 4096
"""Octets."""


class WriteBack:
    """For the database at `path`; its thread ends by `close`, or with the process."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._every = self._left = EVERY
        self._pages = 0
        self._due = Event()
        self._is_over = False
        self._has_failed = False
        self._is_stuck = False
        self._thread = Thread(target=self._serve, name="hss-write-back", daemon=True)
        self._thread.start()

    def wrote(self) -> None:
        """A transaction of this process has ended; takes no time."""
        self._left -= 1
        if self._left <= 0:
            self._left = self._every
            self._due.set()

    def close(self) -> None:
        """End the thread once it has done what it does; closing twice is closing once."""
        self._is_over = True
        self._due.set()
        self._thread.join()

    def _serve(self) -> None:
        turn = WritersTurn(self._path)
        while self._due.wait() and not self._is_over:
            self._due.clear()
            self._write_back(turn)
        turn.close()

    def _write_back(self, turn: WritersTurn) -> None:
        try:
            with closing(sqlite_connection(self._path, waits=False)) as connection:
                pages, left = _pages_after(connection)
                self._pace(pages)
                if pages >= LONG:
                    with turn:
                        pages, left = _pages_after(connection)
                self._note(pages, left)
        except sqlite3.Error as error:
            if not self._has_failed:
                cause = f"{error}; it grows until that is mended"
                log.warning("log not written back", cause=cause, database=str(self._path))
            self._has_failed = True
        else:
            self._has_failed = False

    def _note(self, pages: int, left: int) -> None:
        """One line when the log grows on and on: a turn keeps writers away, so what is left waits for a reader."""
        if pages >= LONGEST and left and not self._is_stuck:
            self._is_stuck = True
            cause = "somebody reads for long in one transaction, as a backup or an export that was stopped may"
            size = f"{pages * _PAGE >> 20} MB"
            log.warning(
                "log grows", cause=f"{cause}; it begins anew once that ends", size=size, database=str(self._path)
            )
        elif 0 <= pages < LONG:
            self._is_stuck = False

    def _pace(self, pages: int) -> None:
        """The next time so that PAGES more are there, if as many are written by a transaction as until now."""
        if pages < 0:
            # another process is at it, and SQLite says no number
            return
        grown = pages - self._pages if pages >= self._pages else pages
        self._pages = pages
        self._every = min(max(self._every * PAGES // max(grown, 1), EVERY), SELDOM)


def _pages_after(connection: sqlite3.Connection) -> tuple[int, int]:
    """How many pages the log has, after those have been written back that nobody stands before, and how many have not.

    Negative where another process is at it.
    """
    ((_, pages, written),) = connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()
    return int(pages), int(pages) - int(written)
