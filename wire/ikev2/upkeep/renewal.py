"""Rekeying the IKE SA itself, whoever begins (RFC 7296 §1.3.2, §2.8, §2.18, §2.25.2)."""

from collections.abc import Sequence
from dataclasses import replace

from wire.errors import ProtocolViolation
from wire.ikev2.algorithms import IkeSuite
from wire.ikev2.constants import ExchangeType, NotifyType, ProtocolId, TransformType
from wire.ikev2.exchanges import Exchanges, Request
from wire.ikev2.granting import NONCE_OCTETS, ChildDenied, choose
from wire.ikev2.groups import GROUPS, Group, InvalidPublicValue
from wire.ikev2.header import SPI_OCTETS
from wire.ikev2.keys import ike_keys, rekeyed_skeyseed
from wire.ikev2.message import Message, Payload
from wire.ikev2.payloads.delete import Delete
from wire.ikev2.payloads.ke import KeyExchange
from wire.ikev2.payloads.nonce import Nonce
from wire.ikev2.payloads.notify import Notify
from wire.ikev2.payloads.sa import Proposal, SecurityAssociation
from wire.ikev2.proposal import check_answer, ike_suite, offer, peer_spi
from wire.ikev2.protection import Protection
from wire.ikev2.spis import ike_spi
from wire.ikev2.upkeep.book import Book, Effects, answer, deny
from wire.ikev2.upkeep.states import (
    Ask,
    Asking,
    Deleting,
    IkeRival,
    IkeSa,
    MakingChild,
    MessageArrived,
    Move,
    Moving,
    NotRekeyed,
    Quiet,
    Rekeyed,
    RekeyIke,
    RekeyingChild,
    RekeyingIke,
)
from wire.secret import Secret

_OF_A_CHILD = MakingChild | RekeyingChild | Deleting

MOST_RETIRED = 8
"""IKE SAs that were replaced and are still answered; a peer that makes more of them has to wait."""


def rekey(book: Book, order: RekeyIke, now: float) -> Effects:
    """Ask for a new IKE SA."""
    terms = book.terms
    group, spi = order.group or book.sa.suite.group, ike_spi(terms.random)
    state = RekeyingIke(
        spi=spi,
        ni=terms.random(NONCE_OCTETS),
        offered=_foremost(offer(terms.ike_proposals, spi), group),
        group=group,
        private=group.generate(terms.random),
    )
    book.become(order, state)
    ke = KeyExchange(group.transform_id, state.private.public)
    return book.request(ExchangeType.CREATE_CHILD_SA, (SecurityAssociation(state.offered), Nonce(state.ni), ke), now)


def rekeyed(book: Book, event: MessageArrived, state: RekeyingIke, message: Message, now: float) -> Effects:
    """The peer's answer to that; of two that rekeyed at once, the lowest of four nonces loses (RFC 7296 §2.8.1)."""
    book.become(event, Quiet())
    if message.refusal is not None:
        return _not_rekeyed(book, state, message, now)
    nonce = message.find(Nonce)
    try:
        fresh = _accepted(book, state, message, nonce.data if nonce else b"")
    except ProtocolViolation as error:
        cause = f"{book.terms.peer} does not rekey the IKE SA: {error.reason}"
        return [NotRekeyed(cause), *_yield_to(book, state, now)]
    rival = state.rival
    if rival is not None and nonce is not None and min(state.ni, nonce.data) < rival.lowest:
        # Ours is redundant, and whoever made it deletes it; the peer deletes the old one.
        return [*adopt(book, rival.sa, now), *_delete(book, fresh.exchanges, now)]
    old = book.sa.exchanges
    effects = adopt(book, fresh, now, retire=False)
    if rival is not None:
        book.retire(rival.sa.exchanges, now)
    return [*effects, *_delete(book, old, now)]


def serve(book: Book, event: MessageArrived, request: Request, now: float) -> Effects:
    """Answer the peer's CREATE_CHILD_SA for a new IKE SA."""
    peer = book.terms.peer
    busy = isinstance(book.state, _OF_A_CHILD) or book.leaving is not None
    if len(book.retired) >= MOST_RETIRED:
        cause = f"{peer} rekeys the IKE SA again, and {len(book.retired)} of before are still answered"
        return deny(book, request, Notify(NotifyType.TEMPORARY_FAILURE), cause)
    if busy or (isinstance(book.state, RekeyingIke) and book.state.rival is not None):
        cause = f"{peer} rekeys the IKE SA while we wait for {book.state.waiting_for}"
        return deny(book, request, Notify(NotifyType.TEMPORARY_FAILURE), cause)
    try:
        fresh, payloads, lowest = _granted(book, request.message)
    except ChildDenied as denied:
        return deny(book, request, denied.notify, denied.cause)
    replied = answer(book.sa.exchanges, request, *payloads)
    if isinstance(book.state, RekeyingIke):
        book.become(event, replace(book.state, rival=IkeRival(fresh, lowest)))
        return replied
    # What was said on the old IKE SA is said on the new one again.
    if isinstance(book.state, Moving):
        book.enqueue(Move(book.state.local, book.state.remote), first=True)
    elif isinstance(book.state, Asking) and book.state.order != Ask():
        book.enqueue(book.state.order, first=True)
    if isinstance(book.state, Asking | Moving):
        book.become(event, Quiet())
    return [*replied, *adopt(book, fresh, now)]


def adopt(book: Book, fresh: IkeSa, now: float, *, retire: bool = True) -> Effects:
    """The new IKE SA has the Child SAs from now on; with `retire` the old one waits for the peer's Delete."""
    if retire:
        book.sa.exchanges.settle()
        book.retire(book.sa.exchanges, now)
    book.sa = fresh
    book.mapping = None
    book.life = book.born(book.terms.lifetimes.ike, now)
    return [Rekeyed(fresh)]


def _delete(book: Book, exchanges: Exchanges, now: float) -> Effects:
    book.retire(exchanges, now)
    return [exchanges.request(ExchangeType.INFORMATIONAL, (Delete(ProtocolId.IKE),), now)]


def _yield_to(book: Book, state: RekeyingIke, now: float) -> Effects:
    """Where ours came to nothing, the peer's own rekeying holds."""
    return adopt(book, state.rival.sa, now) if state.rival is not None else []


def _not_rekeyed(book: Book, state: RekeyingIke, message: Message, now: float) -> Effects:
    if state.rival is not None:
        return _yield_to(book, state, now)
    notify = message.notify(NotifyType.INVALID_KE_PAYLOAD)
    number = int.from_bytes(notify.data, "big") if notify else 0
    if number in _groups(state.offered) and number != state.group.transform_id:
        book.enqueue(RekeyIke(GROUPS[number]), first=True)
        return []
    book.put_off(RekeyIke(), now)
    refusal = message.refusal
    return [NotRekeyed(f"{book.terms.peer} does not rekey the IKE SA: {refusal.name if refusal else 'no reason'}")]


def _accepted(book: Book, state: RekeyingIke, message: Message, nr: bytes) -> IkeSa:
    found, ke = message.find(SecurityAssociation), message.find(KeyExchange)
    if found is None or ke is None or not nr:
        raise ProtocolViolation("it answers without SA, KE or Nonce")
    chosen = check_answer(found.proposals, state.offered)
    suite = ike_suite(chosen)
    if not suite.group.transform_id == ke.group == state.group.transform_id:
        raise ProtocolViolation("a KE payload of another group than was sent")
    spi = peer_spi(found.proposals, chosen, octets=SPI_OCTETS)
    try:
        g_ir = state.private.shared(ke.data)
    except InvalidPublicValue as error:
        raise ProtocolViolation(f"KE payload: {error}") from None
    return _derive(book, suite, g_ir, ni=state.ni, nr=nr, spi_i=state.spi, spi_r=spi, initiator=True)


def _granted(book: Book, message: Message) -> tuple[IkeSa, tuple[Payload, ...], bytes]:
    terms = book.terms
    wish, ke, nonce = message.find(SecurityAssociation), message.find(KeyExchange), message.find(Nonce)
    if wish is None or ke is None or nonce is None:
        raise ChildDenied(NotifyType.INVALID_SYNTAX, "a new IKE SA without SA, KE or Nonce")
    spi = ike_spi(terms.random)
    chosen = choose(wish.proposals, terms.ike_proposals, spi=spi, group=ke.group)
    suite = ike_suite(chosen)
    if ke.group != suite.group.transform_id:
        wanted = suite.group.transform_id.to_bytes(2, "big")
        raise ChildDenied(NotifyType.INVALID_KE_PAYLOAD, f"KE of group {ke.group}, not {suite.group.name}", wanted)
    private, nr = suite.group.generate(terms.random), terms.random(NONCE_OCTETS)
    try:
        g_ir, spi_i = private.shared(ke.data), peer_spi(wish.proposals, chosen, octets=SPI_OCTETS)
    except (InvalidPublicValue, ProtocolViolation) as error:
        raise ChildDenied(NotifyType.INVALID_SYNTAX, f"a new IKE SA: {error}") from None
    fresh = _derive(book, suite, g_ir, ni=nonce.data, nr=nr, spi_i=spi_i, spi_r=spi, initiator=False)
    payloads = SecurityAssociation((chosen,)), Nonce(nr), KeyExchange(suite.group.transform_id, private.public)
    return fresh, payloads, min(nonce.data, nr)


def _derive(
    book: Book, suite: IkeSuite, g_ir: Secret, *, ni: bytes, nr: bytes, spi_i: bytes, spi_r: bytes, initiator: bool
) -> IkeSa:
    """SKEYSEED comes by the old prf, all else by the new one (RFC 7296 §2.18)."""
    skeyseed = rekeyed_skeyseed(book.sa.suite.prf, book.sa.keys.sk_d, ni=ni, nr=nr, g_ir=g_ir)
    keys = ike_keys(suite, skeyseed, ni=ni, nr=nr, spi_i=spi_i, spi_r=spi_r)
    exchanges = book.sa.exchanges.successor(spi_i=spi_i, initiator=initiator)
    exchanges.protect(Protection(suite, keys, initiator=initiator, random=book.terms.random), spi_r=spi_r)
    return IkeSa(exchanges, suite, keys)


def _groups(proposals: Sequence[Proposal]) -> set[int]:
    transforms = [transform for proposal in proposals for transform in proposal.transforms]
    return {transform.transform_id for transform in transforms if transform.kind == TransformType.DH}


def _foremost(proposals: tuple[Proposal, ...], group: Group) -> tuple[Proposal, ...]:
    """The group of our KE payload goes first, which is how a responder knows what we would like best."""
    return tuple(
        replace(
            proposal,
            transforms=tuple(
                sorted(
                    proposal.transforms,
                    key=lambda one: one.kind == TransformType.DH and one.transform_id != group.transform_id,
                )
            ),
        )
        for proposal in proposals
    )
