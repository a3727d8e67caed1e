"""The EAP layer around the method: identity, choice of method, Nak (RFC 3748 §2, §5)."""

from collections.abc import Callable

from aaa.eap.aka_server import AkaServer, waits_until
from aaa.eap.events import (
    Discard,
    EapArrived,
    Effect,
    Event,
    Failed,
    MethodChosen,
    ProfileArrived,
    ProfileRefused,
    SendEap,
    VectorArrived,
    VectorRefused,
)
from aaa.eap.responses import any_response, matching_response
from aaa.eap.states import (
    AwaitingIdentity,
    Challenged,
    Chosen,
    Closed,
    Done,
    EapState,
    Exchange,
    FailureNotified,
    IdentityRequested,
    MethodProposed,
    MethodRunning,
    Reauthenticating,
    Silent,
    SimChallenged,
    imsi_of,
)
from aaa.messages import RejectCause
from wire.eap.packet import EapPacket, EapType, failure, identity_request
from wire.identity import EapMethod, Imsi, classify
from wire.sansio import Moves, Tick, Transitions, UnlistedTransition, moves

Step = tuple[EapState, list[Effect]]

TYPE_AT = 4
MOST_TYPES = 16
"""Types of a Nak that the log names."""
_NAK = EapType.NAK.value
_IN_METHOD = (MethodProposed, MethodRunning)
_NAK_MAY_ANSWER = (AwaitingIdentity, Challenged, SimChallenged, Reauthenticating, FailureNotified)
_SILENT, _CLOSED, _METHOD_CHOSEN = Silent(), Closed(), MethodChosen()

TRANSITIONS: Transitions = {
    (Silent, EapArrived): frozenset({Silent, IdentityRequested, MethodProposed, Closed}),
    (IdentityRequested, EapArrived): frozenset({IdentityRequested, MethodProposed, Closed}),
    (MethodProposed, EapArrived): frozenset({MethodProposed, MethodRunning, Closed}),
    (MethodProposed, VectorArrived): frozenset({MethodProposed}),
    (MethodProposed, VectorRefused): frozenset({MethodProposed}),
    (MethodProposed, Tick): frozenset({MethodProposed}),
    (MethodRunning, EapArrived): frozenset({MethodRunning, Closed}),
    (MethodRunning, VectorArrived): frozenset({MethodRunning}),
    (MethodRunning, VectorRefused): frozenset({MethodRunning}),
    (MethodRunning, ProfileArrived): frozenset({MethodRunning, Closed}),
    (MethodRunning, ProfileRefused): frozenset({MethodRunning, Closed}),
    (MethodRunning, Tick): frozenset({MethodRunning, Closed}),
    (Closed, EapArrived): frozenset({Closed}),
}


class Authenticator:
    """One peer. `state` is plain data: an authenticator made anew with it goes on where this one was.

    `server` is what the peer's client is served by.
    """

    def __init__(self, server: AkaServer, state: EapState = _SILENT) -> None:
        self._server = server
        self.state = state

    @property
    def deadline(self) -> float | None:
        """When the HSS has been waited for long enough."""
        state = self.state
        return waits_until(state.aka) if isinstance(state, _IN_METHOD) else None

    def handle(self, event: Event, now: float) -> list[Effect]:
        """Take one event; at most one effect follows. UnlistedTransition for an answer that was not asked for."""
        state = self.state
        try:
            move, allowed = _MOVES[type(state), type(event)]
        except KeyError:
            raise UnlistedTransition(type(state), type(event), type(state)) from None
        following, effects = move(self._server, state, event, now)
        if type(following) not in allowed:
            raise UnlistedTransition(type(state), type(event), type(following))
        self.state = following
        return effects


def _opened(server: AkaServer, state: Silent, event: EapArrived, now: float) -> Step:
    if not event.octets:
        identifier = server.random(1)[0]
        return IdentityRequested(identifier), [SendEap(identity_request(identifier))]
    packet = any_response(event.octets)
    return (state, [packet]) if isinstance(packet, Discard) else _identified(server, packet, now)


def _asked(server: AkaServer, state: IdentityRequested, event: EapArrived, now: float) -> Step:
    packet = matching_response(event.octets, state.identifier)
    return (state, [packet]) if isinstance(packet, Discard) else _identified(server, packet, now)


def _identified(server: AkaServer, packet: EapPacket, now: float) -> Step:
    if packet.type != EapType.IDENTITY:
        return _fail(packet, RejectCause.BAD_EAP, f"type {packet.type} where an identity is due")
    identity, offered = classify(packet.type_data), server.policy.methods
    method = identity.method
    if method is None or method not in offered:
        if identity.is_served_by_nobody:
            # TS 23.003 §14.6: no AAA server may serve it; §14.8: emergency sessions are authenticated otherwise.
            return _fail(packet, RejectCause.USER_UNKNOWN, "a realm that no AAA server serves")
        if not offered:
            detail = "no method is offered: EAP-AKA' needs a network name"
            return _fail(packet, RejectCause.METHOD_REFUSED, detail, identity.imsi)
        # an identity of EAP-SIM is a hint alone (RFC 4186 §4.2.1.6): its UE may have a USIM, or says Nak
        method = offered[0]
    identified = packet.type_data
    if server.policy.always_ask_identity and method is EapMethod.AKA and offered[0] is EapMethod.AKA_PRIME:
        # an identity that is not believed chooses no weaker method: a UE that has both would find itself bid down by
        # AT_BIDDING and stop (RFC 9048 §4), and one that has EAP-AKA alone says Nak
        method = EapMethod.AKA_PRIME
    aka, effects = server.step(Chosen(Exchange(method, identified, packet.identifier)), _METHOD_CHOSEN, now)
    return MethodProposed(identified, aka), effects


def _proposal_answered(server: AkaServer, state: MethodProposed, event: EapArrived, now: float) -> Step:
    octets, aka = event.octets, state.aka
    if len(octets) > TYPE_AT and octets[TYPE_AT] == _NAK and isinstance(aka, _NAK_MAY_ANSWER):
        packet = matching_response(octets, aka.exchange.identifier)
        if isinstance(packet, EapPacket):
            return _declined(server, state, aka.exchange.method, packet, now)
    following, effects = server.step(aka, event, now)
    if following is aka:
        # what it discards decides nothing
        return state, effects
    return _CLOSED if isinstance(following, Done) else MethodRunning(following), effects


def _declined(server: AkaServer, state: MethodProposed, method: EapMethod, packet: EapPacket, now: float) -> Step:
    imsi, aka = imsi_of(state) or classify(state.identity).imsi, state.aka
    if isinstance(aka, FailureNotified):
        return _fail(packet, aka.cause, aka.detail, imsi, method)
    declined = (*state.refused, method)
    wanted = [one for one in server.policy.methods if one in packet.type_data and one not in declined]
    if not wanted:
        # a UE may ask for as many as its packet has octets, and a line is for an operator
        asked = ", ".join(str(number) for number in packet.type_data[:MOST_TYPES])
        return _fail(packet, RejectCause.METHOD_REFUSED, f"the UE asks for EAP type {asked}", imsi, method)
    chosen = Chosen(Exchange(wanted[0], state.identity, packet.identifier))
    following, effects = server.step(chosen, _METHOD_CHOSEN, now)
    return MethodProposed(state.identity, following, declined), effects


def _proposal_made(server: AkaServer, state: MethodProposed, event: Event, now: float) -> Step:
    """What is no packet of the UE leaves open whether it takes the method."""
    aka, effects = server.step(state.aka, event, now)
    return MethodProposed(state.identity, aka, state.refused), effects


def _run(server: AkaServer, state: MethodRunning, event: Event, now: float) -> Step:
    aka, effects = server.step(state.aka, event, now)
    return _CLOSED if isinstance(aka, Done) else MethodRunning(aka), effects


def _over(_server: AkaServer, state: Closed, _event: EapArrived, _now: float) -> Step:
    return state, [Discard("the conversation is over")]


def _fail(
    packet: EapPacket, cause: RejectCause, detail: str, imsi: Imsi | None = None, method: EapMethod | None = None
) -> Step:
    return _CLOSED, [Failed(failure(packet.identifier), cause, detail, imsi, method)]


_MOVES: Moves[Callable[..., Step]] = moves(
    TRANSITIONS,
    {
        (Silent, EapArrived): _opened,
        (IdentityRequested, EapArrived): _asked,
        (MethodProposed, EapArrived): _proposal_answered,
        (MethodProposed, VectorArrived): _proposal_made,
        (MethodProposed, VectorRefused): _proposal_made,
        (MethodProposed, Tick): _proposal_made,
        (MethodRunning, EapArrived): _run,
        (MethodRunning, VectorArrived): _run,
        (MethodRunning, VectorRefused): _run,
        (MethodRunning, ProfileArrived): _run,
        (MethodRunning, ProfileRefused): _run,
        (MethodRunning, Tick): _run,
        (Closed, EapArrived): _over,
    },
)
