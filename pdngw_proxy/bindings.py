"""The binding cache, bounded, with the time at which each entry is due (RFC 6275 §9.1)."""

from heapq import heapify, heappop, heappush
from ipaddress import IPv6Address

from pdngw_proxy.mobility import Binding, MobilityArrived
from wire.frozen import dataclass
from wire.mip6.binding_update import BindingUpdate

MAX_DELETE_BCE_TIMEOUT = 10.0
"""Seconds for which a deleted entry's sequence number is kept against a late update (RFC 6275 §10.3.2)."""

_SLACK = 64


@dataclass(frozen=True, slots=True)
class Unbound:
    """Nothing is known of the Home Address: any sequence number will do (RFC 6275 §9.5.1)."""


@dataclass(frozen=True, slots=True)
class Registered:
    """A home registration; at `ask_at` the mobile node is asked to renew it, None when it was asked already."""

    binding: Binding
    ask_at: float | None = None

    @property
    def sequence(self) -> int:
        """The last valid sequence number."""
        return self.binding.sequence

    @property
    def due_at(self) -> float:
        """When the mobile node is asked, or else the entry is removed."""
        return self.binding.expires_at if self.ask_at is None else self.ask_at


@dataclass(frozen=True, slots=True)
class Pending:
    """A first registration that waits until nobody on the home link has its Home Address (RFC 6275 §10.3.1)."""

    arrived: MobilityArrived
    update: BindingUpdate

    @property
    def sequence(self) -> int:
        """The last valid sequence number."""
        return self.update.sequence


@dataclass(frozen=True, slots=True, kw_only=True)
class Revoking:
    """A binding that was taken back; it waits for the mobile node's Binding Revocation Acknowledgement.

    `indication` is the sequence number of ours, sent `sendings` times; at `due_at` it is sent again or given up.
    """

    binding: Binding
    trigger: int
    cause: str
    indication: int
    sendings: int
    due_at: float

    @property
    def sequence(self) -> int:
        """The last valid sequence number."""
        return self.binding.sequence


@dataclass(frozen=True, slots=True)
class Lingering:
    """A de-registered entry that still refuses older updates, until `due_at`."""

    sequence: int
    due_at: float


Ageing = Registered | Revoking | Lingering
Held = Ageing | Pending
Entry = Unbound | Held


class BindingCache:
    """Entries by Home Address, never more than `capacity`, those that linger counted in."""

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._entries: dict[IPv6Address, Held] = {}
        self._ends: list[tuple[float, IPv6Address]] = []

    def __len__(self) -> int:
        return len(self._entries)

    @property
    def is_full(self) -> bool:
        """Whether there is no room for another Home Address."""
        return len(self._entries) >= self._capacity

    @property
    def deadline(self) -> float | None:
        """When the next entry is due, or None."""
        self._forget_moved()
        return self._ends[0][0] if self._ends else None

    def entry(self, home_address: IPv6Address) -> Entry:
        """What is known of a Home Address."""
        return self._entries.get(home_address, Unbound())

    def binding(self, home_address: IPv6Address) -> Binding | None:
        """The binding of a Home Address, or None."""
        entry = self._entries.get(home_address)
        return entry.binding if isinstance(entry, Registered) else None

    def put(self, home_address: IPv6Address, entry: Entry) -> None:
        """Replace what is known of a Home Address."""
        if isinstance(entry, Unbound):
            self._entries.pop(home_address, None)
            return
        before = self._due_at(home_address)
        self._entries[home_address] = entry
        if isinstance(entry, Ageing) and before != entry.due_at:
            heappush(self._ends, (entry.due_at, home_address))
        if len(self._ends) > 2 * len(self._entries) + _SLACK:
            # a mobile node that renews all the time must not make it grow
            ageing = ((address, entry) for address, entry in self._entries.items() if isinstance(entry, Ageing))
            self._ends = [(entry.due_at, address) for address, entry in ageing]
            heapify(self._ends)

    def due(self, now: float) -> list[tuple[IPv6Address, Ageing]]:
        """The entries whose time has come, the oldest first; they stay until they are replaced."""
        over = []
        while self._ends and self._ends[0][0] <= now:
            due_at, home_address = heappop(self._ends)
            entry = self._entries.get(home_address)
            if isinstance(entry, Ageing) and entry.due_at == due_at:
                over.append((home_address, entry))
        return over

    def _due_at(self, home_address: IPv6Address) -> float | None:
        entry = self._entries.get(home_address)
        return entry.due_at if isinstance(entry, Ageing) else None

    def _forget_moved(self) -> None:
        """Drop the heap's front while the entry it was for is gone or ends at another time."""
        while self._ends:
            due_at, home_address = self._ends[0]
            if self._due_at(home_address) == due_at:
                return
            heappop(self._ends)
