"""The INDs that this process knows, so that a vector costs no look at them, and that their nodes ask at all."""

import time
from collections.abc import Callable

from hss.counting.nodes import Held, hold
from hss.store.database import Database

NOTED_EVERY = 300.0
"""In so many seconds once it is written down that a node asks: who wants its IND back looks there."""

Named = tuple[str, int]
"""A node's name and a length of IND."""


class KnownInds:
    """What nodes hold, by name, as it was last read."""

    def __init__(self, database: Database, clock: Callable[[], float] = time.monotonic) -> None:
        self._database = database
        self._clock = clock
        self._held: dict[Named, Held] = {}
        self._noted: dict[Named, float] = {}

    def get(self, named: Named) -> Held | None:
        """What is known; None when nothing is, or when it is time to write down that the node asks."""
        held = self._held.get(named)
        return held if held is None or self._clock() - self._noted[named] < NOTED_EVERY else None

    async def read(self, named: Named) -> tuple[Held, bool]:
        """What the node holds now, and whether that was another's before, as far as this process knows.

        NodesExhausted when there is no IND for it, StoreError from the store.
        """
        if named in self._held:
            # who asks meanwhile goes on with what is known
            self._noted[named] = self._clock()
        held = await self._database.write(lambda connection: hold(connection, *named))
        before = self._held.get(named)
        self._held[named] = held
        self._noted[named] = self._clock()
        is_same = before is not None and (before.ind, before.epoch) == (held.ind, held.epoch)
        return held, held.epoch > 0 and not is_same

    def forget(self, named: Named) -> None:
        """What was known of the node is so no more."""
        self._held.pop(named, None)
        self._noted.pop(named, None)
