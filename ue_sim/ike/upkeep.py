"""The IKE SA after it is up: liveness, Delete, the gateway's requests, the queue for the window (RFC 7296 §1.4)."""

from dataclasses import replace

from ue_sim.ike import children
from ue_sim.ike.events import ChildRefused, ChildRemoved, ChildRequested, Closed, CloseRequested, InitiatorEffect
from ue_sim.ike.policy import InitiatorPolicy
from ue_sim.ike.states import Closing, Connected, CreatingChild, Ended, Probing, Protected, State
from wire.ikev2.child import ChildSa
from wire.ikev2.constants import ExchangeType, NotifyType, ProtocolId
from wire.ikev2.exchanges import Reply, Request
from wire.ikev2.message import Payload, UnsupportedCriticalPayload
from wire.ikev2.payloads.delete import Delete
from wire.ikev2.payloads.notify import Notify
from wire.ikev2.spis import ESP_SPI_OCTETS
from wire.sansio import RandomBytes

QUEUE_LIMIT = 16
"""Child SAs that may wait for the window."""

Step = tuple[State, list[InitiatorEffect]]


def enqueue(
    policy: InitiatorPolicy,
    random: RandomBytes,
    state: Connected,
    wish: ChildRequested | CloseRequested,
    now: float,
) -> Step:
    """Begin `wish` at once, or when the window is free again."""
    if isinstance(wish, CloseRequested):
        return advance(policy, random, replace(state, queue=(wish,)), now)
    if len(state.queue) == QUEUE_LIMIT:
        return state, [ChildRefused(f"{QUEUE_LIMIT} others are waiting already")]
    return advance(policy, random, replace(state, queue=(*state.queue, wish)), now)


def advance(policy: InitiatorPolicy, random: RandomBytes, state: Connected, now: float) -> Step:
    """Begin the next of the queue when the window is free."""
    if not state.queue or state.sa.exchanges.busy:
        return state, []
    wish, *rest = state.queue
    if isinstance(wish, CloseRequested):
        transmit = state.sa.exchanges.request(ExchangeType.INFORMATIONAL, (Delete(ProtocolId.IKE),), now)
        return Closing(state.sa, state.children, wish.cause), [transmit]
    return children.ask(policy, random, replace(state, queue=tuple(rest)), wish, now)


def hear(policy: InitiatorPolicy, random: RandomBytes, state: Connected, reply: Reply, now: float) -> Step:
    """The gateway's answer to our own request."""
    heard = replace(state, heard=now)
    effects: list[InitiatorEffect] = []
    if isinstance(state.outstanding, CreatingChild):
        heard, effects = children.conclude(policy, heard, state.outstanding, reply.message)
    following, more = advance(policy, random, replace(heard, outstanding=None), now)
    return following, [*effects, *more]


def probe(state: Connected, now: float) -> Step:
    """Ask whether the gateway is there (RFC 7296 §2.4)."""
    transmit = state.sa.exchanges.request(ExchangeType.INFORMATIONAL, (), now)
    return replace(state, outstanding=Probing()), [transmit]


def serve(state: Protected, request: Request, now: float) -> Step:
    """Answer a request of the gateway."""
    exchanges, message = state.sa.exchanges, request.message
    if request.fault is not None:
        critical = isinstance(request.fault, UnsupportedCriticalPayload)
        error = NotifyType.UNSUPPORTED_CRITICAL_PAYLOAD if critical else NotifyType.INVALID_SYNTAX
        data = bytes((request.fault.payload_type,)) if isinstance(request.fault, UnsupportedCriticalPayload) else b""
        return state, [exchanges.reply(request, (Notify(error, data),))]
    if message.exchange == ExchangeType.CREATE_CHILD_SA:
        return state, [exchanges.reply(request, (Notify(NotifyType.NO_ADDITIONAL_SAS),))]
    if message.exchange != ExchangeType.INFORMATIONAL:
        return state, [exchanges.reply(request, (Notify(NotifyType.INVALID_SYNTAX),))]
    deletes = message.every(Delete)
    if any(delete.protocol_id == ProtocolId.IKE for delete in deletes):
        effects = end(state, "the gateway deleted the IKE SA")
        return Ended(), [exchanges.reply(request, ()), *effects]
    if message.fatal is not None:
        effects = end(state, f"the gateway says {message.fatal.name}")
        return Ended(), [exchanges.reply(request, ()), *effects]
    if not isinstance(state, Connected):
        return state, [exchanges.reply(request, ())]
    return _delete_children(state, request, deletes, now)


def end(state: Protected, cause: str) -> list[InitiatorEffect]:
    """What has to be said when the IKE SA goes with everything that hangs on it."""
    alive = state.children if isinstance(state, Connected | Closing) else ()
    return [*(ChildRemoved(child.spi_in) for child in alive), Closed(cause)]


def _delete_children(state: Connected, request: Request, deletes: tuple[Delete, ...], now: float) -> Step:
    named = {spi for delete in deletes if delete.protocol_id == ProtocolId.ESP for spi in delete.spis}
    gone = [child for child in state.children if child.spi_out.to_bytes(ESP_SPI_OCTETS, "big") in named]
    own = tuple(child.spi_in.to_bytes(ESP_SPI_OCTETS, "big") for child in gone)
    payloads: tuple[Payload, ...] = (Delete(ProtocolId.ESP, own, ESP_SPI_OCTETS),) if own else ()
    kept: tuple[ChildSa, ...] = tuple(child for child in state.children if child not in gone)
    transmit = state.sa.exchanges.reply(request, payloads)
    removed = [ChildRemoved(child.spi_in) for child in gone]
    return replace(state, children=kept, heard=now), [transmit, *removed]
