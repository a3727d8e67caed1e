"""Child SAs of an IKE SA that is up: making and rekeying them, whoever begins (RFC 7296 §1.3, §2.8.1, §2.25.1)."""

from dataclasses import replace
from functools import partial

from wire.errors import ProtocolViolation
from wire.ikev2.asking import Asked, ChildWish, accept, asked, request_payloads
from wire.ikev2.child import ChildSa, Mode
from wire.ikev2.constants import ExchangeType, NotifyType, ProtocolId
from wire.ikev2.exchanges import Request
from wire.ikev2.granting import ChildDenied, Granted, Scope, ScopeOf, grant_further
from wire.ikev2.groups import GROUPS, Group
from wire.ikev2.message import Message
from wire.ikev2.payloads.notify import Notify
from wire.ikev2.proposal import with_groups
from wire.ikev2.spis import ESP_SPI_OCTETS
from wire.ikev2.upkeep.book import Book, Effects, Life, answer, deny
from wire.ikev2.upkeep.states import (
    ChildRival,
    DeleteChildren,
    Deleting,
    MakeChild,
    MakingChild,
    MessageArrived,
    NoChild,
    NotRekeyed,
    Quiet,
    RekeyChild,
    RekeyingChild,
    RekeyingIke,
)


def make(book: Book, order: MakeChild, now: float) -> Effects:
    """Ask for a further Child SA."""
    wanted = _asked(book, order.wish, order.group)
    book.become(order, MakingChild(wanted))
    return book.request(ExchangeType.CREATE_CHILD_SA, request_payloads(wanted), now)


def made(book: Book, event: MessageArrived, state: MakingChild, message: Message, now: float) -> Effects:
    """The peer's answer to that."""
    book.become(event, Quiet())
    group = _insisted(message, state.asked)
    if group is not None:
        book.enqueue(MakeChild(state.asked.wish, group), first=True)
        return []
    if message.notify(NotifyType.TEMPORARY_FAILURE):
        book.put_off(MakeChild(state.asked.wish), now)
        return []
    try:
        accepted = accept(state.asked, message, prf=book.sa.suite.prf, sk_d=book.sa.keys.sk_d)
    except ProtocolViolation as error:
        return [NoChild(f"{book.terms.peer} makes no Child SA: {error.reason}")]
    return book.install(accepted.child, now)


def rekey(book: Book, order: RekeyChild, now: float) -> Effects:
    """Ask for a Child SA in the place of one that is there and that the peer has not replaced itself."""
    old = book.children.get(order.spi_in)
    if old is None or book.lives[order.spi_in].replaced:
        return []
    wanted = _asked(book, ChildWish(old.mode, old.local, old.remote), order.group)
    book.become(order, RekeyingChild(old, wanted))
    notify = Notify(NotifyType.REKEY_SA, b"", ProtocolId.ESP, old.spi_in.to_bytes(ESP_SPI_OCTETS, "big"))
    return book.request(ExchangeType.CREATE_CHILD_SA, (notify, *request_payloads(wanted)), now)


def rekeyed(book: Book, event: MessageArrived, state: RekeyingChild, message: Message, now: float) -> Effects:
    """The peer's answer to that; of two that rekeyed at once, the lowest of four nonces loses (RFC 7296 §2.8.1)."""
    book.become(event, Quiet())
    if message.refusal is not None:
        return _not_rekeyed(book, state, message, now)
    try:
        accepted = accept(state.asked, message, prf=book.sa.suite.prf, sk_d=book.sa.keys.sk_d)
    except ProtocolViolation as error:
        return [NotRekeyed(f"{book.terms.peer} does not rekey a Child SA: {error.reason}")]
    fresh, rival = accepted.child, state.rival
    if rival is not None and accepted.lowest < rival.lowest:
        book.enqueue(DeleteChildren((fresh.spi_in,)), first=True)
        return book.install(fresh, now)
    if state.old.spi_in in book.children:
        book.enqueue(DeleteChildren((state.old.spi_in,)), first=True)
    return book.install(fresh, now, replaces=state.old.spi_in)


def serve(book: Book, event: MessageArrived, request: Request, now: float) -> Effects:
    """Answer the peer's CREATE_CHILD_SA for a Child SA."""
    message, peer = request.message, book.terms.peer
    notify = message.notify(NotifyType.REKEY_SA)
    old = book.of_peer(notify.spi) if notify and notify.protocol_id == ProtocolId.ESP else None
    if notify is not None and old is None and isinstance(book.state, MakingChild | RekeyingChild):
        # It may be the one that the answer to our own request, still on its way, tells of.
        cause = f"{peer} rekeys a Child SA that is not known yet"
        return deny(book, request, Notify(NotifyType.TEMPORARY_FAILURE), cause)
    if notify is not None and old is None:
        missing = Notify(NotifyType.CHILD_SA_NOT_FOUND, b"", notify.protocol_id, notify.spi)
        return deny(book, request, missing, f"{peer} rekeys a Child SA that is not there")
    deleting = book.state.spis_in if isinstance(book.state, Deleting) else frozenset()
    if isinstance(book.state, RekeyingIke) or book.leaving or (old is not None and old.spi_in in deleting):
        cause = f"{peer} wants a Child SA while we wait for {book.state.waiting_for}"
        return deny(book, request, Notify(NotifyType.TEMPORARY_FAILURE), cause)
    if len(book.children) >= book.terms.child_limit * (1 if old is None else 2):
        cause = f"{peer} has {len(book.children)} Child SAs already"
        return deny(book, request, Notify(NotifyType.NO_ADDITIONAL_SAS), cause)
    try:
        granted = _grant(book, message, old)
    except ChildDenied as denied:
        return deny(book, request, denied.notify, denied.cause)
    effects = book.install(granted.child, now, replaces=old.spi_in if old else None)
    if old is not None:
        _note_rekeyed(book, event, old, granted, now)
    return [*effects, *answer(book.sa.exchanges, request, *granted.payloads)]


def _note_rekeyed(book: Book, event: MessageArrived, old: ChildSa, granted: Granted, now: float) -> None:
    """The peer deletes the old one, and has time for it: a Delete of ours would seem to mean the new one as well."""
    end = book.lives[old.spi_in].end
    late = None if end is None else max(end, now + book.terms.linger)
    book.lives[old.spi_in] = Life(None, late, replaced=True)
    if isinstance(book.state, RekeyingChild) and book.state.old is old:
        book.become(event, replace(book.state, rival=ChildRival(granted.child, granted.lowest)))


def _grant(book: Book, message: Message, old: ChildSa | None) -> Granted:
    scope: ScopeOf = partial(_scope_of_old, book, old) if old is not None else book.terms.scope
    return grant_further(
        message,
        accepted=with_groups(book.terms.esp_proposals, book.terms.child_groups),
        scope=scope,
        spi=book.terms.take_spi(),
        prf=book.sa.suite.prf,
        sk_d=book.sa.keys.sk_d,
        random=book.terms.random,
    )


def _scope_of_old(book: Book, old: ChildSa, mode: Mode) -> Scope:
    """A Child SA that is rekeyed stays what it is (RFC 7296 §2.9.2), unless the peer wants another mode."""
    if mode is not old.mode:
        return book.terms.scope(mode)
    return Scope(local=old.local, remote=old.remote, purpose="the Child SA that is rekeyed")


def _asked(book: Book, wish: ChildWish, group: Group | None) -> Asked:
    groups = book.terms.child_groups
    wanted = group or next((known for known in groups if known is not None), None)
    ordered = sorted(groups, key=lambda known: known is not wanted)
    return asked(
        wish,
        with_groups(book.terms.esp_proposals, ordered),
        spi=book.terms.take_spi(),
        random=book.terms.random,
        group=wanted,
    )


def _insisted(message: Message, wanted: Asked) -> Group | None:
    """The group that INVALID_KE_PAYLOAD names, if we offered it and have not tried it (RFC 7296 §1.3)."""
    notify = message.notify(NotifyType.INVALID_KE_PAYLOAD)
    number = int.from_bytes(notify.data, "big") if notify and len(notify.data) == 2 else None
    offered = {transform.transform_id for one in wanted.offered for transform in one.transforms if transform.kind == 4}
    return GROUPS.get(number) if number in offered and number != wanted.group_id and number is not None else None


def _not_rekeyed(book: Book, state: RekeyingChild, message: Message, now: float) -> Effects:
    group = _insisted(message, state.asked)
    if state.rival is not None or state.old.spi_in not in book.children:
        return []  # The peer's own rekeying has made ours needless.
    if group is not None:
        book.enqueue(RekeyChild(state.old.spi_in, group), first=True)
        return []
    if message.notify(NotifyType.CHILD_SA_NOT_FOUND):
        # The peer has lost it: so do we, and ask for another one (RFC 7296 §2.25).
        book.enqueue(MakeChild(state.asked.wish), first=True)
        return book.drop(state.old.spi_in)
    book.put_off(RekeyChild(state.old.spi_in), now)
    refusal = message.refusal
    return [NotRekeyed(f"{book.terms.peer} does not rekey a Child SA: {refusal.name if refusal else 'no reason'}")]
