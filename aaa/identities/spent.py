"""Which counter each subscriber has used last, as far as this process remembers (RFC 4187 §5.1)."""

from collections import OrderedDict


class UsedCounters:
    """At most `limit` chains of re-authentications; where there is no room the one used longest ago is forgotten.

    What is forgotten, and what another process has seen, is left to the UE, which refuses a counter that it has seen.
    """

    def __init__(self, limit: int = 100_000) -> None:
        self._limit = limit
        self._highest: OrderedDict[bytes, int] = OrderedDict()

    def __len__(self) -> int:
        return len(self._highest)

    def use(self, chain: bytes, counter: int) -> bool:
        """Note `counter` as used within `chain`; False when that one or a higher has been used already."""
        if counter <= self._highest.get(chain, 0):
            return False
        self._highest[chain] = counter
        self._highest.move_to_end(chain)
        if len(self._highest) > self._limit:
            self._highest.popitem(last=False)
        return True
