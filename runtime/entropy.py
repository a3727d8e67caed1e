"""The system's entropy for a busy daemon, fetched in portions: its parts ask for 2 to 16 octets, one by one."""

import os
from io import BytesIO
from threading import Lock

PORTION = 1024
"""Octets fetched at once."""


class Entropy:
    """Callable as `wire.sansio.RandomBytes`, from any thread; what is given out is taken off and given once.

    A forked child fetches its own: two processes never give out the same octets.
    """

    def __init__(self) -> None:
        self._left = BytesIO()
        self._lock = Lock()
        os.register_at_fork(after_in_child=self._begin_anew)

    def __call__(self, count: int) -> bytes:
        """`count` unpredictable octets."""
        # no lock: the interpreter lets no other thread into the midst of a read
        given = self._left.read(count)
        return given if len(given) == count else given + self._more(count - len(given))

    def _more(self, count: int) -> bytes:
        """`count` octets where there may be too few, of which another thread has fetched more meanwhile perhaps."""
        with self._lock:
            given = self._left.read(count)
            missing = count - len(given)
            if missing:
                fetched = os.urandom(max(PORTION, missing))
                given += fetched[:missing]
                self._left = BytesIO(fetched[missing:])
        return given

    def _begin_anew(self) -> None:
        self._left, self._lock = BytesIO(), Lock()


entropy = Entropy()
"""Of this process."""
