"""Requests that come again get the answer that was given, and nothing is done twice (RFC 6733 §3, §5.5.4)."""

from collections import OrderedDict
from dataclasses import field
from typing import Generic, TypeVar

from wire.diameter.message import Message
from wire.frozen import dataclass

WaiterT = TypeVar("WaiterT")

KEPT_SECONDS = 240.0
"""RFC 6733 §3: End-to-End Identifiers stay unique for at least four minutes."""


@dataclass(frozen=True, slots=True)
class New:
    """Nobody has asked this before: serve it, then call `answered`."""


@dataclass(frozen=True, slots=True)
class Joined:
    """It is being served: its answer will go to this one too."""


@dataclass(frozen=True, slots=True)
class Repeated:
    """It was answered: send `answer`, octets that already have the Hop-by-Hop Identifier of this request."""

    answer: bytes = field(repr=False)


@dataclass(slots=True)
class _Entry(Generic[WaiterT]):
    arrived: float
    waiters: list[tuple[WaiterT, int]] = field(default_factory=list)
    answer: bytes | None = None


_Key = tuple[str, str, int, int, int, bytes]


class DuplicateCache(Generic[WaiterT]):
    """What was asked lately and answered how; at most `limit` requests, each for `KEPT_SECONDS`.

    The key holds the peer that asked, so that no peer can fetch another's answer by writing another's Origin-Host.
    """

    def __init__(self, limit: int = 10_000) -> None:
        self._limit = limit
        self._entries: OrderedDict[_Key, _Entry[WaiterT]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._entries)

    def arrived(self, peer: str, request: Message, waiter: WaiterT, now: float) -> New | Joined | Repeated:
        """What to do with `request` of `peer`; `waiter` is where its answer goes."""
        self._expire(now)
        key = _key(peer, request)
        entry = self._entries.get(key)
        if entry is None:
            self._entries[key] = _Entry(now, [(waiter, request.hop_by_hop)])
            return New()
        if entry.answer is not None:
            return Repeated(_numbered(entry.answer, request.hop_by_hop))
        if len(entry.waiters) < _MOST_WAITERS:
            entry.waiters.append((waiter, request.hop_by_hop))
        return Joined()

    def answered(self, peer: str, request: Message, answer: bytes) -> list[tuple[WaiterT, bytes]]:
        """Everyone who waits for `answer`, a message to `request` in octets, each with the answer numbered for it."""
        entry = self._entries.get(_key(peer, request))
        if entry is None:
            return []
        entry.answer = answer
        waiters, entry.waiters = entry.waiters, []
        return [(waiter, _numbered(answer, hop_by_hop)) for waiter, hop_by_hop in waiters]

    def refused(self, peer: str, request: Message, answer: bytes) -> list[tuple[WaiterT, bytes]]:
        """As `answered`, and forgotten: what was not served for want of room is served when it comes again."""
        told = self.answered(peer, request, answer)
        self._entries.pop(_key(peer, request), None)
        return told

    def _expire(self, now: float) -> None:
        while self._entries:
            key, oldest = next(iter(self._entries.items()))
            if len(self._entries) < self._limit and oldest.arrived + KEPT_SECONDS > now:
                return
            del self._entries[key]


_MOST_WAITERS = 4


def _numbered(answer: bytes, hop_by_hop: int) -> bytes:
    """RFC 6733 §3: octets 12 to 15 of the header."""
    return answer[:12] + hop_by_hop.to_bytes(4, "big") + answer[16:]


def _key(peer: str, request: Message) -> _Key:
    session = request.first("Session-Id")
    return (
        peer,
        (request.text("Origin-Host") or "").lower(),
        request.end_to_end,
        request.application,
        request.command,
        b"" if session is None else session.data,
    )
