"""The server of EAP-AKA, EAP-AKA' and EAP-SIM, without IO (RFC 4187 §3, RFC 9048 §3, RFC 4186 §3)."""

from collections.abc import Callable
from dataclasses import replace
from typing import ClassVar

from aaa.eap import offers, reauthentication, sim
from aaa.eap.aka_table import TRANSITIONS
from aaa.eap.challenge import Genuine, KdfWanted, WrongAnswer, challenge_request, challenged, read_answer
from aaa.eap.endings import Step, deny, fail, next_request, notify_success, refuse, succeed, wrong
from aaa.eap.events import (
    Discard,
    EapArrived,
    Event,
    FetchProfile,
    FetchVector,
    MethodChosen,
    ProfileArrived,
    ProfileRefused,
    SendEap,
    VectorArrived,
    VectorRefused,
)
from aaa.eap.opening import Opening
from aaa.eap.policy import AkaPolicy
from aaa.eap.reauthentication import CounterTooSmall
from aaa.eap.responses import Unreadable, read_response
from aaa.eap.states import (
    AkaState,
    AwaitingIdentity,
    AwaitingProfile,
    AwaitingVector,
    Challenged,
    Chosen,
    Done,
    Exchange,
    FailureNotified,
    Proven,
    Reauthenticating,
    SimChallenged,
    SuccessNotified,
)
from aaa.eap.temporary import Identities, NoTemporaryIdentities
from aaa.messages import RejectCause
from hss.api import Resynchronisation
from wire.eap.aka import AkaMessage
from wire.eap.aka_keys import session_id
from wire.eap.attributes import At
from wire.eap.constants import Subtype
from wire.eap.sim_keys import sim_session_id
from wire.identity import EapMethod, Imsi
from wire.sansio import Moves, RandomBytes, Tick, UnlistedTransition, moves

__all__ = ["TRANSITIONS", "AkaServer", "waits_until"]

_SIM, _AKA_PRIME = EapMethod.SIM, EapMethod.AKA_PRIME
_CHALLENGE, _REAUTHENTICATION = Subtype.CHALLENGE, Subtype.REAUTHENTICATION
Asking = AwaitingIdentity | Challenged | SimChallenged | Reauthenticating
"""A request is out that begins or decides the authentication."""


def waits_until(state: AkaState) -> float | None:
    """When the HSS has been waited for long enough; the UE's time is the conversation's age, not the machine's."""
    return state.until if isinstance(state, AwaitingVector | AwaitingProfile) else None


class AkaServer:
    """The server towards the clients of one policy. It keeps nothing of any user: a step goes from state to state.

    `random` is entropy for Identifiers, NONCE_S and AT_IV.
    """

    def __init__(self, policy: AkaPolicy, random: RandomBytes, identities: Identities | None = None) -> None:
        self.policy = policy
        self.random = random
        self._identities = identities or NoTemporaryIdentities()
        self._opening = Opening(policy, self._identities, random)

    def step(self, state: AkaState, event: Event, now: float) -> Step:
        """What follows an event; at most one effect. UnlistedTransition for an answer that was not asked for."""
        try:
            move, allowed = self._MOVES[type(state), type(event)]
        except KeyError:
            raise UnlistedTransition(type(state), type(event), type(state)) from None
        step = move(self, state, event, now)
        following = type(step[0])
        if following not in allowed:
            raise UnlistedTransition(type(state), type(event), following)
        return step

    def _begin(self, state: Chosen, _event: MethodChosen, now: float) -> Step:
        return self._opening.begin(state.exchange, now)

    def _provided(self, state: AwaitingVector, event: VectorArrived, _now: float) -> Step:
        exchange = next_request(state.exchange)
        if exchange.method is _SIM:
            return self._sim_challenge(sim.sim_challenged(state, (event.vector, *event.more), exchange))
        return self._challenge(challenged(state, event.vector, exchange))

    def _not_provided(self, state: AwaitingVector, event: VectorRefused, _now: float) -> Step:
        return refuse(state.exchange, event.cause, event.detail, state.imsi)

    def _granted(self, state: AwaitingProfile, event: ProfileArrived, _now: float) -> Step:
        if state.result_ind:
            return notify_success(state, event.grant, self.random)
        return succeed(state.exchange, state.proven, event.grant)

    def _denied(self, state: AwaitingProfile, event: ProfileRefused, _now: float) -> Step:
        return deny(state, event.cause, event.detail, self.random)

    def _unasked(self, state: AwaitingVector | AwaitingProfile | Done, _event: EapArrived, _now: float) -> Step:
        return state, [Discard("no request is outstanding")]

    def _answered(self, state: Asking, event: EapArrived, now: float) -> Step:
        return self._said(state, read_response(event.octets, state.exchange), now)

    def _challenge_answered(self, state: Challenged, event: EapArrived, now: float) -> Step:
        exchange = state.exchange
        message = read_response(event.octets, exchange)
        if not isinstance(message, AkaMessage) or message.subtype is not _CHALLENGE:
            return self._said(state, message, now)
        answer = read_answer(state, message, self.policy)
        if isinstance(answer, Genuine):
            keys, identity = state.keys, session_id(exchange.method, state.rand, state.autn)
            proven = Proven(state.imsi, keys, keys.msk, identity, None, state.seed)
            return self._authorize(exchange, proven, now, answer.result_ind)
        if isinstance(answer, KdfWanted):
            return self._challenge(replace(state, exchange=next_request(exchange), kdfs=(answer.kdf, *state.kdfs)))
        return wrong(exchange, answer, state.imsi)

    def _success_heard(self, state: SuccessNotified, event: EapArrived, now: float) -> Step:
        """Whatever answers it is an answer (RFC 4187 §6.2)."""
        read = read_response(event.octets, state.exchange)
        if isinstance(read, Discard):
            return state, [read]
        if state.grant is None:
            return self._authorize(state.exchange, state.proven, now, notified=True)
        return succeed(state.exchange, state.proven, state.grant)

    def _failure_heard(self, state: FailureNotified, event: EapArrived, _now: float) -> Step:
        read = read_response(event.octets, state.exchange)
        if isinstance(read, Discard):
            return state, [read]
        return fail(state.exchange, state.cause, state.detail, state.imsi)

    def _said(self, state: Asking, read: AkaMessage | Unreadable | Discard, now: float) -> Step:
        if isinstance(read, Discard):
            return state, [read]
        exchange, imsi = state.exchange, _subscriber(state)
        if isinstance(read, Unreadable):
            return refuse(exchange, RejectCause.BAD_EAP, read.reason, imsi)
        match state, read.subtype:
            case _, Subtype.CLIENT_ERROR:
                detail = f"client error code {read.attributes.number(At.CLIENT_ERROR_CODE)}"
                return fail(exchange, RejectCause.CLIENT_ERROR, detail, imsi)
            case AwaitingIdentity() as awaiting, Subtype.IDENTITY:
                return self._opening.identified(awaiting, read, now)
            case AwaitingIdentity() as awaiting, Subtype.SIM_START:
                return self._opening.started(awaiting, read, now)
            case SimChallenged() as out, Subtype.SIM_CHALLENGE:
                return self._sim_answered(out, read, now)
            case Challenged() as out, Subtype.SYNCHRONIZATION_FAILURE:
                return self._out_of_step(out, read, now)
            case Challenged(), Subtype.AUTHENTICATION_REJECT:
                return fail(exchange, RejectCause.NETWORK_REFUSED_BY_UE, "", imsi)
            case _, subtype:
                return refuse(exchange, RejectCause.BAD_EAP, f"{subtype.name} answers no {type(state).__name__}", imsi)

    def _challenge(self, state: Challenged) -> Step:
        policy = self.policy
        name = policy.network_name if state.keys.method is _AKA_PRIME else None
        encrypted = offers.after_challenge(state, self._identities, name, self.random)
        return state, [SendEap(challenge_request(state, policy, encrypted))]

    def _sim_challenge(self, state: SimChallenged) -> Step:
        encrypted = offers.after_challenge(state, self._identities, None, self.random)
        return state, [SendEap(sim.sim_challenge_request(state, self.policy, encrypted))]

    def _sim_answered(self, state: SimChallenged, message: AkaMessage, now: float) -> Step:
        match sim.read_sim_answer(state, message, self.policy):
            case Genuine(result_ind):
                identity, keys = sim_session_id(state.rands, state.nonce_mt), state.keys
                proven = Proven(state.imsi, keys, keys.msk, identity, None, keys.mk)
                return self._authorize(state.exchange, proven, now, result_ind)
            case WrongAnswer() as answer:
                return wrong(state.exchange, answer, state.imsi)

    def _authorize(
        self, exchange: Exchange, proven: Proven, now: float, result_ind: bool = False, notified: bool = False
    ) -> Step:
        until = now + self.policy.hss_limit
        return AwaitingProfile(exchange, proven, until, result_ind, notified), [FetchProfile(proven.imsi)]

    def _out_of_step(self, state: Challenged, message: AkaMessage, now: float) -> Step:
        # RFC 9048 §3.2: the AT_KDF list must come back as it was sent, or the answer counts as one with a wrong AT_MAC.
        if message.attributes.numbers(At.KDF) != state.kdfs:
            return refuse(state.exchange, RejectCause.WRONG_RESPONSE, "AT_KDF was altered", state.imsi)
        if state.resynchronised:
            detail = "out of step again after a resynchronisation"
            return refuse(state.exchange, RejectCause.RESYNCHRONISATION_REJECTED, detail, state.imsi)
        until = now + self.policy.hss_limit
        following = AwaitingVector(state.exchange, state.imsi, state.checkcode, until, state.kdfs, resynchronised=True)
        request = Resynchronisation(state.rand, message.attributes.get(At.AUTS) or b"")
        name, method = self.policy.name_for(state.exchange.method), state.exchange.method
        return following, [FetchVector(state.imsi, method, name, request)]

    def _reauthentication_answered(self, state: Reauthenticating, event: EapArrived, now: float) -> Step:
        message = read_response(event.octets, state.exchange)
        if not isinstance(message, AkaMessage) or message.subtype is not _REAUTHENTICATION:
            return self._said(state, message, now)
        match reauthentication.read_answer(state, message, self.policy):
            case Genuine(result_ind):
                return self._authorize(state.exchange, reauthentication.proven(state), now, result_ind)
            case CounterTooSmall():
                return self._opening.challenge_instead(state, now)
            case WrongAnswer() as answer:
                return wrong(state.exchange, answer, state.resumable.imsi)

    def _out_of_time(self, state: AwaitingVector | AwaitingProfile, _event: Tick, now: float) -> Step:
        if now < state.until:
            return state, []
        detail = "no answer within the limit"
        if isinstance(state, AwaitingProfile):
            return deny(state, RejectCause.HSS_UNAVAILABLE, detail, self.random)
        return refuse(state.exchange, RejectCause.HSS_UNAVAILABLE, detail, state.imsi)

    _MOVES: ClassVar[Moves[Callable[..., Step]]] = moves(
        TRANSITIONS,
        {
            (Chosen, MethodChosen): _begin,
            (AwaitingIdentity, EapArrived): _answered,
            (AwaitingVector, EapArrived): _unasked,
            (AwaitingVector, VectorArrived): _provided,
            (AwaitingVector, VectorRefused): _not_provided,
            (AwaitingVector, Tick): _out_of_time,
            (Challenged, EapArrived): _challenge_answered,
            (SimChallenged, EapArrived): _answered,
            (Reauthenticating, EapArrived): _reauthentication_answered,
            (AwaitingProfile, EapArrived): _unasked,
            (AwaitingProfile, ProfileArrived): _granted,
            (AwaitingProfile, ProfileRefused): _denied,
            (AwaitingProfile, Tick): _out_of_time,
            (SuccessNotified, EapArrived): _success_heard,
            (FailureNotified, EapArrived): _failure_heard,
            (Done, EapArrived): _unasked,
        },
    )


def _subscriber(state: Asking) -> Imsi | None:
    match state:
        case AwaitingIdentity(known=known):
            return known
        case Challenged(imsi=imsi) | SimChallenged(imsi=imsi):
            return imsi
        case Reauthenticating(resumable=resumable):
            return resumable.imsi
