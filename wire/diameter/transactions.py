"""Identifiers, and which answer belongs to which request (RFC 6733 §3, §6.2.1)."""

from typing import Generic, TypeVar

from wire.diameter.message import Message
from wire.frozen import dataclass
from wire.sansio import RandomBytes

TokenT = TypeVar("TokenT")

_CYCLE = 1 << 32


class Identifiers:
    """Hop-by-Hop and End-to-End Identifiers for the requests of one process.

    RFC 6733 §3: an End-to-End Identifier is the Origin-Host's own for four minutes, over restarts as well. Several
    processes have one Origin-Host and begin in one second, so all 32 bits are random: of 12 bits of the time and 20
    random ones, two processes with 500 requests a second would have the same ones in every fifth case.
    """

    def __init__(self, random: RandomBytes) -> None:
        self._hop_by_hop = int.from_bytes(random(4), "big")
        self._end_to_end = int.from_bytes(random(4), "big")

    def number(self, request: Message) -> Message:
        """`request` with identifiers that no other has."""
        self._hop_by_hop = (self._hop_by_hop + 1) % _CYCLE
        self._end_to_end = (self._end_to_end + 1) % _CYCLE
        return request.numbered(hop_by_hop=self._hop_by_hop, end_to_end=self._end_to_end)

    def renumber(self, request: Message) -> Message:
        """`request` for another connection: its End-to-End Identifier stays (RFC 6733 §5.5.4)."""
        self._hop_by_hop = (self._hop_by_hop + 1) % _CYCLE
        return request.numbered(hop_by_hop=self._hop_by_hop, end_to_end=request.end_to_end)


@dataclass(frozen=True, slots=True)
class _Pending(Generic[TokenT]):
    request: Message
    token: TokenT
    until: float


class Transactions(Generic[TokenT]):
    """The requests that wait for an answer on one connection; at most `limit` of them."""

    def __init__(self, limit: int = 1024) -> None:
        self._limit = limit
        self._pending: dict[int, _Pending[TokenT]] = {}

    def __len__(self) -> int:
        return len(self._pending)

    @property
    def full(self) -> bool:
        """Whether no more requests may be sent before one is answered or expires."""
        return len(self._pending) >= self._limit

    def sent(self, request: Message, token: TokenT, until: float) -> None:
        """Wait for the answer to `request` until then; `token` is what the caller wants back."""
        self._pending[request.hop_by_hop] = _Pending(request, token, until)

    def answered(self, answer: Message) -> TokenT | None:
        """Whose answer this is; None for one that nobody waits for, which is to be discarded (RFC 6733 §6.2.1)."""
        waiting = self._pending.get(answer.hop_by_hop)
        if waiting is None or answer.is_request or _differs(waiting.request, answer):
            return None
        del self._pending[answer.hop_by_hop]
        return waiting.token

    def expired(self, now: float) -> list[TokenT]:
        """Those whose time is over; they are forgotten."""
        over = [key for key, waiting in self._pending.items() if waiting.until <= now]
        return [self._pending.pop(key).token for key in over]

    def unanswered(self) -> list[tuple[Message, TokenT, float]]:
        """Every request with its token and its deadline, to be sent again elsewhere; they are forgotten here."""
        waiting = [(each.request, each.token, each.until) for each in self._pending.values()]
        self._pending.clear()
        return waiting

    def abandon(self) -> list[TokenT]:
        """All of them, because nobody will answer."""
        tokens = [waiting.token for waiting in self._pending.values()]
        self._pending.clear()
        return tokens

    @property
    def deadline(self) -> float | None:
        """When the first of them expires."""
        return min((waiting.until for waiting in self._pending.values()), default=None)


def _differs(request: Message, answer: Message) -> bool:
    return request.end_to_end != answer.end_to_end or request.command != answer.command
