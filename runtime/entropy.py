"""The system's entropy for a busy daemon, fetched in portions: its parts ask for 2 to 16 octets, one by one."""

import os
from threading import Lock

PORTION = 1024
"""Octets fetched at once."""


class Entropy:
    """Callable as `wire.sansio.RandomBytes`, from any thread; what is given out is taken off and given once.

    A forked child fetches its own: two processes never give out the same octets.
    """

    def __init__(self) -> None:
        self._left = bytearray()
        self._lock = Lock()
        os.register_at_fork(after_in_child=self._begin_anew)

    def __call__(self, count: int) -> bytes:
        """`count` unpredictable octets."""
        with self._lock:
            left = self._left
            given = bytes(left[:count])
            if len(given) == count:
                del left[:count]
                return given
            left += os.urandom(max(PORTION, count))
        return self(count)

    def _begin_anew(self) -> None:
        self._left, self._lock = bytearray(), Lock()


entropy = Entropy()
"""Of this process."""
