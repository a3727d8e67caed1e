"""Requests that come again get the answer that was given, and nothing is done twice (RFC 6733 §3, §5.5.4)."""

from collections import OrderedDict
from dataclasses import field
from typing import Generic, TypeVar

from wire.diameter.layouts import FamiliarAvps
from wire.diameter.message import Message
from wire.frozen import dataclass

WaiterT = TypeVar("WaiterT")

KEPT_SECONDS = 240.0
"""RFC 6733 §3: End-to-End Identifiers stay unique for at least four minutes."""


_Key = tuple[str, tuple[bytes, int, int], int, object]


@dataclass(slots=True, eq=False)
class Asked(Generic[WaiterT]):
    """A request that nobody has asked before: serve it, then call `answered`.

    Its answer goes to `waiter`, under the number of the request itself, and to whoever has `joined`, under theirs.
    """

    key: _Key
    arrived: float
    waiter: WaiterT | None
    hop_by_hop: int
    joined: list[tuple[WaiterT, int]] | None = None
    answer: bytes | None = None


@dataclass(frozen=True, slots=True)
class Joined:
    """It is being served: its answer will go to this one too."""


@dataclass(frozen=True, slots=True)
class Repeated:
    """It was answered: send `answer`, octets that already have the Hop-by-Hop Identifier of this request."""

    answer: bytes = field(repr=False)


class DuplicateCache(Generic[WaiterT]):
    """What was asked lately and answered how; at most `limit` requests, each for `KEPT_SECONDS`.

    The key holds the peer that asked, so that no peer can fetch another's answer by writing another's Origin-Host.
    """

    def __init__(self, limit: int = 10_000) -> None:
        self._limit = max(limit, 1)
        self._kept: OrderedDict[_Key, Asked[WaiterT]] = OrderedDict()
        self._oldest = 0.0
        """No request that is kept arrived before."""

    def __len__(self) -> int:
        return len(self._kept)

    def arrived(self, peer: str, request: Message, waiter: WaiterT, now: float) -> Asked[WaiterT] | Joined | Repeated:
        """What to do with `request` of `peer`; `waiter` is where its answer goes."""
        kept = self._kept
        if self._oldest + KEPT_SECONDS <= now:
            self._expire(now)
        if len(kept) >= self._limit:
            kept.popitem(last=False)
        avps = request.avps
        if type(avps) is FamiliarAvps:
            key: _Key = peer, avps.layout.asker, request.end_to_end, avps.values[0]
        else:
            key = peer, request.asker, request.end_to_end, request.text("Session-Id")
        before = kept.get(key)
        if before is not None:
            return _asked_again(before, request.hop_by_hop, waiter)
        asked = kept[key] = Asked(key, now, waiter, request.hop_by_hop)
        return asked

    def answered(self, asked: Asked[WaiterT], answer: bytes) -> list[tuple[WaiterT, bytes]]:
        """Everyone who waits for `answer`, a message in octets, each with the answer numbered for it.

        It is numbered for the request itself already.
        """
        asked.answer = answer
        first, joined = asked.waiter, asked.joined
        # an answer is kept for longer than most connections
        asked.waiter = asked.joined = None
        told = [] if first is None else [(first, answer)]
        return told if joined is None else [*told, *[(waiter, _numbered(answer, of)) for waiter, of in joined]]

    def forget(self, asked: Asked[WaiterT]) -> None:
        """What was not served for want of room, time (3004) or a store (3002) is served when it comes again."""
        if self._kept.get(asked.key) is asked:
            del self._kept[asked.key]

    def _expire(self, now: float) -> None:
        self._oldest = now
        while self._kept:
            oldest = self._kept[next(iter(self._kept))]
            if oldest.arrived + KEPT_SECONDS > now:
                self._oldest = oldest.arrived
                return
            del self._kept[oldest.key]


_MOST_WAITERS = 4


def _numbered(answer: bytes, hop_by_hop: int) -> bytes:
    """RFC 6733 §3: octets 12 to 15 of the header."""
    return answer[:12] + hop_by_hop.to_bytes(4, "big") + answer[16:]


def _asked_again(before: Asked[WaiterT], hop_by_hop: int, waiter: WaiterT) -> Joined | Repeated:
    if before.answer is not None:
        return Repeated(_numbered(before.answer, hop_by_hop))
    joined = before.joined = before.joined or []
    if 1 + len(joined) < _MOST_WAITERS:
        joined.append((waiter, hop_by_hop))
    return Joined()
