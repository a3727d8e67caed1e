"""What each peer may ask: applications, realms, IMSIs, and how many vectors in a minute."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum

from runtime.token_bucket import TokenBucket
from wire.diameter.results import ResultCode


class Cause(Enum):
    """Why a request is refused; the value is how a metric calls it."""

    APPLICATION = "application"
    REALM = "realm"
    IMSI = "imsi"
    RATE = "rate"


RESULTS = {
    Cause.APPLICATION: ResultCode.AUTHORIZATION_REJECTED,
    Cause.REALM: ResultCode.AUTHORIZATION_REJECTED,
    Cause.IMSI: ResultCode.AUTHORIZATION_REJECTED,
    Cause.RATE: ResultCode.TOO_BUSY,
}
"""What the peer is told (RFC 6733 §7.1)."""


@dataclass(frozen=True, slots=True)
class PeerRule:
    """What the peer `name` may ask; what is empty, or 0, has no limit. `realms` are in lower case."""

    name: str
    applications: frozenset[int]
    realms: frozenset[str] = frozenset()
    imsi_prefixes: tuple[str, ...] = ()
    vectors_per_minute: int = 0


@dataclass(frozen=True, slots=True)
class Asked:
    """A request as a policy sees it: its application, the realms it names, for whom it is and how many vectors
    it may bring."""

    application: int
    realms: frozenset[str]
    imsi: str | None
    vectors: int


@dataclass(frozen=True, slots=True)
class Violation:
    """A request that is refused; `reason` is one line for the operator."""

    cause: Cause
    reason: str


class PeerPolicies:
    """Judges requests by the rules of their peers; it keeps the time only by what it is told."""

    def __init__(self, rules: Iterable[PeerRule]) -> None:
        self._rules = {rule.name: rule for rule in rules}
        self._buckets = {
            rule.name: TokenBucket(rule.vectors_per_minute / 60, rule.vectors_per_minute)
            for rule in self._rules.values()
            if rule.vectors_per_minute
        }

    def limits(self, peer: str) -> bool:
        """Whether the rule of `peer` says more than the exchange of capabilities has said already."""
        rule = self._rules[peer]
        return bool(rule.realms or rule.imsi_prefixes or rule.vectors_per_minute)

    def judge(self, peer: str, asked: Asked, now: float) -> Violation | None:
        """Why `peer` may not ask that at `now`, in seconds of a clock that only rises; None when it may."""
        rule = self._rules[peer]
        if asked.application not in rule.applications:
            return Violation(Cause.APPLICATION, f"{peer} may not ask for application {asked.application}")
        foreign = min(asked.realms - rule.realms, default=None) if rule.realms else None
        if foreign is not None:
            return Violation(Cause.REALM, f"{foreign!r} is none of the realms of {peer}")
        if rule.imsi_prefixes and not (asked.imsi or "").startswith(rule.imsi_prefixes):
            return Violation(Cause.IMSI, f"the IMSI has none of the imsi_prefixes of {peer}")
        bucket = self._buckets.get(peer)
        # more at once than in a minute would never be had
        if bucket is not None and not bucket.take(now, min(asked.vectors, bucket.most)):
            return Violation(Cause.RATE, f"{peer} has had its {rule.vectors_per_minute} vectors of this minute")
        return None
