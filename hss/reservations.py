"""Runs of SEQ that this process has reserved ahead of use: committed before the first of a run is given out."""

from collections import OrderedDict

KEPT = 100_000
"""Subscribers for whom a run is kept, at most; what is dropped is lost, and no SEQ is given twice."""


class Reservations:
    """What is left of each subscriber's run."""

    def __init__(self, kept: int = KEPT) -> None:
        self._kept = kept
        self._runs: OrderedDict[str, tuple[int, int]] = OrderedDict()

    def take(self, imsi: str, count: int) -> int | None:
        """The last of `count` SEQs out of the run of `imsi`; None when it has not so many."""
        first, last = self._runs.get(imsi, (1, 0))
        if last - first + 1 < count:
            return None
        self._runs[imsi] = (first + count, last)
        self._runs.move_to_end(imsi)
        return first + count - 1

    def put(self, imsi: str, first: int, last: int) -> None:
        """Keep the run from `first` to `last`; what is left of an older one is dropped, because SEQ only rises."""
        if first >= self._runs.get(imsi, (0, 0))[0]:
            self._runs[imsi] = (first, last)
            self._runs.move_to_end(imsi)
        if len(self._runs) > self._kept:
            self._runs.popitem(last=False)

    def drop(self, imsi: str, last: int) -> None:
        """Forget what is left of `imsi`, and take no run from below `last`: after a resynchronisation."""
        self._runs[imsi] = (last + 1, last)
