"""How long each took, in buckets of one per cent, so that an hour takes no more memory than a second."""

from collections import Counter
from collections.abc import Mapping
from math import exp, log

_STEP = log(1.01)


class Latencies:
    """Times in seconds; what they tell is right within one per cent."""

    def __init__(self, buckets: Mapping[int, int] | None = None) -> None:
        self.buckets: Counter[int] = Counter(buckets or {})

    def add(self, seconds: float) -> None:
        """One more."""
        self.buckets[round(log(max(seconds, 1e-9)) / _STEP)] += 1

    def update(self, other: "Latencies") -> None:
        """Those of another process."""
        self.buckets.update(other.buckets)

    def percentile_ms(self, share: float) -> float | None:
        """What `share` of all stay below or reach, in milliseconds (nearest rank); None without any."""
        left = max(-(-self.buckets.total() * share // 1), 1)
        for bucket in sorted(self.buckets):
            left -= self.buckets[bucket]
            if left <= 0:
                return exp(bucket * _STEP) * 1e3
        return None
