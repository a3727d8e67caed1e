"""How often something may be done, on the clock of the caller."""

from collections import deque


class RateLimit:
    """At most `most` times within any `seconds`."""

    def __init__(self, *, most: int, seconds: float = 1.0) -> None:
        self._seconds = seconds
        self._times: deque[float] = deque(maxlen=most)

    def allow(self, now: float) -> bool:
        """Whether it may be done once more; the time is noted when it may."""
        if len(self._times) == self._times.maxlen and now < self._times[0] + self._seconds:
            return False
        self._times.append(now)
        return True
