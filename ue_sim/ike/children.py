"""Child SAs at the initiator: accepting an answer, and CREATE_CHILD_SA (RFC 7296 §1.3.1, §2.9)."""

from dataclasses import replace

from ue_sim.ike.events import ChildInstalled, ChildRefused, ChildRequested, InitiatorEffect
from ue_sim.ike.policy import InitiatorPolicy
from ue_sim.ike.states import Connected, CreatingChild, Sa
from wire.errors import ProtocolViolation
from wire.ikev2.child import ChildSa, Mode, child_sa
from wire.ikev2.constants import ExchangeType, NotifyType
from wire.ikev2.keys import child_keys
from wire.ikev2.message import Message, Payload
from wire.ikev2.payloads.nonce import Nonce
from wire.ikev2.payloads.notify import Notify
from wire.ikev2.payloads.sa import Proposal, SecurityAssociation
from wire.ikev2.payloads.ts import TrafficSelectors, TsInitiator, TsResponder
from wire.ikev2.proposal import check_answer, esp_suite, offer, peer_spi
from wire.ikev2.selectors import TrafficSelector
from wire.ikev2.spis import esp_spi
from wire.sansio import RandomBytes

_NONCE_OCTETS = 32


def accept(
    sa: Sa,
    message: Message,
    *,
    mode: Mode,
    offered: tuple[Proposal, ...],
    spi: bytes,
    ni: bytes,
    nr: bytes,
    local: tuple[TrafficSelector, ...],
    remote: tuple[TrafficSelector, ...],
) -> ChildSa:
    """The Child SA that `message` grants; ProtocolViolation when it is not within what was asked for."""
    answer = message.find(SecurityAssociation)
    if answer is None:
        raise ProtocolViolation("the gateway answers without SA")
    chosen = check_answer(answer.proposals, offered)
    suite = esp_suite(chosen)
    transport = message.notify(NotifyType.USE_TRANSPORT_MODE) is not None
    if transport != (mode is Mode.TRANSPORT):
        raise ProtocolViolation(f"the gateway does not agree to {mode.value} mode")
    return child_sa(
        suite,
        child_keys(sa.suite.prf, sa.keys.sk_d, suite, ni=ni, nr=nr),
        mode=mode,
        spi_in=spi,
        spi_out=peer_spi(answer.proposals, chosen),
        local=_within(message.find(TsInitiator), local),
        remote=_within(message.find(TsResponder), remote),
        initiator=True,
    )


def ask(
    policy: InitiatorPolicy, random: RandomBytes, state: Connected, wish: ChildRequested, now: float
) -> tuple[Connected, list[InitiatorEffect]]:
    """Send CREATE_CHILD_SA for `wish`."""
    outstanding = CreatingChild(wish, esp_spi(random), random(_NONCE_OCTETS))
    payloads: list[Payload] = [Notify(NotifyType.USE_TRANSPORT_MODE)] if wish.mode is Mode.TRANSPORT else []
    payloads += [
        SecurityAssociation(offer(policy.esp_proposals, outstanding.spi)),
        Nonce(outstanding.ni),
        TsInitiator(wish.local),
        TsResponder(wish.remote),
    ]
    transmit = state.sa.exchanges.request(ExchangeType.CREATE_CHILD_SA, payloads, now)
    return replace(state, outstanding=outstanding), [transmit]


def conclude(
    policy: InitiatorPolicy, state: Connected, outstanding: CreatingChild, message: Message
) -> tuple[Connected, list[InitiatorEffect]]:
    """Install what CREATE_CHILD_SA granted, or say why there is nothing."""
    free = replace(state, outstanding=None)
    try:
        child = _granted(policy, state.sa, outstanding, message)
    except ProtocolViolation as error:
        return free, [ChildRefused(error.reason)]
    return replace(free, children=(*state.children, child)), [ChildInstalled(child)]


def _granted(policy: InitiatorPolicy, sa: Sa, outstanding: CreatingChild, message: Message) -> ChildSa:
    if message.refusal is not None:
        raise ProtocolViolation(f"the gateway makes no Child SA: {message.refusal.name}")
    nonce = message.find(Nonce)
    if nonce is None:
        raise ProtocolViolation("the gateway answers without Nonce")
    return accept(
        sa,
        message,
        mode=outstanding.wish.mode,
        offered=offer(policy.esp_proposals, outstanding.spi),
        spi=outstanding.spi,
        ni=outstanding.ni,
        nr=nonce.data,
        local=outstanding.wish.local,
        remote=outstanding.wish.remote,
    )


def _within(payload: TrafficSelectors | None, wanted: tuple[TrafficSelector, ...]) -> tuple[TrafficSelector, ...]:
    """The responder may narrow what was asked for, and never widen it (RFC 7296 §2.9)."""
    granted = payload.known if payload else ()
    if not granted or not all(any(wish.covers(one) for wish in wanted) for one in granted):
        raise ProtocolViolation("the gateway's traffic selectors are not within ours")
    return granted
