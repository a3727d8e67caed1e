"""All that an IKE SA that is up has to remember: its SAs, what is under way, what waits (RFC 7296 §2.3, §2.8)."""

from collections import deque
from dataclasses import dataclass, field

from wire.ikev2.child import ChildSa
from wire.ikev2.constants import ExchangeType
from wire.ikev2.exchanges import Exchanges, Request
from wire.ikev2.message import Payload
from wire.ikev2.nat import Endpoint
from wire.ikev2.spis import ESP_SPI_OCTETS
from wire.ikev2.upkeep.states import (
    TRANSITIONS,
    Answer,
    Ask,
    ChildGone,
    ChildReady,
    DeleteChildren,
    Denied,
    IkeSa,
    Leave,
    Leaving,
    MakeChild,
    Order,
    Quiet,
    RekeyChild,
    RekeyIke,
    State,
    Terms,
    UpkeepEffect,
)
from wire.sansio import check_transition

QUEUE_LIMIT = 16
"""Orders that may wait for the window."""

_SOONEST, _SPREAD = 0.8, 0.1
"""An SA is rekeyed when this share of its life is over, and so much more by chance, so that ends do not meet."""

Effects = list[UpkeepEffect]


@dataclass(slots=True)
class Retired:
    """An IKE SA that was replaced, until its Delete was answered and its duplicates are past, or `until`."""

    exchanges: Exchanges
    until: float


@dataclass(slots=True)
class Life:
    """When an SA is to be rekeyed, and when it has to be gone; None is never. `replaced`: the peer has rekeyed it."""

    rekey: float | None
    end: float | None
    replaced: bool = False


@dataclass(slots=True)
class Book:
    """One IKE SA at one end. `heard` is when the peer last spoke; `lives` has Child SAs by inbound SPI.

    `place` is where this end and the peer are, as far as this end may move; `mapping` how the peer sees us there.
    `hinted` is when somebody last said that it is not there any more.
    """

    terms: Terms
    sa: IkeSa
    heard: float
    life: Life
    children: dict[int, ChildSa] = field(default_factory=dict)
    lives: dict[int, Life] = field(default_factory=dict)
    state: State = field(default_factory=Quiet)
    queue: deque[Order] = field(default_factory=deque)
    later: list[tuple[float, Order]] = field(default_factory=list)
    retired: list[Retired] = field(default_factory=list)
    place: tuple[Endpoint, Endpoint] | None = None
    mapping: bytes | None = None
    hinted: float = float("-inf")

    @property
    def leaving(self) -> str | None:
        """Why this end leaves, or will when the window is free; None when it stays."""
        waiting = (self.state, *self.queue)
        return next((one.cause for one in waiting if isinstance(one, Leaving | Leave)), None)

    def become(self, event: object, following: State) -> None:
        """Move along the table."""
        check_transition(TRANSITIONS, self.state, event, following)
        self.state = following

    def request(self, kind: ExchangeType, payloads: tuple[Payload, ...], now: float) -> Effects:
        """A new request on the IKE SA in use."""
        return [self.sa.exchanges.request(kind, payloads, now)]

    def enqueue(self, order: Order, *, first: bool = False) -> bool:
        """Let `order` wait for the window; False when too many do. Only a new Child SA is asked for twice."""
        if isinstance(order, Leave):
            self.queue.clear()
        elif order in self.queue and not isinstance(order, MakeChild):
            return True
        elif len(self.queue) >= QUEUE_LIMIT:
            return False
        (self.queue.appendleft if first else self.queue.append)(order)
        return True

    def put_off(self, order: Order, now: float) -> None:
        """The same again in a while (RFC 7296 §2.25)."""
        if all(order != waiting for _, waiting in self.later):
            self.later.append((now + self.terms.lifetimes.retry, order))

    def install(self, child: ChildSa, now: float, *, replaces: int | None = None) -> Effects:
        """A Child SA begins to live."""
        self.children[child.spi_in] = child
        self.lives[child.spi_in] = self.born(self.terms.lifetimes.child, now)
        return [ChildReady(child, replaces)]

    def drop(self, spi_in: int) -> Effects:
        """A Child SA is gone, if it was there."""
        self.lives.pop(spi_in, None)
        return [ChildGone(spi_in)] if self.children.pop(spi_in, None) else []

    def drop_all(self) -> Effects:
        """Every Child SA is gone."""
        return [effect for spi_in in list(self.children) for effect in self.drop(spi_in)]

    def of_peer(self, spi: bytes) -> ChildSa | None:
        """The Child SA that the peer calls `spi`, its own inbound SPI."""
        number = int.from_bytes(spi, "big") if len(spi) == ESP_SPI_OCTETS else None
        return next((child for child in self.children.values() if child.spi_out == number), None)

    def born(self, lifetime: float | None, now: float) -> Life:
        """The life of an SA that begins now."""
        if lifetime is None:
            return Life(None, None)
        share = _SOONEST + _SPREAD * self.terms.random(1)[0] / 255
        return Life(now + lifetime * share, now + lifetime)

    def retire(self, exchanges: Exchanges, now: float) -> None:
        """An IKE SA was replaced; what is still said on it is answered for a while."""
        self.retired.append(Retired(exchanges, now + self.terms.linger))

    def due(self, now: float) -> list[Order]:
        """What the clock wants done now; each is told once."""
        ripe = [order for at, order in self.later if at <= now]
        self.later = [(at, order) for at, order in self.later if at > now]
        for spi_in, life in self.lives.items():
            if life.end is not None and life.end <= now:
                life.rekey = life.end = None
                ripe.append(DeleteChildren((spi_in,)))
            elif life.rekey is not None and life.rekey <= now:
                life.rekey = None
                ripe.append(RekeyChild(spi_in))
        return [*ripe, *self._due_of_ike(now)]

    def _due_of_ike(self, now: float) -> list[Order]:
        if self.life.end is not None and self.life.end <= now:
            self.life = Life(None, None)
            return [Leave("the IKE SA has lived its time and could not be rekeyed")]
        if self.life.rekey is not None and self.life.rekey <= now:
            self.life.rekey = None
            return [RekeyIke()]
        if isinstance(self.state, Quiet) and self.heard + self.terms.liveness_interval <= now:
            return [Ask()]
        return []

    @property
    def deadline(self) -> float | None:
        """When `due` has something, or an IKE SA something to repeat."""
        times = [at for at, _ in self.later]
        times += [at for life in (self.life, *self.lives.values()) for at in (life.rekey, life.end) if at is not None]
        times += [old.until for old in self.retired if not old.exchanges.busy]
        exchanges = [self.sa.exchanges, *(old.exchanges for old in self.retired)]
        times += [one.deadline for one in exchanges if one.deadline is not None]
        if isinstance(self.state, Quiet):
            times.append(self.heard + self.terms.liveness_interval)
        return min(times, default=None)


def answer(exchanges: Exchanges, request: Request, *payloads: Payload) -> Effects:
    """The answer to a request, on the IKE SA that it came on."""
    return [Answer(exchanges.reply(request, payloads))]


def deny(book: Book, request: Request, payload: Payload, cause: str) -> Effects:
    """An error for an answer, and a line about it."""
    return [*answer(book.sa.exchanges, request, payload), Denied(cause)]
