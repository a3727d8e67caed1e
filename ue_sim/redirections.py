"""Where a UE lets itself be sent from one gateway to the next, and how often (RFC 5685 §3, §5, §6)."""

from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import IPv6Address
from typing import Generic, TypeVar

from ue_sim import discovery as dns
from wire.ikev2.redirect import GatewayIdentity
from wire.sansio import RandomBytes, Tick, is_due

WhoseT = TypeVar("WhoseT")

MOST = 5
WITHIN = 300.0
"""Redirections in so many seconds that are followed; one more is a loop."""


@dataclass(frozen=True, slots=True)
class Followed(Generic[WhoseT]):
    """The UE leaves `whose` gateway for `elsewhere`, which is `there`."""

    whose: WhoseT
    elsewhere: GatewayIdentity
    there: dns.Discovered


@dataclass(frozen=True, slots=True)
class NotFollowed(Generic[WhoseT]):
    """It does not; `cause` is one line."""

    whose: WhoseT
    cause: str


@dataclass(frozen=True, slots=True)
class _Lookup:
    elsewhere: GatewayIdentity
    version: int
    search: dns.Discovery


class Redirections(Generic[WhoseT]):
    """Those of all IKE SAs of one UE, each named by `whose` it is; `random` makes the numbers of DNS queries."""

    def __init__(self, *, random: RandomBytes) -> None:
        self._random = random
        self._followed: list[float] = []
        self._lookups: dict[WhoseT, _Lookup] = {}

    @property
    def deadline(self) -> float | None:
        """When a question to the DNS server is repeated or given up."""
        deadlines = (lookup.search.deadline for lookup in self._lookups.values())
        return min((deadline for deadline in deadlines if deadline is not None), default=None)

    def follow(
        self, whose: WhoseT, elsewhere: GatewayIdentity, here: dns.Discovered, version: int, now: float
    ) -> "Effects[WhoseT]":
        """The PDN GW `here` sends the UE, which is in a network of that IP version, `elsewhere`.

        A name is looked up, and what was looked up before for `whose` is forgotten.
        """
        self._lookups.pop(whose, None)
        address = elsewhere.gateway
        if isinstance(address, str):
            lookup = _Lookup(elsewhere, version, dns.Discovery(random=self._random))
            self._lookups[whose] = lookup
            # to a UE in an IPv4 network the home agent is the one that it had, unless the name has another
            wanted = dns.DiscoveryRequested(address, home_agent=here.ipv6 if version == 4 else None)
            yield from self._ask(whose, lookup, wanted, now)
        elif isinstance(address, IPv6Address):
            found = dns.Discovered(f"REDIRECT of {here.name}", address, None)
            yield self._judge(whose, elsewhere, found, version, now)
        else:
            found = dns.Discovered(f"REDIRECT of {here.name}", here.ipv6, address)
            yield self._judge(whose, elsewhere, found if version == 4 else None, version, now)

    def answered(self, datagram: bytes, now: float) -> "Effects[WhoseT]":
        """The DNS server has said something, to whichever question."""
        for whose, lookup in list(self._lookups.items()):
            yield from self._ask(whose, lookup, dns.AnswerArrived(datagram), now)

    def tick(self, now: float) -> "Effects[WhoseT]":
        """Do what is due."""
        for whose, lookup in list(self._lookups.items()):
            if is_due(lookup.search, now):
                yield from self._ask(whose, lookup, Tick(), now)

    def forget(self, whose: WhoseT | None = None) -> None:
        """Nothing is looked up any more, for `whose` or for anybody; what was followed counts all the same."""
        if whose is None:
            self._lookups.clear()
        else:
            self._lookups.pop(whose, None)

    def _ask(self, whose: WhoseT, lookup: _Lookup, event: dns.Event, now: float) -> "Effects[WhoseT]":
        for effect in lookup.search.handle(event, now):
            match effect:
                case dns.SendQuery():
                    yield effect
                case dns.Discovered():
                    self._lookups.pop(whose, None)
                    yield self._judge(whose, lookup.elsewhere, effect, lookup.version, now)
                case dns.DiscoveryFailed(cause):
                    self._lookups.pop(whose, None)
                    yield NotFollowed(whose, f"redirected to {lookup.elsewhere}: {cause}")

    def _judge(
        self, whose: WhoseT, elsewhere: GatewayIdentity, there: dns.Discovered | None, version: int, now: float
    ) -> Followed[WhoseT] | NotFollowed[WhoseT]:
        if there is None or there.address(version) is None:
            return NotFollowed(whose, f"redirected to {elsewhere}, which has no address of this network")
        self._followed = [at for at in self._followed if now - at < WITHIN]
        if len(self._followed) >= MOST:
            return NotFollowed(whose, f"redirected more than {MOST} times in {WITHIN:.0f} s")
        self._followed.append(now)
        return Followed(whose, elsewhere, there)


Effects = Iterator[dns.SendQuery | Followed[WhoseT] | NotFollowed[WhoseT]]
