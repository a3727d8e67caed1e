"""Child SAs at the responder: choosing, narrowing to the Home Address, keys (RFC 7296 §1.3, §2.9, RFC 4877 §4.3)."""

from dataclasses import dataclass
from ipaddress import IPv6Address, IPv6Network

from pdngw_proxy.ike.policy import ResponderPolicy
from pdngw_proxy.ike.states import Sa
from wire.errors import ProtocolViolation
from wire.ikev2.algorithms import EspSuite
from wire.ikev2.child import ChildSa, Mode, child_sa
from wire.ikev2.constants import NotifyType
from wire.ikev2.groups import CURVE25519, ECP_256, MODP_2048, InvalidPublicValue
from wire.ikev2.keys import child_keys
from wire.ikev2.message import Message, Payload
from wire.ikev2.payloads.ke import KeyExchange
from wire.ikev2.payloads.nonce import Nonce
from wire.ikev2.payloads.notify import Notify
from wire.ikev2.payloads.sa import Proposal, SecurityAssociation
from wire.ikev2.payloads.ts import TsInitiator, TsResponder
from wire.ikev2.proposal import describe, esp_suite, peer_spi, select, with_groups, without_groups
from wire.ikev2.selectors import MOBILITY_HEADER, TrafficSelector, narrow
from wire.sansio import RandomBytes

_NONCE_OCTETS = 32
_GROUPS = (None, CURVE25519, ECP_256, MODP_2048)
_EVERYWHERE = (TrafficSelector.network(IPv6Network("::/0")),)


class ChildDenied(Exception):
    """There will be no Child SA: `notify` is the answer, `cause` one line for the log."""

    def __init__(self, error: NotifyType, cause: str, data: bytes = b"") -> None:
        super().__init__(cause)
        self.notify = Notify(error, data)
        self.cause = cause


@dataclass(frozen=True, slots=True)
class Granted:
    """A Child SA, and the payloads that tell the UE so."""

    child: ChildSa
    payloads: tuple[Payload, ...]


def first(policy: ResponderPolicy, sa: Sa, home_address: IPv6Address, message: Message, spi: bytes) -> Granted:
    """The Child SA that IKE_AUTH asks for in `message`, or ChildDenied; its keys come from IKE_SA_INIT's nonces."""
    offer = message.find(SecurityAssociation)
    offered = without_groups(offer.proposals) if offer else ()
    chosen = _choose(offered, policy.esp_proposals, spi, None)
    return _grant(policy, sa, home_address, message, offered, chosen, ni=sa.ni, nr=sa.nr, g_ir=b"", extra=())


def further(
    policy: ResponderPolicy, random: RandomBytes, sa: Sa, home_address: IPv6Address, message: Message, spi: bytes
) -> Granted:
    """The Child SA that CREATE_CHILD_SA asks for in `message`, or ChildDenied; with fresh keys where the UE wants."""
    offer, nonce, ke = message.find(SecurityAssociation), message.find(Nonce), message.find(KeyExchange)
    if offer is None or nonce is None:
        raise ChildDenied(NotifyType.INVALID_SYNTAX, "CREATE_CHILD_SA without SA or Nonce")
    policies = with_groups(policy.esp_proposals, _GROUPS)
    chosen = _choose(offer.proposals, policies, spi, ke.group if ke else None)
    nr = random(_NONCE_OCTETS)
    g_ir, answer = _exchange(random, esp_suite(chosen), ke)
    extra: tuple[Payload, ...] = (Nonce(nr), *answer)
    return _grant(
        policy, sa, home_address, message, offer.proposals, chosen, ni=nonce.data, nr=nr, g_ir=g_ir, extra=extra
    )


def _choose(offered: tuple[Proposal, ...], accepted: tuple[Proposal, ...], spi: bytes, group: int | None) -> Proposal:
    chosen = select(offered, accepted, spi=spi, group=group)
    if chosen is None:
        cause = f"no common ESP proposal: offered {describe(offered)}; wanted {describe(accepted)}"
        raise ChildDenied(NotifyType.NO_PROPOSAL_CHOSEN, cause)
    return chosen


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
    policy: ResponderPolicy,
    sa: Sa,
    home_address: IPv6Address,
    message: Message,
    offered: tuple[Proposal, ...],
    chosen: Proposal,
    *,
    ni: bytes,
    nr: bytes,
    g_ir: bytes,
    extra: tuple[Payload, ...],
) -> Granted:
    mode = Mode.TRANSPORT if message.notify(NotifyType.USE_TRANSPORT_MODE) else Mode.TUNNEL
    ue, network = _narrowed(policy, home_address, message, mode)
    suite = esp_suite(chosen)
    try:
        spi_out = peer_spi(offered, chosen)
    except ProtocolViolation as error:
        raise ChildDenied(NotifyType.INVALID_SYNTAX, error.reason) from None
    child = child_sa(
        suite,
        child_keys(sa.suite.prf, sa.keys.sk_d, suite, ni=ni, nr=nr, g_ir=g_ir),
        mode=mode,
        spi_in=chosen.spi,
        spi_out=spi_out,
        local=network,
        remote=ue,
        initiator=False,
    )
    transport = (Notify(NotifyType.USE_TRANSPORT_MODE),) if mode is Mode.TRANSPORT else ()
    return Granted(child, (*transport, SecurityAssociation((chosen,)), *extra, TsInitiator(ue), TsResponder(network)))


def _narrowed(
    policy: ResponderPolicy, home_address: IPv6Address, message: Message, mode: Mode
) -> tuple[tuple[TrafficSelector, ...], tuple[TrafficSelector, ...]]:
    """Transport mode is for Mobility Headers between the UE and us; tunnel mode for whatever the Home Address sends.

    Whatever was asked for, no SA carries another Home Address than the one that was leased (RFC 4877 §4.3).
    """
    tsi, tsr = message.find(TsInitiator), message.find(TsResponder)
    if tsi is None or tsr is None:
        raise ChildDenied(NotifyType.INVALID_SYNTAX, "a Child SA without TSi or TSr")
    if mode is Mode.TRANSPORT:
        own = (TrafficSelector.address(home_address, MOBILITY_HEADER),)
        network = (TrafficSelector.address(policy.ha_address, MOBILITY_HEADER),)
    else:
        own, network = (TrafficSelector.address(home_address),), _EVERYWHERE
    narrowed = narrow(tsi.known, own), narrow(tsr.known, network)
    if not all(narrowed):
        wish = f"{', '.join(map(str, tsi.known))} to {', '.join(map(str, tsr.known))}"
        raise ChildDenied(NotifyType.TS_UNACCEPTABLE, f"{mode.value} mode for {wish} is not for {home_address}")
    return narrowed
