"""The Home Agents List, for who looks for home agents (RFC 6275 §10.1, RFC 6275 §10.5.1)."""

from collections.abc import Iterable
from ipaddress import IPv6Address

from wire.frozen import dataclass
from wire.ip.ipv6 import HEADER_OCTETS, MINIMUM_MTU
from wire.sansio import RandomBytes

_REPLY_OCTETS = 8
_ADDRESS_OCTETS = 16
_MOST = (MINIMUM_MTU - HEADER_OCTETS - _REPLY_OCTETS) // _ADDRESS_OCTETS
"""Addresses that a reply has room for, where no path cuts it."""


@dataclass(frozen=True, slots=True)
class KnownAgent:
    """A home agent of the home network; of the higher `preference`, 0 to 65535, the better (RFC 6275 §7.4)."""

    address: IPv6Address
    preference: int = 0


class HomeAgents:
    """The home agent itself and all that it is told of; `random` decides between equals."""

    def __init__(self, agents: Iterable[KnownAgent], *, random: RandomBytes) -> None:
        self._agents = tuple({agent.address: agent for agent in agents}.values())
        self._random = random

    def listed(self) -> tuple[IPv6Address, ...]:
        """Who is to be tried, in that order: the preferred first, equals by lot each time (RFC 6275 §10.5.1)."""
        drawn = [(-agent.preference, self._random(4), agent.address) for agent in self._agents]
        return tuple(address for _, _, address in sorted(drawn)[:_MOST])
