"""The EAP layer around the method: identity, choice of method, Nak (RFC 3748 §2, §5)."""

from collections.abc import Sequence

from aaa.eap.aka_server import AkaServer
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
from aaa.eap.policy import AkaPolicy
from aaa.eap.responses import any_response, matching_response
from aaa.eap.states import (
    AwaitingIdentity,
    AwaitingProfile,
    AwaitingVector,
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
from aaa.eap.temporary import Identities
from aaa.messages import RejectCause
from wire.eap.packet import EapPacket, EapType, failure, identity_request
from wire.identity import EapMethod, Imsi, classify
from wire.sansio import RandomBytes, Tick, Transitions, UnlistedTransition, check_transition

Step = tuple[EapState, list[Effect]]

TYPE_AT = 4
MOST_TYPES = 16
"""Types of a Nak that the log names."""
_NAK = bytes((EapType.NAK,))
_IN_METHOD = (MethodProposed, MethodRunning)
_NAK_MAY_ANSWER = (AwaitingIdentity, Challenged, SimChallenged, Reauthenticating, FailureNotified)

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
    """One peer. `state` is plain data: an authenticator made anew with it goes on where this one was."""

    def __init__(
        self,
        policy: AkaPolicy,
        random: RandomBytes,
        state: EapState | None = None,
        identities: Identities | None = None,
    ) -> None:
        self._policy = policy
        self._random = random
        self._identities = identities
        self.state: EapState = state or Silent()
        self._method: AkaServer | None = None

    @property
    def deadline(self) -> float | None:
        """When the HSS has been waited for long enough."""
        match self.state:
            case MethodProposed(aka=AwaitingVector(until=until) | AwaitingProfile(until=until)):
                return until
            case MethodRunning(AwaitingVector(until=until) | AwaitingProfile(until=until)):
                return until
            case _:
                return None

    def handle(self, event: Event, now: float) -> list[Effect]:
        """Take one event; at most one effect follows. UnlistedTransition for an answer that was not asked for."""
        state = self.state
        following, effects = self._step(state, event, now)
        check_transition(TRANSITIONS, state, event, following)
        self.state = following
        return effects

    def _step(self, state: EapState, event: Event, now: float) -> Step:
        if isinstance(state, _IN_METHOD):
            if isinstance(state, MethodProposed) and isinstance(event, EapArrived):
                return self._proposed(state, event, now)
            return self._run(state, event, now)
        if not isinstance(event, EapArrived):
            raise UnlistedTransition(type(state), type(event), type(state))
        if isinstance(state, Silent):
            return self._opened(state, event.octets, now)
        if isinstance(state, Closed):
            return state, [Discard("the conversation is over")]
        packet = matching_response(event.octets, state.identifier)
        return (state, [packet]) if isinstance(packet, Discard) else self._identified(packet, now)

    def _opened(self, state: Silent, octets: bytes, now: float) -> Step:
        if not octets:
            identifier = self._random(1)[0]
            return IdentityRequested(identifier), [SendEap(identity_request(identifier))]
        packet = any_response(octets)
        return (state, [packet]) if isinstance(packet, Discard) else self._identified(packet, now)

    def _identified(self, packet: EapPacket, now: float) -> Step:
        if packet.type != EapType.IDENTITY:
            return _fail(packet, RejectCause.BAD_EAP, f"type {packet.type} where an identity is due")
        identity, offered = classify(packet.type_data), self._policy.methods
        if identity.is_served_by_nobody:
            # TS 23.003 §14.6: no AAA server may serve it; §14.8: emergency sessions are authenticated otherwise.
            return _fail(packet, RejectCause.USER_UNKNOWN, "a realm that no AAA server serves")
        method = identity.method
        if method is None or method not in offered:
            if not offered:
                detail = "no method is offered: EAP-AKA' needs a network name"
                return _fail(packet, RejectCause.METHOD_REFUSED, detail, identity.imsi)
            # an identity of EAP-SIM is a hint alone (RFC 4186 §4.2.1.6): its UE may have a USIM, or says Nak
            method = offered[0]
        return self._propose(method, packet, packet.type_data, (), now)

    def _propose(
        self, method: EapMethod, after: EapPacket, identity: bytes, refused: tuple[EapMethod, ...], now: float
    ) -> Step:
        chosen = Chosen(Exchange(method, identity, after.identifier))
        return self._run(MethodProposed(identity, chosen, refused), MethodChosen(), now)

    def _proposed(self, state: MethodProposed, event: EapArrived, now: float) -> Step:
        aka = state.aka
        if event.octets[TYPE_AT : TYPE_AT + 1] != _NAK or not isinstance(aka, _NAK_MAY_ANSWER):
            return self._run(state, event, now)
        packet = matching_response(event.octets, aka.exchange.identifier)
        if isinstance(packet, Discard):
            return self._run(state, event, now)
        imsi, method = imsi_of(state) or classify(state.identity).imsi, aka.exchange.method
        if isinstance(aka, FailureNotified):
            return _fail(packet, aka.cause, aka.detail, imsi, method)
        declined = (*state.refused, method)
        wanted = [one for one in self._policy.methods if one in packet.type_data and one not in declined]
        if not wanted:
            # a UE may ask for as many as its packet has octets, and a line is for an operator
            asked = ", ".join(str(number) for number in packet.type_data[:MOST_TYPES])
            return _fail(packet, RejectCause.METHOD_REFUSED, f"the UE asks for EAP type {asked}", imsi, method)
        return self._propose(wanted[0], packet, state.identity, declined, now)

    def _run(self, state: MethodProposed | MethodRunning, event: Event, now: float) -> Step:
        server = self._method
        if server is None or server.state is not state.aka:
            server = AkaServer(self._policy, state.aka, self._random, self._identities)
            self._method = server
        effects = server.handle(event, now)
        aka = server.state
        if isinstance(aka, Done):
            return Closed(), effects
        if isinstance(state, MethodProposed) and (not isinstance(event, EapArrived) or _discarded(effects)):
            return MethodProposed(state.identity, aka, state.refused), effects
        return MethodRunning(aka), effects


def _discarded(effects: Sequence[Effect]) -> bool:
    return bool(effects) and isinstance(effects[0], Discard)


def _fail(
    packet: EapPacket, cause: RejectCause, detail: str, imsi: Imsi | None = None, method: EapMethod | None = None
) -> Step:
    return Closed(), [Failed(failure(packet.identifier), cause, detail, imsi, method)]
