"""Transactions in the event loop's own thread: a file that nobody holds answers sooner than another thread can.

To hand a batch to a thread and back costs two switches of threads, and each statement in it two more for the
interpreter's lock: an eighth of an authentication. But the loop serves nobody meanwhile; so nothing is waited for here,
neither another process nor a slow disk nor the writing back of SQLite's log.
"""

import time
from collections.abc import Callable, Sequence

from sqlalchemy import Engine

from hss.store.errors import StoreBusy, store_errors
from hss.store.kept import KeptConnection
from hss.store.together import Wanted, answers
from hss.store.writers_turn import WritersTurn

PATIENCE = 0.02
"""Seconds of one transaction after which the disk counts as slow."""
PAUSE, LONGEST_PAUSE = 0.2, 5.0
"""Seconds in which nothing is tried here after that: twice as long when it is slow again, half when it is not."""


class Here:
    """Makes transactions on `engine`, whose connections wait for no lock; `turn` as the lane has it."""

    def __init__(
        self, engine: Engine, turn: WritersTurn | None = None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._connection = KeptConnection(engine)
        self._turn = turn
        self._clock = clock
        self._not_before = 0.0
        self._pause = PAUSE

    def answers(self, wanted: Sequence[Wanted]) -> Sequence[object] | None:
        """As `hss.store.together.answers`, committed; None, and nothing done, when that would have meant waiting."""
        began = self._clock()
        if began < self._not_before:
            return None
        if self._turn is not None and not self._turn.enter_now():
            return None
        try:
            with store_errors(), self._connection.transaction() as connection:
                return answers(connection, wanted)
        except StoreBusy:
            return None
        finally:
            if self._turn is not None:
                self._turn.leave()
            self._judge(began, self._clock())

    def _judge(self, began: float, ended: float) -> None:
        """One that is slow may be chance: to stay away for long would leave half of the rest to threads."""
        if ended - began > PATIENCE:
            self._not_before = ended + self._pause
            self._pause = min(2 * self._pause, LONGEST_PAUSE)
        else:
            self._pause = max(self._pause / 2, PAUSE)

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()
