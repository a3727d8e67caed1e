"""What one RADIUS client may ask, and how fast; neither clock nor socket."""

from dataclasses import dataclass, field
from typing import Literal

from runtime.token_bucket import TokenBucket
from wire.radius.packet import RadiusPacket

Service = Literal["auth", "acct"]


@dataclass(frozen=True, slots=True)
class ClientPolicy:
    """`realms` and `requests_per_second` limit nothing when they are empty and 0.

    `require_message_authenticator` is for Access-Requests, with EAP and without (CVE-2024-3596). With
    `reauthenticates` its users authenticate anew when Session-Timeout is over, and are not sent away (RFC 3580 §3.17).
    """

    services: frozenset[Service] = frozenset({"auth", "acct"})
    require_message_authenticator: bool = True
    realms: frozenset[str] = frozenset()
    requests_per_second: int = 0
    reauthenticates: bool = False
    limits_access: bool = field(init=False, compare=False)
    """Whether it refuses any Access-Request that has EAP and a Message-Authenticator."""

    def __post_init__(self) -> None:
        limits = bool(self.realms or self.requests_per_second or "auth" not in self.services)
        object.__setattr__(self, "limits_access", limits)

    def serves_realm(self, packet: RadiusPacket) -> bool:
        """Whether the realm of User-Name is one of its own; a name without any realm is everybody's."""
        if not self.realms:
            return True
        realm = realm_of(packet)
        return realm is None or realm in self.realms


def realm_of(packet: RadiusPacket) -> str | None:
    """The realm of User-Name in lower case (RFC 7542 §2.2), None without one."""
    names = packet.values("User-Name")
    _, at, realm = names[0].decode(errors="replace").rpartition("@") if names else ("", "", "")
    return realm.lower() if at and realm else None


@dataclass(slots=True)
class RateLimits:
    """A token bucket for each client by name; a client may send two seconds' worth at once."""

    _buckets: dict[str, TokenBucket] = field(default_factory=dict)

    def allow(self, name: str, policy: ClientPolicy, now: float) -> bool:
        """Whether one more request of the client is within its rate."""
        rate = policy.requests_per_second
        if not rate:
            return True
        bucket = self._buckets.get(name)
        if bucket is None:
            bucket = self._buckets[name] = TokenBucket(rate, 2.0 * rate)
        return bucket.take(now)
