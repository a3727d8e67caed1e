"""The Home Agents List, for who looks for home agents (RFC 6275 §10.1, RFC 6275 §10.5.1)."""

from collections.abc import Iterable
from ipaddress import IPv6Address

from wire.errors import DecodeError
from wire.frozen import dataclass
from wire.ip.ipv6 import HEADER_OCTETS, MINIMUM_MTU
from wire.mip6.router_advertisement import AdvertisedAgent, parse_agent
from wire.sansio import RandomBytes

_REPLY_OCTETS = 8
_ADDRESS_OCTETS = 16
_MOST = (MINIMUM_MTU - HEADER_OCTETS - _REPLY_OCTETS) // _ADDRESS_OCTETS
"""Addresses that a reply has room for, where no path cuts it."""

MOST_HEARD = 32
"""Routers whose word is kept; whoever is on the home link can send it."""


@dataclass(frozen=True, slots=True)
class KnownAgent:
    """A home agent of the home network; of the higher `preference`, 0 to 65535, the better (RFC 6275 §7.4)."""

    address: IPv6Address
    preference: int = 0


@dataclass(frozen=True, slots=True)
class _Heard:
    """What a router has said of itself, good until `until`."""

    agent: AdvertisedAgent
    until: float


class HomeAgents:
    """The home agent itself, all that it is told of, and who is heard on the home link.

    What is told counts more than what is heard; `random` decides between equals.
    """

    def __init__(self, agents: Iterable[KnownAgent], *, random: RandomBytes) -> None:
        self._told = {agent.address: agent.preference for agent in agents}
        self._heard: dict[IPv6Address, _Heard] = {}
        self._random = random

    @property
    def deadline(self) -> float | None:
        """When the next of those that were heard is to be forgotten."""
        return min((heard.until for heard in self._heard.values()), default=None)

    def hear(self, octets: bytes, now: float) -> None:
        """A packet of the home link, where home agents say what they are; any other says nothing (RFC 6275 §10.5.1)."""
        try:
            agent = parse_agent(octets)
        except DecodeError:
            return
        if agent is None:
            return
        if not agent.lifetime:
            self._heard.pop(agent.router, None)
        elif agent.router in self._heard or len(self._heard) < MOST_HEARD:
            self._heard[agent.router] = _Heard(agent, now + agent.lifetime)

    def forget(self, now: float) -> None:
        """Those whose lifetime is over are home agents no more."""
        self._heard = {router: heard for router, heard in self._heard.items() if now < heard.until}

    def listed(self) -> tuple[IPv6Address, ...]:
        """Who is to be tried, in that order: the preferred first, equals by lot each time (RFC 6275 §10.5.1)."""
        heard = {address: each.agent.preference for each in self._heard.values() for address in each.agent.addresses}
        drawn = [(-preference, self._random(4), address) for address, preference in (heard | self._told).items()]
        return tuple(address for _, _, address in sorted(drawn)[:_MOST])
