"""Runs of SEQ that this process has reserved ahead of use: committed before the first of a run is given out."""

from collections import OrderedDict
from collections.abc import Hashable

KEPT = 100_000
"""Subscribers for whom a run is kept, at most; what is dropped is lost, and no SEQ is given twice."""


Owner = Hashable
"""A subscription as it is now: IMSI, revision and sealed K. When one of them changes, what was reserved is lost."""


class Reservations:
    """What is left of each subscriber's run."""

    def __init__(self, kept: int = KEPT) -> None:
        self._kept = kept
        self.turn = 0
        """Another number each time that all was dropped."""
        self._runs: OrderedDict[Owner, tuple[int, int]] = OrderedDict()

    def take(self, owner: Owner, count: int) -> int | None:
        """The last of `count` SEQs out of the run of `owner`; None when it has not so many."""
        first, last = self._runs.get(owner, (1, 0))
        if last - first + 1 < count:
            return None
        self._runs[owner] = (first + count, last)
        self._runs.move_to_end(owner)
        return first + count - 1

    def put(self, owner: Owner, first: int, last: int) -> None:
        """Keep the run from `first` to `last`; what is left of an older one is dropped, because SEQ only rises."""
        if first >= self._runs.get(owner, (0, 0))[0]:
            self._runs[owner] = (first, last)
            self._runs.move_to_end(owner)
        if len(self._runs) > self._kept:
            self._runs.popitem(last=False)

    def drop_all(self) -> None:
        """Forget every run: what is reserved from now on is above all that anybody has given out until now."""
        self._runs.clear()
        self.turn += 1

    def drop(self, owner: Owner, last: int) -> None:
        """Forget what is left of `owner`, and take no run from below `last`: after a resynchronisation."""
        self._runs[owner] = (last + 1, last)
