"""Requests that come again get the answer that was given, and nothing is done twice (RFC 6733 §3, §5.5.4)."""

from collections import OrderedDict
from dataclasses import field
from typing import Generic, TypeVar

from wire.diameter.dictionary import key_of
from wire.diameter.message import Message
from wire.frozen import dataclass

WaiterT = TypeVar("WaiterT")

KEPT_SECONDS = 240.0
"""RFC 6733 §3: End-to-End Identifiers stay unique for at least four minutes."""


_Key = tuple[str, bytes, int, int, int, bytes]


@dataclass(slots=True, eq=False)
class Asked(Generic[WaiterT]):
    """A request that is being served or was answered; `waiters` are where its answer goes, and under which number."""

    key: _Key
    arrived: float
    waiters: list[tuple[WaiterT, int]]
    answer: bytes | None = None


@dataclass(frozen=True, slots=True)
class New(Generic[WaiterT]):
    """Nobody has asked this before: serve it, then call `answered`."""

    asked: Asked[WaiterT]


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
        self._limit = limit
        self._kept: OrderedDict[_Key, Asked[WaiterT]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._kept)

    def arrived(self, peer: str, request: Message, waiter: WaiterT, now: float) -> New[WaiterT] | Joined | Repeated:
        """What to do with `request` of `peer`; `waiter` is where its answer goes."""
        self._expire(now)
        key = _key(peer, request)
        kept = self._kept.get(key)
        if kept is None:
            asked = self._kept[key] = Asked(key, now, [(waiter, request.hop_by_hop)])
            return New(asked)
        if kept.answer is not None:
            return Repeated(_numbered(kept.answer, request.hop_by_hop))
        if len(kept.waiters) < _MOST_WAITERS:
            kept.waiters.append((waiter, request.hop_by_hop))
        return Joined()

    def answered(self, asked: Asked[WaiterT], answer: bytes) -> list[tuple[WaiterT, bytes]]:
        """Everyone who waits for `answer`, a message in octets, each with the answer numbered for it."""
        asked.answer = answer
        told = [(waiter, _numbered(answer, hop_by_hop)) for waiter, hop_by_hop in asked.waiters]
        asked.waiters.clear()
        return told

    def forget(self, asked: Asked[WaiterT]) -> None:
        """What was not served for want of room or time (3004) is served when it comes again."""
        if self._kept.get(asked.key) is asked:
            del self._kept[asked.key]

    def _expire(self, now: float) -> None:
        while self._kept:
            oldest = self._kept[next(iter(self._kept))]
            if len(self._kept) < self._limit and oldest.arrived + KEPT_SECONDS > now:
                return
            del self._kept[oldest.key]


_MOST_WAITERS = 4
_SESSION_ID, _ORIGIN_HOST = key_of("Session-Id"), key_of("Origin-Host")


def _numbered(answer: bytes, hop_by_hop: int) -> bytes:
    """RFC 6733 §3: octets 12 to 15 of the header."""
    return answer[:12] + hop_by_hop.to_bytes(4, "big") + answer[16:]


def _key(peer: str, request: Message) -> _Key:
    firsts = request.firsts
    session, origin = firsts.get(_SESSION_ID), firsts.get(_ORIGIN_HOST)
    return (
        peer,
        b"" if origin is None else origin.data.lower(),
        request.end_to_end,
        request.application,
        request.command,
        b"" if session is None else session.data,
    )
