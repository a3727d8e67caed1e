"""How many requests a token may send, and how many an address that shows no good one."""

from collections import OrderedDict
from ipaddress import IPv6Address, ip_address

from runtime.token_bucket import TokenBucket

ADDRESSES = 1024
"""So many addresses are counted apart; the one that was quiet longest is forgotten first."""


class RateLimit:
    """Token buckets by name: `rate` a second, `burst` at once; at most `kept` names, `now` from a clock that rises."""

    def __init__(self, rate: float, burst: float, kept: int = ADDRESSES) -> None:
        self._rate = rate
        self._burst = burst
        self._kept = kept
        self._buckets: OrderedDict[str, TokenBucket] = OrderedDict()

    def wait(self, name: str, now: float, cost: float = 1.0) -> float:
        """Take `cost` and return 0, or take nothing and return after how many seconds there will be enough."""
        bucket = self._buckets.get(name)
        if bucket is None:
            bucket = self._buckets[name] = TokenBucket(self._rate, self._burst)
            if len(self._buckets) > self._kept:
                self._buckets.popitem(last=False)
        self._buckets.move_to_end(name)
        return bucket.wait(now, cost)


def network_of(host: str) -> str:
    """What is counted as one stranger: an IPv4 address, or the /64 of an IPv6 address; any other text is itself."""
    try:
        address = ip_address(host)
    except ValueError:
        return host
    if isinstance(address, IPv6Address):
        return address.exploded[:19]
    return host
