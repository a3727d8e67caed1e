"""The IKE SA after it is up: the UE's requests, liveness, the end of the AAA server's time (RFC 7296 §1.3, §1.4)."""

from dataclasses import replace

from pdngw_proxy.ike import children
from pdngw_proxy.ike.children import ChildDenied
from pdngw_proxy.ike.ending import gone
from pdngw_proxy.ike.events import ChildInstalled, ChildRemoved, Refused, ResponderEffect
from pdngw_proxy.ike.policy import ResponderPolicy
from pdngw_proxy.ike.sending import send
from pdngw_proxy.ike.states import Closing, Connected, Lingering, State
from wire.ikev2.child import ChildSa
from wire.ikev2.constants import ExchangeType, NotifyType, ProtocolId
from wire.ikev2.exchanges import Request
from wire.ikev2.message import Message, Payload
from wire.ikev2.payloads.delete import Delete
from wire.ikev2.payloads.notify import Notify
from wire.ikev2.payloads.sa import SecurityAssociation
from wire.ikev2.spis import ESP_SPI_OCTETS, EspSpis
from wire.sansio import RandomBytes

Step = tuple[State, list[ResponderEffect]]


def serve(
    policy: ResponderPolicy, random: RandomBytes, spis: EspSpis, state: Connected, request: Request, now: float
) -> Step:
    """Answer a request of the UE."""
    heard = replace(state, heard=now)
    if request.message.exchange == ExchangeType.CREATE_CHILD_SA:
        return _create_child(policy, random, spis, heard, request)
    if request.message.exchange == ExchangeType.INFORMATIONAL:
        return inform(policy, heard, request, now)
    cause = f"{state.session.identity} began exchange {request.message.exchange} on an established IKE SA"
    return _deny(heard, request, Notify(NotifyType.INVALID_SYNTAX), cause)


def inform(policy: ResponderPolicy, state: Connected, request: Request, now: float) -> Step:
    """Deletes, errors, or nothing at all, which only asks whether we are there."""
    message = request.message
    deletes = message.every(Delete)
    if any(delete.protocol_id == ProtocolId.IKE for delete in deletes):
        return _leave(policy, state, request, "the UE deleted the IKE SA", now)
    if message.fatal is not None:
        return _leave(policy, state, request, f"the UE says {message.fatal.name}", now)
    named = {spi for delete in deletes if delete.protocol_id == ProtocolId.ESP for spi in delete.spis}
    lost = tuple(child for child in state.children if child.spi_out.to_bytes(ESP_SPI_OCTETS, "big") in named)
    own = tuple(child.spi_in.to_bytes(ESP_SPI_OCTETS, "big") for child in lost)
    payloads: tuple[Payload, ...] = (Delete(ProtocolId.ESP, own, ESP_SPI_OCTETS),) if own else ()
    kept: tuple[ChildSa, ...] = tuple(child for child in state.children if child not in lost)
    transmit = send(state.sa, state.sa.exchanges.reply(request, payloads))
    return replace(state, children=kept), [*(ChildRemoved(child.spi_in) for child in lost), transmit]


def probe(state: Connected, now: float) -> Step:
    """Ask whether the UE is there (RFC 7296 §2.4)."""
    transmit = state.sa.exchanges.request(ExchangeType.INFORMATIONAL, (), now)
    return state, [send(state.sa, transmit)]


def close(state: Connected, cause: str, now: float) -> Step:
    """Send Delete, or remember to when the window is free."""
    if state.sa.exchanges.busy:
        return replace(state, closing=cause), []
    transmit = state.sa.exchanges.request(ExchangeType.INFORMATIONAL, (Delete(ProtocolId.IKE),), now)
    return Closing(state.sa, state.children, cause), [send(state.sa, transmit)]


def hear(state: Connected, now: float) -> Step:
    """The UE's answer to our own request: it is there."""
    return close(state, state.closing, now) if state.closing is not None else (replace(state, heard=now), [])


def _leave(policy: ResponderPolicy, state: Connected, request: Request, cause: str, now: float) -> Step:
    transmit = send(state.sa, state.sa.exchanges.reply(request, ()))
    return Lingering(state.sa, now + policy.linger), [transmit, *gone(state, cause)]


def _create_child(
    policy: ResponderPolicy, random: RandomBytes, spis: EspSpis, state: Connected, request: Request
) -> Step:
    message, session = request.message, state.session
    denial = _out_of_hand(policy, state, message)
    if denial is not None:
        return _deny(state, request, *denial)
    try:
        granted = children.further(policy, random, state.sa, session.home_address, message, spis.take())
    except ChildDenied as denied:
        return _deny(state, request, denied.notify, f"{session.identity}: {denied.cause}")
    transmit = send(state.sa, state.sa.exchanges.reply(request, granted.payloads))
    grown = replace(state, children=(*state.children, granted.child))
    return grown, [ChildInstalled(granted.child, session.home_address), transmit]


def _out_of_hand(policy: ResponderPolicy, state: Connected, message: Message) -> tuple[Notify, str] | None:
    """Why CREATE_CHILD_SA is denied before its proposals are looked at; None when it is not."""
    identity = state.session.identity
    rekeyed = message.notify(NotifyType.REKEY_SA)
    ours = {child.spi_out.to_bytes(ESP_SPI_OCTETS, "big") for child in state.children}
    if rekeyed is not None and rekeyed.spi not in ours:
        missing = Notify(NotifyType.CHILD_SA_NOT_FOUND, protocol_id=rekeyed.protocol_id, spi=rekeyed.spi)
        return missing, f"{identity} rekeys a Child SA that is not there"
    if state.closing is not None:
        return Notify(NotifyType.TEMPORARY_FAILURE), f"{identity} wants a Child SA of an IKE SA that is being closed"
    offer = message.find(SecurityAssociation)
    if offer and any(proposal.protocol_id == ProtocolId.IKE for proposal in offer.proposals):
        return Notify(NotifyType.NO_ADDITIONAL_SAS), f"{identity} wants to rekey the IKE SA, which is not offered"
    if len(state.children) >= policy.child_limit:
        return Notify(NotifyType.NO_ADDITIONAL_SAS), f"{identity} has {len(state.children)} Child SAs already"
    return None


def _deny(state: Connected, request: Request, notify: Notify, cause: str) -> Step:
    return state, [send(state.sa, state.sa.exchanges.reply(request, (notify,))), Refused(cause)]
