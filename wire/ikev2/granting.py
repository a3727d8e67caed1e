"""Answering a wish for a Child SA: choosing, narrowing, keys (RFC 7296 §1.3, §2.9, §2.17)."""

from collections.abc import Callable, Iterable

from wire.errors import ProtocolViolation
from wire.frozen import dataclass
from wire.ikev2.algorithms import EspSuite, Prf
from wire.ikev2.child import ChildSa, Mode, child_sa
from wire.ikev2.constants import NotifyType
from wire.ikev2.groups import InvalidPublicValue
from wire.ikev2.keys import child_keys
from wire.ikev2.message import Message, Payload
from wire.ikev2.payloads.ke import KeyExchange
from wire.ikev2.payloads.nonce import Nonce
from wire.ikev2.payloads.notify import Notify
from wire.ikev2.payloads.sa import Proposal, SecurityAssociation
from wire.ikev2.payloads.ts import TsInitiator, TsResponder
from wire.ikev2.proposal import describe, esp_suite, peer_spi, select, without_groups
from wire.ikev2.selectors import MOBILITY_HEADER, TrafficSelector, narrow
from wire.sansio import RandomBytes
from wire.secret import Secret

NONCE_OCTETS = 32


@dataclass(frozen=True, slots=True)
class Scope:
    """What a Child SA may be for at most: `local` this end's selectors, `remote` the peer's; `purpose` for the log."""

    local: tuple[TrafficSelector, ...]
    remote: tuple[TrafficSelector, ...]
    purpose: str


ScopeOf = Callable[[Mode], Scope]


class ChildDenied(Exception):
    """There will be no such SA: `notify` is the answer, `cause` one line for the log."""

    def __init__(self, error: NotifyType, cause: str, data: bytes = b"") -> None:
        super().__init__(cause)
        self.notify = Notify(error, data)
        self.cause = cause


@dataclass(frozen=True, slots=True)
class Granted:
    """A Child SA, the payloads that tell the peer so, and the lower of both nonces (RFC 7296 §2.8.1)."""

    child: ChildSa
    payloads: tuple[Payload, ...]
    lowest: bytes


def grant_first(
    message: Message, *, accepted: tuple[Proposal, ...], scope: ScopeOf, spi: bytes, prf: Prf, sk_d: Secret,
    ni: bytes, nr: bytes,
) -> Granted:  # fmt: skip
    """The Child SA that IKE_AUTH asks for in `message`, or ChildDenied; its keys come from IKE_SA_INIT's nonces."""
    offer = message.find(SecurityAssociation)
    offered = without_groups(offer.proposals) if offer else ()
    chosen = choose(offered, accepted, spi=spi, group=None)
    keys = _Keying(prf, sk_d, ni, nr, b"")
    return _grant(message, offered, chosen, scope, keys, extra=())


def grant_further(
    message: Message, *, accepted: tuple[Proposal, ...], scope: ScopeOf, spi: bytes, prf: Prf, sk_d: Secret,
    random: RandomBytes,
) -> Granted:  # fmt: skip
    """The Child SA that CREATE_CHILD_SA asks for in `message`, or ChildDenied.

    Its keys are fresh where `accepted` and the offer agree on a Diffie-Hellman group.
    """
    offer, nonce, ke = message.find(SecurityAssociation), message.find(Nonce), message.find(KeyExchange)
    if offer is None or nonce is None:
        raise ChildDenied(NotifyType.INVALID_SYNTAX, "CREATE_CHILD_SA without SA or Nonce")
    chosen = choose(offer.proposals, accepted, spi=spi, group=ke.group if ke else None)
    nr = random(NONCE_OCTETS)
    g_ir, answer = _exchange(random, esp_suite(chosen), ke)
    keys = _Keying(prf, sk_d, nonce.data, nr, g_ir)
    return _grant(message, offer.proposals, chosen, scope, keys, extra=(Nonce(nr), *answer))


def choose(offered: tuple[Proposal, ...], accepted: tuple[Proposal, ...], *, spi: bytes, group: int | None) -> Proposal:
    """The proposal that both ends want, with our own `spi`; ChildDenied, as offered against wanted, when none is."""
    chosen = select(offered, accepted, spi=spi, group=group)
    if chosen is None:
        cause = f"no common ESP proposal: offered {describe(offered)}; wanted {describe(accepted)}"
        raise ChildDenied(NotifyType.NO_PROPOSAL_CHOSEN, cause)
    return chosen


@dataclass(frozen=True, slots=True)
class _Keying:
    prf: Prf
    sk_d: Secret
    ni: bytes
    nr: bytes
    g_ir: bytes


def _exchange(random: RandomBytes, suite: EspSuite, ke: KeyExchange | None) -> tuple[bytes, tuple[KeyExchange, ...]]:
    if suite.group is None:
        return b"", ()
    if ke is None or ke.group != suite.group.transform_id:
        wish = suite.group.transform_id.to_bytes(2, "big")
        raise ChildDenied(NotifyType.INVALID_KE_PAYLOAD, f"no KE of {suite.group.name} for the Child SA", wish)
    private = suite.group.generate(random)
    try:
        g_ir = private.shared(ke.data)
    except InvalidPublicValue as error:
        raise ChildDenied(NotifyType.INVALID_SYNTAX, f"KE payload: {error}") from None
    return g_ir, (KeyExchange(suite.group.transform_id, private.public),)


def _grant(
    message: Message,
    offered: Iterable[Proposal],
    chosen: Proposal,
    scope: ScopeOf,
    keying: _Keying,
    *,
    extra: tuple[Payload, ...],
) -> Granted:
    mode, local, remote = _settled(message, scope)
    suite = esp_suite(chosen)
    try:
        spi_out = peer_spi(offered, chosen)
    except ProtocolViolation as error:
        raise ChildDenied(NotifyType.INVALID_SYNTAX, error.reason) from None
    child = child_sa(
        suite,
        child_keys(keying.prf, keying.sk_d, suite, ni=keying.ni, nr=keying.nr, g_ir=keying.g_ir),
        mode=mode,
        spi_in=chosen.spi,
        spi_out=spi_out,
        local=local,
        remote=remote,
        initiator=False,
    )
    transport = (Notify(NotifyType.USE_TRANSPORT_MODE),) if mode is Mode.TRANSPORT else ()
    selectors = TsInitiator(remote), TsResponder(local)
    payloads = (*transport, SecurityAssociation((chosen,)), *extra, *selectors)
    return Granted(child, payloads, min(keying.ni, keying.nr))


def _settled(message: Message, scope: ScopeOf) -> tuple[Mode, tuple[TrafficSelector, ...], tuple[TrafficSelector, ...]]:
    """Mode and selectors; who wants transport mode for what only a tunnel may carry gets one (RFC 7296 §1.3.1)."""
    if message.notify(NotifyType.USE_TRANSPORT_MODE) is None:
        return (Mode.TUNNEL, *_narrowed(message, scope(Mode.TUNNEL), Mode.TUNNEL))
    try:
        return (Mode.TRANSPORT, *_narrowed(message, scope(Mode.TRANSPORT), Mode.TRANSPORT))
    except ChildDenied as denied:
        if denied.notify.notify_type != NotifyType.TS_UNACCEPTABLE or _is_about_mobility(message):
            raise
        try:
            return (Mode.TUNNEL, *_narrowed(message, scope(Mode.TUNNEL), Mode.TUNNEL))
        except ChildDenied:
            raise denied from None


def _is_about_mobility(message: Message) -> bool:
    """A mobile node's own signalling is not put into a tunnel (RFC 4877 §4.2)."""
    tsi = message.find(TsInitiator)
    return tsi is not None and any(selector.protocol == MOBILITY_HEADER for selector in tsi.known)


def _narrowed(
    message: Message, scope: Scope, mode: Mode
) -> tuple[tuple[TrafficSelector, ...], tuple[TrafficSelector, ...]]:
    """What the peer wants and `scope` allows: our own selectors and the peer's."""
    tsi, tsr = message.find(TsInitiator), message.find(TsResponder)
    if tsi is None or tsr is None:
        raise ChildDenied(NotifyType.INVALID_SYNTAX, "a Child SA without TSi or TSr")
    remote, local = narrow(tsi.known, scope.remote), narrow(tsr.known, scope.local)
    if not (remote and local):
        wish = f"{', '.join(map(str, tsi.known))} to {', '.join(map(str, tsr.known))}"
        raise ChildDenied(NotifyType.TS_UNACCEPTABLE, f"{mode.value} mode for {wish} is not for {scope.purpose}")
    return local, remote
