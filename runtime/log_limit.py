"""How many lines of one kind a stranger may cause: a token bucket for each kind."""

from dataclasses import dataclass

from runtime.token_bucket import TokenBucket


@dataclass(slots=True)
class _Kind:
    bucket: TokenBucket
    withheld: int = 0


class LogLimit:
    """At most `burst` lines of one kind at once and `rate` a second afterwards; at most `kinds` kinds are kept apart.

    Beyond those, all further kinds share one bucket, so that kinds made from what a stranger sends stay bounded.
    """

    def __init__(self, *, burst: int = 10, rate: float = 1.0, kinds: int = 64) -> None:
        self._burst = burst
        self._rate = rate
        self._kinds = kinds
        self._seen: dict[str, _Kind] = {}

    def allow(self, kind: str, now: float) -> int | None:
        """How many lines of this kind were withheld since the last one, or None when this one is to be withheld too."""
        seen = self._kind(kind)
        if not seen.bucket.take(now):
            seen.withheld += 1
            return None
        withheld, seen.withheld = seen.withheld, 0
        return withheld

    def _kind(self, kind: str) -> _Kind:
        if kind not in self._seen and len(self._seen) >= self._kinds:
            kind = ""
        return self._seen.setdefault(kind, _Kind(TokenBucket(self._rate, self._burst)))
