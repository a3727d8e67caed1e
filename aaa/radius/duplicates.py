"""Duplicate detection: a retransmitted request gets the answer it had, never a second treatment (RFC 5080 §2.2.2)."""

from collections import OrderedDict
from typing import NamedTuple

from wire.frozen import dataclass
from wire.radius.packet import RadiusPacket

Source = tuple[str, int]


Slot = tuple[Source, int, int]
"""Source, Identifier and Code: a client has one request at a time in each."""


class RequestKey(NamedTuple):
    """What makes two datagrams the same request; another Authenticator means that the client gave the older one up."""

    slot: Slot
    authenticator: bytes

    @classmethod
    def of(cls, packet: RadiusPacket, source: Source) -> "RequestKey":
        """The key of `packet` from `source`."""
        return cls((source, packet.identifier, packet.code), packet.authenticator)

    @property
    def source(self) -> Source:
        """Whence it came."""
        return self.slot[0]


@dataclass(frozen=True, slots=True)
class InProgress:
    """Seen already, and not answered yet."""


@dataclass(frozen=True, slots=True)
class Answered:
    """Seen and settled: `octets` is the answer, None where the answer was silence."""

    octets: bytes | None


_IN_PROGRESS = InProgress()


_Entry = tuple[RequestKey, float, bytes | None]
"""Whose answer, since when, and which octets."""


class DuplicateCache:
    """Requests in progress, whose number its user limits, and at most `size` that were answered.

    An answer is kept for `age` seconds (5 to 30 by RFC 5080 §2.2.2), counted from the last request before it. What is
    in progress stays, however old it is: its duplicates are to be discarded.
    """

    def __init__(self, *, size: int = 65536, age: float = 30.0) -> None:
        self._size = size
        self._age = age
        self._waiting: dict[Slot, RequestKey] = {}
        # An OrderedDict, because a dict that loses its first items again and again searches ever longer for the next.
        self._entries: OrderedDict[Slot, _Entry] = OrderedDict()
        self._now = 0.0
        """When a request came last."""
        self._purge_at = 0.0
        """Until then no entry is too old."""

    def __len__(self) -> int:
        return len(self._waiting) + len(self._entries)

    def outcome(self, key: RequestKey, now: float) -> InProgress | Answered | None:
        """What became of this very request, None when it is new."""
        self._now = now
        if now >= self._purge_at:
            self._purge(now)
        slot = key.slot
        if self._waiting.get(slot) == key:
            return _IN_PROGRESS
        entry = self._entries.get(slot)
        return Answered(entry[2]) if entry is not None and entry[0] == key else None

    def begin(self, key: RequestKey, now: float) -> None:
        """Remember a new request as in progress; an older one of its slot makes room."""
        self._now = now
        self._entries.pop(key.slot, None)
        self._waiting[key.slot] = key

    def settle(self, key: RequestKey, octets: bytes | None) -> bool:
        """Keep the answer; False when the client has given this request up, so that nobody wants it."""
        slot, waiting, entries = key.slot, self._waiting, self._entries
        if waiting.get(slot) != key:
            return False
        del waiting[slot]
        while len(entries) >= self._size:
            entries.popitem(last=False)
        entries[slot] = key, self._now, octets
        return True

    def forget(self, key: RequestKey) -> None:
        """Treat the next copy of this request as new."""
        if self._waiting.get(key.slot) == key:
            del self._waiting[key.slot]
        elif key.slot in self._entries and self._entries[key.slot][0] == key:
            del self._entries[key.slot]

    def _purge(self, now: float) -> None:
        # Entries stand in the order of their answers, so the first young one ends the search.
        entries, age = self._entries, self._age
        self._purge_at = now + age
        while entries:
            _, since, _ = next(iter(entries.values()))
            if now - since < age:
                self._purge_at = since + age
                return
            entries.popitem(last=False)
