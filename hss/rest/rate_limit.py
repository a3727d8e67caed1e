"""How many requests a token may send, and how many an address that shows no good one."""

from collections import OrderedDict
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address

ADDRESSES = 1024
"""So many addresses are counted apart; the one that was quiet longest is forgotten first."""


@dataclass(slots=True)
class _Bucket:
    tokens: float
    filled: float


class RateLimit:
    """Token buckets by name: `rate` a second, `burst` at once; at most `kept` names, `now` from a clock that rises."""

    def __init__(self, rate: float, burst: float, kept: int = ADDRESSES) -> None:
        self._rate = rate
        self._burst = burst
        self._kept = kept
        self._buckets: OrderedDict[str, _Bucket] = OrderedDict()

    def wait(self, name: str, now: float, cost: float = 1.0) -> float:
        """Take `cost` and return 0, or take nothing and return after how many seconds there will be enough."""
        bucket = self._bucket(name, now)
        if bucket.tokens >= cost:
            bucket.tokens -= cost
            return 0.0
        return (cost - bucket.tokens) / self._rate

    def _bucket(self, name: str, now: float) -> _Bucket:
        bucket = self._buckets.get(name)
        if bucket is None:
            bucket = self._buckets[name] = _Bucket(self._burst, now)
            if len(self._buckets) > self._kept:
                self._buckets.popitem(last=False)
        self._buckets.move_to_end(name)
        bucket.tokens = min(self._burst, bucket.tokens + max(0.0, now - bucket.filled) * self._rate)
        bucket.filled = now
        return bucket


def network_of(host: str) -> str:
    """What is counted as one stranger: an IPv4 address, or the /64 of an IPv6 address; any other text is itself."""
    try:
        address = ip_address(host)
    except ValueError:
        return host
    if isinstance(address, IPv6Address):
        return address.exploded[:19]
    return host
