"""When mobile nodes are told of the home prefix unasked (RFC 6275 §10.6.2)."""

from heapq import heapify, heappop, heappush
from ipaddress import IPv6Address

from wire.frozen import dataclass
from wire.sansio import RandomBytes

MIN_MOB_PFX_ADV_INTERVAL = 600
"""Seconds at least until a mobile node is told (RFC 6275 §13)."""

PREFIX_ADV_TIMEOUT = 3.0
PREFIX_ADV_RETRIES = 3
"""Seconds before the first repetition, each later one after twice as long, and how many there are (RFC 6275 §12)."""

_SLACK = 64


@dataclass(frozen=True, slots=True)
class Delivery:
    """A mobile node is told at `due_at`; it was told `sendings` times without an answer.

    `is_unheard`: so it was at the last time, to the end.
    """

    due_at: float
    sendings: int = 0
    is_unheard: bool = False


class PrefixDelivery:
    """Which mobile node is to be told when; no more of them than there are bindings.

    `interval` is MaxMobPfxAdvInterval in seconds, 0 for never; `preferred` for how long the prefix is preferred.
    """

    def __init__(self, *, interval: int, preferred: int, random: RandomBytes) -> None:
        self._latest = min(interval, preferred)
        self._earliest = min(MIN_MOB_PFX_ADV_INTERVAL, self._latest)
        self._random = random
        self._deliveries: dict[IPv6Address, Delivery] = {}
        self._ends: list[tuple[float, IPv6Address]] = []

    @property
    def deadline(self) -> float | None:
        """When the next mobile node is told, or None."""
        while self._ends:
            due_at, home_address = self._ends[0]
            if self._is_due_at(home_address, due_at):
                return due_at
            heappop(self._ends)
        return None

    def begin(self, home_address: IPv6Address, now: float) -> None:
        """A mobile node has registered; told by chance between both intervals, so that not all are at once."""
        if self._latest:
            self._put(home_address, Delivery(now + self._delay()))

    def renewed(self, home_address: IPv6Address, now: float) -> None:
        """It has sent a Binding Update: one that did not answer hears of it again."""
        delivery = self._deliveries.get(home_address)
        if delivery is not None and delivery.is_unheard:
            self._put(home_address, Delivery(now))

    def answered(self, home_address: IPv6Address) -> None:
        """A Mobile Prefix Solicitation of its has come, and was answered: it need not be told again for long."""
        delivery = self._deliveries.get(home_address)
        if delivery is not None and delivery.sendings:
            self._put(home_address, Delivery(delivery.due_at + self._delay()))

    def end(self, home_address: IPv6Address) -> None:
        """Its binding is no more."""
        self._deliveries.pop(home_address, None)

    def due(self, now: float) -> list[IPv6Address]:
        """Who is to be told now, each of whom is told again unless it answers."""
        told = []
        while (deadline := self.deadline) is not None and deadline <= now:
            _, home_address = heappop(self._ends)
            sendings = self._deliveries[home_address].sendings + 1
            if sendings > PREFIX_ADV_RETRIES + 1:
                # The last of them had no answer either: the next time is as if it had.
                self._put(home_address, Delivery(now + self._delay(), is_unheard=True))
                continue
            self._put(home_address, Delivery(now + PREFIX_ADV_TIMEOUT * 2 ** (sendings - 1), sendings))
            told.append(home_address)
        return told

    def _delay(self) -> float:
        """RAND_ADV_DELAY."""
        span = self._latest - self._earliest
        return self._earliest + (int.from_bytes(self._random(4), "big") % span if span else 0)

    def _is_due_at(self, home_address: IPv6Address, due_at: float) -> bool:
        delivery = self._deliveries.get(home_address)
        return delivery is not None and delivery.due_at == due_at

    def _put(self, home_address: IPv6Address, delivery: Delivery) -> None:
        self._deliveries[home_address] = delivery
        heappush(self._ends, (delivery.due_at, home_address))
        if len(self._ends) > 2 * len(self._deliveries) + _SLACK:
            self._ends = [(each.due_at, address) for address, each in self._deliveries.items()]
            heapify(self._ends)
