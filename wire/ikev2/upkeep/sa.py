"""An IKE SA after it is up: both ends keep it, rekey it and end it by the same rules (RFC 7296 §1.3, §1.4, §2.25)."""

from dataclasses import replace
from typing import assert_never

from wire.errors import DecodeError
from wire.ikev2.child import ChildSa
from wire.ikev2.constants import ExchangeType, NotifyType, ProtocolId
from wire.ikev2.exchanges import Duplicate, GaveUp, Ignored, Received, Reply, Request, Transmit, Waiting
from wire.ikev2.message import Message, UnsupportedCriticalPayload
from wire.ikev2.nat import Endpoint
from wire.ikev2.payloads.delete import Delete
from wire.ikev2.payloads.notify import Notify
from wire.ikev2.payloads.sa import SecurityAssociation
from wire.ikev2.spis import ESP_SPI_OCTETS
from wire.ikev2.upkeep import children, moving, renewal
from wire.ikev2.upkeep.book import Book, Effects, Life, Retired, answer, deny
from wire.ikev2.upkeep.states import (
    Answer,
    Ask,
    Asking,
    ChildRetired,
    DeleteChildren,
    Deleting,
    Finished,
    Genuine,
    IkeSa,
    Leave,
    Leaving,
    MakeChild,
    MakingChild,
    MessageArrived,
    Move,
    Moving,
    NoChild,
    Notified,
    Order,
    Over,
    Passed,
    Quiet,
    RekeyChild,
    RekeyIke,
    RekeyingChild,
    RekeyingIke,
    State,
    Tell,
    Terms,
    UpkeepEvent,
)
from wire.sansio import Tick

_INFORMATIONAL = ExchangeType.INFORMATIONAL
_FOR_THE_OWNER = frozenset({NotifyType.REDIRECT, NotifyType.AUTH_LIFETIME})
_HINT_INTERVAL = 10.0
"""Seconds between two questions that strangers may provoke."""


class Upkeep:
    """One IKE SA at one end, with its Child SAs, through all its rekeyings until Over.

    Events and effects are those of wire.ikev2.upkeep.states. A Transmit goes to where the peer is; an Answer to where
    the message came from that it answers. `place` is where this end and the peer are.
    """

    def __init__(
        self,
        *,
        terms: Terms,
        sa: IkeSa,
        children: tuple[ChildSa, ...],
        now: float,
        place: tuple[Endpoint, Endpoint] | None = None,
    ) -> None:
        self._book = Book(terms=terms, sa=sa, heard=now, life=Life(None, None), place=place)
        self._book.life = self._book.born(terms.lifetimes.ike, now)
        for child in children:
            self._book.install(child, now)

    @property
    def state(self) -> State:
        """What is under way."""
        return self._book.state

    @property
    def sa(self) -> IkeSa:
        """The IKE SA in use."""
        return self._book.sa

    @property
    def children(self) -> tuple[ChildSa, ...]:
        """The Child SAs that there are, the oldest first."""
        return tuple(self._book.children.values())

    @property
    def own_spis(self) -> frozenset[bytes]:
        """Our SPIs by which messages may come, of 8 octets each; those of IKE SAs that were replaced too."""
        book = self._book
        rival = book.state.rival if isinstance(book.state, RekeyingIke) else None
        every = [book.sa.exchanges, *(old.exchanges for old in book.retired), *([rival.sa.exchanges] if rival else [])]
        return frozenset(one.own_spi for one in every)

    @property
    def deadline(self) -> float | None:
        """When it next wants a Tick."""
        return None if isinstance(self._book.state, Finished) else self._book.deadline

    def handle(self, event: UpkeepEvent, now: float) -> Effects:
        """Take one event; after Over messages of the peer are answered, and nothing else."""
        if isinstance(self._book.state, Finished):
            return self._receive_late(event, now) if isinstance(event, MessageArrived) else []
        match event:
            case MessageArrived():
                effects = self._receive(event, now)
            case Tick():
                effects = self._tick(event, now)
            case _:
                effects = self._order(event)
        return [*effects, *self._advance(now)]

    # Orders

    def _order(self, order: Order) -> Effects:
        if isinstance(self._book.state, Leaving) or self._book.enqueue(order):
            return []
        return [NoChild(f"{len(self._book.queue)} requests are waiting already")]

    def _advance(self, now: float) -> Effects:
        """Begin what waits, as far as the window allows (RFC 7296 §2.3)."""
        effects: Effects = []
        book = self._book
        while book.queue and isinstance(book.state, Quiet):
            effects += self._begin(book.queue.popleft(), now)
        return effects

    def _begin(self, order: Order, now: float) -> Effects:
        book = self._book
        match order:
            case MakeChild():
                return children.make(book, order, now)
            case RekeyChild():
                return children.rekey(book, order, now)
            case RekeyIke():
                return renewal.rekey(book, order, now)
            case DeleteChildren(spis_in):
                return self._delete_children(order, spis_in, now)
            case Ask():
                return moving.probe(book, order, now)
            case Tell():
                return moving.tell(book, order, now)
            case Move():
                return moving.move(book, order, now)
            case Leave(cause):
                book.become(order, Leaving(cause))
                return book.request(_INFORMATIONAL, (Delete(ProtocolId.IKE),), now)
            case _:
                assert_never(order)

    def _delete_children(self, order: DeleteChildren, spis_in: tuple[int, ...], now: float) -> Effects:
        book = self._book
        alive = tuple(spi_in for spi_in in spis_in if spi_in in book.children)
        if not alive:
            return []
        book.become(order, Deleting(frozenset(alive)))
        named = tuple(spi_in.to_bytes(ESP_SPI_OCTETS, "big") for spi_in in alive)
        sent = book.request(_INFORMATIONAL, (Delete(ProtocolId.ESP, named, ESP_SPI_OCTETS),), now)
        return [*(ChildRetired(spi_in) for spi_in in alive), *sent]

    # The clock

    def _tick(self, event: Tick, now: float) -> Effects:
        book = self._book
        effects: Effects = []
        for old in list(book.retired):
            effects += self._tick_old(old, now)
        again = book.sa.exchanges.tick(now)
        if isinstance(again, GaveUp):
            cause = f"waited {again.seconds:.0f} s in vain for {again.waiting_for}"
            return [*effects, *self._over(event, book.leaving or cause)]
        effects += [again] if again else []
        for order in book.due(now):
            book.enqueue(order)
        return effects

    def _tick_old(self, old: Retired, now: float) -> Effects:
        again = old.exchanges.tick(now)
        if isinstance(again, Transmit):
            return [again]
        if now >= old.until and not old.exchanges.busy:
            self._book.retired.remove(old)
        return []

    # Messages

    def _receive(self, event: MessageArrived, now: float) -> Effects:
        book = self._book
        for old in book.retired:
            if old.exchanges.is_named_in(event.octets):
                return self._receive_old(old, event.octets, now)
        state = book.state
        if isinstance(state, RekeyingIke) and state.rival and state.rival.sa.exchanges.is_named_in(event.octets):
            return self._receive_rival(event, state, state.rival.sa, now)
        return self._received(event, book.sa.exchanges.receive(event.octets), now)

    def _receive_rival(self, event: MessageArrived, state: RekeyingIke, rival: IkeSa, now: float) -> Effects:
        """The peer speaks on the IKE SA that it has made while we make one (RFC 7296 §2.8.1)."""
        book, received = self._book, rival.exchanges.receive(event.octets)
        if not isinstance(received, Request):
            return self._received(event, received, now)
        if _deletes_ike(received.message):
            # It has lost against ours, of which the answer is still on its way.
            book.become(event, replace(state, rival=None))
            book.retire(rival.exchanges, now)
            return answer(rival.exchanges, received)
        # The peer uses what it made, so that it knows of nothing else: its own rekeying holds.
        book.become(event, Quiet())
        return [*renewal.adopt(book, rival, now), *self._received(event, received, now)]

    def _received(self, event: MessageArrived, received: Received, now: float) -> Effects:
        book = self._book
        match received:
            case Ignored(cause):
                self._take_hint(event.octets, now)
                return [Passed(cause)]
            case Waiting():
                return []
            case Duplicate(transmit):
                return [Answer(transmit)] if transmit else []
            case Request():
                book.heard = now
                return [Genuine(request=True), *self._serve(event, received, now)]
            case Reply():
                book.heard = now
                return [Genuine(request=False), *self._hear(event, received, now)]
            case _:
                assert_never(received)

    def _take_hint(self, octets: bytes, now: float) -> None:
        """Anybody may say that our SPI is unknown: only a reason to ask, now and then (RFC 7296 §2.4, §2.21.4)."""
        book = self._book
        if is_hint(octets) and isinstance(book.state, Quiet) and now >= book.hinted + _HINT_INTERVAL:
            book.hinted = now
            book.enqueue(Ask())

    def _receive_late(self, event: MessageArrived, now: float) -> Effects:
        """After the end each IKE SA that there was still answers, for the peer may have missed it (RFC 7296 §2.1)."""
        for old in (*self._book.retired, Retired(self._book.sa.exchanges, now)):
            if old.exchanges.is_named_in(event.octets):
                return self._receive_old(old, event.octets, now)
        return [Passed("it belongs to no IKE SA that there was")]

    def _receive_old(self, old: Retired, octets: bytes, now: float) -> Effects:
        """On an IKE SA that was replaced only its Delete has a meaning (RFC 7296 §2.8)."""
        received = old.exchanges.receive(octets)
        match received:
            case Ignored(cause):
                return [Passed(cause)]
            case Waiting():
                return []
            case Duplicate(transmit):
                return [Answer(transmit)] if transmit else []
            case Request(message):
                old.until = now + self._book.terms.linger
                wants_more = message.exchange == ExchangeType.CREATE_CHILD_SA
                payloads = (Notify(NotifyType.TEMPORARY_FAILURE),) if wants_more else ()
                return answer(old.exchanges, received, *payloads)
            case Reply():
                return []
            case _:
                assert_never(received)

    def _serve(self, event: MessageArrived, request: Request, now: float) -> Effects:
        book, message = self._book, request.message
        if request.fault is not None:
            return self._malformed(event, request)
        if message.exchange == _INFORMATIONAL:
            return self._inform(event, request, now)
        if message.exchange != ExchangeType.CREATE_CHILD_SA:
            cause = f"{book.terms.peer} began exchange {message.exchange} on an established IKE SA"
            return deny(book, request, Notify(NotifyType.INVALID_SYNTAX), cause)
        wish = message.find(SecurityAssociation)
        if wish and any(proposal.protocol_id == ProtocolId.IKE for proposal in wish.proposals):
            return renewal.serve(book, event, request, now)
        return children.serve(book, event, request, now)

    def _malformed(self, event: MessageArrived, request: Request) -> Effects:
        """INVALID_SYNTAX of a genuine message ends the IKE SA at both ends (RFC 7296 §2.21.3)."""
        fault, exchanges = request.fault, self._book.sa.exchanges
        if isinstance(fault, UnsupportedCriticalPayload):
            notify = Notify(NotifyType.UNSUPPORTED_CRITICAL_PAYLOAD, bytes((fault.payload_type,)))
            return deny(self._book, request, notify, f"{self._book.terms.peer}: {fault}")
        replied = answer(exchanges, request, Notify(NotifyType.INVALID_SYNTAX))
        return [*replied, *self._over(event, f"{self._book.terms.peer} sent a malformed request: {fault}")]

    def _inform(self, event: MessageArrived, request: Request, now: float) -> Effects:
        """Deletes, errors, or nothing at all, which only asks whether we are there."""
        book, message = self._book, request.message
        if _deletes_ike(message):
            return self._deleted(event, request, now)
        deletes = message.every(Delete)
        if message.fatal is not None:
            replied = answer(book.sa.exchanges, request)
            return [*replied, *self._over(event, f"{book.terms.peer} says {message.fatal.name}")]
        if not deletes:
            told = [Notified(one) for one in message.every(Notify) if one.notify_type in _FOR_THE_OWNER]
            return [*(moving.serve(book, event, request) or answer(book.sa.exchanges, request)), *told]
        named = {spi for delete in deletes if delete.protocol_id == ProtocolId.ESP for spi in delete.spis}
        lost = [child for child in (book.of_peer(spi) for spi in sorted(named)) if child is not None]
        # What we are deleting ourselves is named in our own request already (RFC 7296 §2.25.1).
        ours = book.state.spis_in if isinstance(book.state, Deleting) else frozenset()
        own = tuple(child.spi_in.to_bytes(ESP_SPI_OCTETS, "big") for child in lost if child.spi_in not in ours)
        payloads = (Delete(ProtocolId.ESP, own, ESP_SPI_OCTETS),) if own else ()
        gone = [effect for child in lost for effect in book.drop(child.spi_in)]
        return [*gone, *answer(book.sa.exchanges, request, *payloads)]

    def _deleted(self, event: MessageArrived, request: Request, now: float) -> Effects:
        """The peer deletes this IKE SA: for good, or because it has rekeyed it while we did too (RFC 7296 §2.25.2)."""
        book = self._book
        replied = answer(book.sa.exchanges, request)
        if isinstance(book.state, RekeyingIke) and book.state.rival is not None:
            rival = book.state.rival
            book.become(event, Quiet())
            return [*replied, *renewal.adopt(book, rival.sa, now)]
        return [*replied, *self._over(event, f"{book.terms.peer} deleted the IKE SA")]

    def _hear(self, event: MessageArrived, reply: Reply, now: float) -> Effects:
        book, state, message = self._book, self._book.state, reply.message
        if reply.fault is not None:
            return self._over(event, f"{book.terms.peer}'s answer is malformed {reply.fault}")
        if message.fatal is not None and not isinstance(state, Leaving):
            return self._over(event, f"{book.terms.peer} answers {message.fatal.name}")
        match state:
            case MakingChild():
                return children.made(book, event, state, message, now)
            case RekeyingChild():
                return children.rekeyed(book, event, state, message, now)
            case RekeyingIke():
                return renewal.rekeyed(book, event, state, message, now)
            case Deleting(spis_in):
                book.become(event, Quiet())
                return [effect for spi_in in sorted(spis_in) for effect in book.drop(spi_in)]
            case Leaving(cause):
                return self._over(event, cause)
            case Asking():
                return moving.probed(book, event, state, message)
            case Moving():
                return moving.moved(book, event, state, message)
            case Quiet() | Finished():
                return []
            case _:
                assert_never(state)

    def _over(self, event: MessageArrived | Tick, cause: str) -> Effects:
        self._book.become(event, Finished())
        return [*self._book.drop_all(), Over(cause)]


def _deletes_ike(message: Message) -> bool:
    return any(delete.protocol_id == ProtocolId.IKE for delete in message.every(Delete))


def is_hint(octets: bytes) -> bool:
    """Whether a message in the clear says that an SPI is unknown to its sender (RFC 7296 §1.5)."""
    try:
        message = Message.parse(octets)
    except DecodeError:
        return False
    return any(message.notify(kind) for kind in (NotifyType.INVALID_IKE_SPI, NotifyType.INVALID_SPI))
