"""MOBIKE: the end that began the IKE SA tells where it is, and the other follows (RFC 4555 §3.5, §3.7, §3.8)."""

import hmac

from wire.ikev2.constants import ExchangeType, NotifyType
from wire.ikev2.exchanges import Request
from wire.ikev2.message import Message, Payload
from wire.ikev2.nat import Endpoint, detect, detection_payloads
from wire.ikev2.payloads.notify import Notify
from wire.ikev2.upkeep.book import Book, Effects, answer, deny
from wire.ikev2.upkeep.states import (
    Ask,
    Asking,
    Finished,
    MessageArrived,
    Move,
    Moved,
    Moving,
    NotMoved,
    Over,
    PeerHasMoved,
    PeerIsThere,
    Quiet,
    Tell,
)

_COOKIE2_OCTETS = 16
_COOKIE2_LENGTHS = range(8, 65)


def move(book: Book, order: Move, now: float) -> Effects:
    """Say that this end is at `order.local` now, with a COOKIE2 that has to come back."""
    exchanges = book.sa.exchanges
    cookie = book.terms.random(_COOKIE2_OCTETS)
    book.become(order, Moving(order.local, order.remote, cookie))
    book.place = order.local, order.remote
    detection = detection_payloads(exchanges.spi_i, exchanges.spi_r, source=order.local, destination=order.remote)
    notifies = (Notify(NotifyType.UPDATE_SA_ADDRESSES), *detection, Notify(NotifyType.COOKIE2, cookie))
    return book.request(ExchangeType.INFORMATIONAL, notifies, now)


def moved(book: Book, event: MessageArrived, state: Moving, message: Message) -> Effects:
    """The peer's answer to that."""
    book.become(event, Quiet())
    if message.refusal is not None:
        return [NotMoved(f"{book.terms.peer} does not follow to {state.local}: {message.refusal.name}")]
    cookie = message.notify(NotifyType.COOKIE2)
    if cookie is None or not hmac.compare_digest(cookie.data, state.cookie):
        return [NotMoved(f"{book.terms.peer} does not give the COOKIE2 back")]
    book.mapping = _mapping(message)
    return [Moved(state.local, detect(message, source=state.remote, destination=state.local).local)]


def probe(book: Book, order: Ask, now: float) -> Effects:
    """Ask whether the peer is there; and, where this end may move, whether a NAT has changed on the way."""
    cookie = book.terms.random(_COOKIE2_OCTETS) if order.cookie else b""
    book.become(order, Asking(order, cookie))
    if cookie:
        return book.request(ExchangeType.INFORMATIONAL, (Notify(NotifyType.COOKIE2, cookie),), now)
    exchanges, place = book.sa.exchanges, book.place
    if not book.terms.leads_moves or place is None:
        return book.request(ExchangeType.INFORMATIONAL, (), now)
    local, remote = place
    detection = detection_payloads(exchanges.spi_i, exchanges.spi_r, source=local, destination=remote)
    return book.request(ExchangeType.INFORMATIONAL, detection, now)


def tell(book: Book, order: Tell, now: float) -> Effects:
    """Say one thing."""
    book.become(order, Asking(order))
    return book.request(ExchangeType.INFORMATIONAL, (order.notify,), now)


def probed(book: Book, event: MessageArrived, state: Asking, message: Message) -> Effects:
    """Where the peer sees us elsewhere than it did, a NAT has another mapping: say so (RFC 4555 §3.8)."""
    if state.cookie:
        return _checked(book, event, state, message)
    book.become(event, Quiet())
    seen = _mapping(message)
    if seen is not None and book.mapping is not None and seen != book.mapping and book.place is not None:
        book.enqueue(Move(*book.place), first=True)
    book.mapping = seen or book.mapping
    return []


def serve(book: Book, event: MessageArrived, request: Request) -> Effects | None:
    """Answer what MOBIKE and the detection of NATs put into INFORMATIONAL; None where there is nothing of it."""
    message = request.message
    update = book.terms.follows_moves and message.notify(NotifyType.UPDATE_SA_ADDRESSES) is not None
    cookie = message.notify(NotifyType.COOKIE2)
    detects = message.notify(NotifyType.NAT_DETECTION_SOURCE_IP) is not None
    if not (update or cookie or detects):
        return None
    if update and _has_unwanted_nat(message, event):
        cause = f"{book.terms.peer} wants no NAT on its way, and there is one"
        return deny(book, request, Notify(NotifyType.UNEXPECTED_NAT_DETECTED), cause)
    payloads: list[Payload] = []
    if detects and event.source is not None and event.destination is not None:
        exchanges = book.sa.exchanges
        payloads += detection_payloads(
            exchanges.spi_i, exchanges.spi_r, source=book.terms.seen_at(event.destination), destination=event.source
        )
    if cookie is not None and len(cookie.data) in _COOKIE2_LENGTHS:
        payloads.append(Notify(NotifyType.COOKIE2, cookie.data))
    if update and book.terms.checks_moves:
        book.enqueue(Ask(cookie=True))
    followed: Effects = [PeerHasMoved()] if update else []
    return [*followed, *answer(book.sa.exchanges, request, *payloads)]


def _checked(book: Book, event: MessageArrived, state: Asking, message: Message) -> Effects:
    """A COOKIE2 that is not ours means that somebody answers who has not read it: the end (RFC 4555 §3.7)."""
    cookie = message.notify(NotifyType.COOKIE2)
    if cookie is None or not hmac.compare_digest(cookie.data, state.cookie):
        book.become(event, Finished())
        return [*book.drop_all(), Over(f"{book.terms.peer} does not give the COOKIE2 back")]
    book.become(event, Quiet())
    # It may have moved once more meanwhile, and then its newer place is still to be seen.
    return [] if Ask(cookie=True) in book.queue else [PeerIsThere()]


def _mapping(message: Message) -> bytes | None:
    """What the peer says of the address that it answers to."""
    notify = message.notify(NotifyType.NAT_DETECTION_DESTINATION_IP)
    return notify.data if notify else None


def _has_unwanted_nat(message: Message, event: MessageArrived) -> bool:
    """NO_NATS_ALLOWED holds both addresses and ports as the sender has them (RFC 4555 §4.2.5)."""
    notify = message.notify(NotifyType.NO_NATS_ALLOWED)
    if notify is None or event.source is None or event.destination is None:
        return False
    return notify.data != _octets(event.source, event.destination)


def _octets(source: Endpoint, destination: Endpoint) -> bytes:
    ports = source.port.to_bytes(2, "big") + destination.port.to_bytes(2, "big")
    return source.address.packed + destination.address.packed + ports
