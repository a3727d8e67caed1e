"""How many lines of one kind a stranger may cause: a token bucket for each kind."""

from dataclasses import dataclass


@dataclass(slots=True)
class _Bucket:
    tokens: float
    filled: float
    withheld: int = 0


class LogLimit:
    """At most `burst` lines of one kind at once and `rate` a second afterwards; at most `kinds` kinds are kept apart.

    Beyond those, all further kinds share one bucket, so that kinds made from what a stranger sends stay bounded.
    """

    def __init__(self, *, burst: int = 10, rate: float = 1.0, kinds: int = 64) -> None:
        self._burst = burst
        self._rate = rate
        self._kinds = kinds
        self._buckets: dict[str, _Bucket] = {}

    def allow(self, kind: str, now: float) -> int | None:
        """How many lines of this kind were withheld since the last one, or None when this one is to be withheld too."""
        bucket = self._bucket(kind, now)
        bucket.tokens = min(self._burst, bucket.tokens + (now - bucket.filled) * self._rate)
        bucket.filled = now
        if bucket.tokens < 1:
            bucket.withheld += 1
            return None
        bucket.tokens -= 1
        withheld, bucket.withheld = bucket.withheld, 0
        return withheld

    def _bucket(self, kind: str, now: float) -> _Bucket:
        if kind not in self._buckets and len(self._buckets) >= self._kinds:
            kind = ""
        return self._buckets.setdefault(kind, _Bucket(self._burst, now))
