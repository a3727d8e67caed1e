"""The server of EAP-AKA, EAP-AKA' and EAP-SIM, without IO (RFC 4187 §3, RFC 9048 §3, RFC 4186 §3)."""

from dataclasses import replace

from aaa.eap import offers, reauthentication, sim
from aaa.eap.aka_table import TRANSITIONS
from aaa.eap.challenge import Genuine, KdfWanted, WrongAnswer, challenge_request, challenged, read_answer
from aaa.eap.endings import Step, deny, fail, grant, next_request, refuse, succeed, wrong
from aaa.eap.events import (
    Discard,
    EapArrived,
    Effect,
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
from wire.sansio import RandomBytes, Tick, UnlistedTransition, check_transition

__all__ = ["TRANSITIONS", "AkaServer"]

_NOTHING_OUT = (AwaitingVector, AwaitingProfile, Done, Chosen)
Asking = AwaitingIdentity | Challenged | SimChallenged | Reauthenticating
"""A request is out that begins or decides the authentication."""


class AkaServer:
    """One authentication. `state` is plain data: a server made anew with it goes on where this one was.

    `random` is entropy for NONCE_S and AT_IV.
    """

    def __init__(
        self, policy: AkaPolicy, state: AkaState, random: RandomBytes, identities: Identities | None = None
    ) -> None:
        self._policy = policy
        self._random = random
        self._identities = identities or NoTemporaryIdentities()
        self.state = state

    @property
    def deadline(self) -> float | None:
        """When the HSS has been waited for long enough; the UE's time is the conversation's age, not the machine's."""
        match self.state:
            case AwaitingVector(until=until) | AwaitingProfile(until=until):
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

    def _step(self, state: AkaState, event: Event, now: float) -> Step:
        # the steps of a login that succeeds come first, each by one question: a match over pairs makes all of them
        if isinstance(event, EapArrived):
            return self._arrived(state, event.octets, now)
        if isinstance(state, Chosen) and isinstance(event, MethodChosen):
            return self._opening().begin(state.exchange, now)
        if isinstance(state, AwaitingVector) and isinstance(event, VectorArrived):
            return self._provided(state, event)
        if isinstance(state, AwaitingProfile) and isinstance(event, ProfileArrived):
            return grant(state, event.grant, self._random)
        match state, event:
            case AwaitingVector(), VectorRefused(cause, detail):
                return refuse(state.exchange, cause, detail, state.imsi)
            case AwaitingProfile(), ProfileRefused(cause, detail):
                return deny(state, cause, detail, self._random)
            case AwaitingVector() | AwaitingProfile(), Tick():
                return self._out_of_time(state, now)
            case _:
                raise UnlistedTransition(type(state), type(event), type(state))

    def _opening(self) -> Opening:
        return Opening(self._policy, self._identities, self._random)

    def _provided(self, state: AwaitingVector, event: VectorArrived) -> Step:
        exchange = next_request(state.exchange)
        if exchange.method is EapMethod.SIM:
            return self._sim_challenge(sim.sim_challenged(state, (event.vector, *event.more), exchange))
        return self._challenge(challenged(state, event.vector, exchange))

    def _arrived(self, state: AkaState, octets: bytes, now: float) -> Step:
        if isinstance(state, _NOTHING_OUT):
            return state, [Discard("no request is outstanding")]
        read = read_response(octets, state.exchange)
        if isinstance(read, Discard):
            return state, [read]
        if isinstance(state, Challenged) and isinstance(read, AkaMessage) and read.subtype is Subtype.CHALLENGE:
            return self._challenge_answered(state, read, now)
        match state:
            case SuccessNotified(exchange, proven, granted):
                if granted is None:
                    return self._authorize(exchange, proven, now, notified=True)
                return succeed(exchange, proven, granted)
            case FailureNotified(exchange, cause, detail, imsi):
                return fail(exchange, cause, detail, imsi)
            case AwaitingIdentity() | Challenged() | SimChallenged() | Reauthenticating():
                return self._answered(state, read, now)

    def _answered(self, state: Asking, read: AkaMessage | Unreadable, now: float) -> Step:
        exchange, imsi = state.exchange, _subscriber(state)
        if isinstance(read, Unreadable):
            return refuse(exchange, RejectCause.BAD_EAP, read.reason, imsi)
        match state, read.subtype:
            case _, Subtype.CLIENT_ERROR:
                detail = f"client error code {read.attributes.number(At.CLIENT_ERROR_CODE)}"
                return fail(exchange, RejectCause.CLIENT_ERROR, detail, imsi)
            case AwaitingIdentity() as awaiting, Subtype.IDENTITY:
                return self._opening().identified(awaiting, read, now)
            case AwaitingIdentity() as awaiting, Subtype.SIM_START:
                return self._opening().started(awaiting, read, now)
            case SimChallenged() as out, Subtype.SIM_CHALLENGE:
                return self._sim_answered(out, read, now)
            case Challenged() as out, Subtype.SYNCHRONIZATION_FAILURE:
                return self._out_of_step(out, read, now)
            case Challenged(), Subtype.AUTHENTICATION_REJECT:
                return fail(exchange, RejectCause.NETWORK_REFUSED_BY_UE, "", imsi)
            case Reauthenticating() as out, Subtype.REAUTHENTICATION:
                return self._reauthentication_answered(out, read, now)
            case _, subtype:
                return refuse(exchange, RejectCause.BAD_EAP, f"{subtype.name} answers no {type(state).__name__}", imsi)

    def _challenge(self, state: Challenged) -> Step:
        name = self._policy.name_for(state.exchange.method)
        encrypted = offers.after_challenge(state, self._identities, name, self._random)
        return state, [SendEap(challenge_request(state, self._policy, encrypted))]

    def _sim_challenge(self, state: SimChallenged) -> Step:
        encrypted = offers.after_challenge(state, self._identities, None, self._random)
        return state, [SendEap(sim.sim_challenge_request(state, self._policy, encrypted))]

    def _sim_answered(self, state: SimChallenged, message: AkaMessage, now: float) -> Step:
        match sim.read_sim_answer(state, message, self._policy):
            case Genuine(result_ind):
                identity, keys = sim_session_id(state.rands, state.nonce_mt), state.keys
                proven = Proven(state.imsi, keys, keys.msk, identity, None, keys.mk)
                return self._authorize(state.exchange, proven, now, result_ind=result_ind)
            case WrongAnswer() as answer:
                return wrong(state.exchange, answer, state.imsi)

    def _challenge_answered(self, state: Challenged, message: AkaMessage, now: float) -> Step:
        answer, exchange = read_answer(state, message, self._policy), state.exchange
        if isinstance(answer, WrongAnswer):
            return wrong(exchange, answer, state.imsi)
        if isinstance(answer, KdfWanted):
            return self._challenge(replace(state, exchange=next_request(exchange), kdfs=(answer.kdf, *state.kdfs)))
        identity = session_id(exchange.method, state.rand, state.autn)
        proven = Proven(state.imsi, state.keys, state.keys.msk, identity, None, state.seed)
        return self._authorize(exchange, proven, now, result_ind=answer.result_ind)

    def _authorize(
        self, exchange: Exchange, proven: Proven, now: float, *, result_ind: bool = False, notified: bool = False
    ) -> Step:
        until = now + self._policy.hss_limit
        return AwaitingProfile(exchange, proven, until, result_ind, notified), [FetchProfile(proven.imsi)]

    def _out_of_step(self, state: Challenged, message: AkaMessage, now: float) -> Step:
        # RFC 9048 §3.2: the AT_KDF list must come back as it was sent, or the answer counts as one with a wrong AT_MAC.
        if message.attributes.numbers(At.KDF) != state.kdfs:
            return refuse(state.exchange, RejectCause.WRONG_RESPONSE, "AT_KDF was altered", state.imsi)
        if state.resynchronised:
            detail = "out of step again after a resynchronisation"
            return refuse(state.exchange, RejectCause.RESYNCHRONISATION_REJECTED, detail, state.imsi)
        until = now + self._policy.hss_limit
        following = AwaitingVector(state.exchange, state.imsi, state.checkcode, until, state.kdfs, resynchronised=True)
        request = Resynchronisation(state.rand, message.attributes.get(At.AUTS) or b"")
        name, method = self._policy.name_for(state.exchange.method), state.exchange.method
        return following, [FetchVector(state.imsi, method, name, request)]

    def _reauthentication_answered(self, state: Reauthenticating, message: AkaMessage, now: float) -> Step:
        imsi = state.resumable.imsi
        match reauthentication.read_answer(state, message, self._policy):
            case Genuine(result_ind):
                return self._authorize(state.exchange, reauthentication.proven(state), now, result_ind=result_ind)
            case CounterTooSmall():
                return self._opening().challenge_instead(state, now)
            case WrongAnswer() as answer:
                return wrong(state.exchange, answer, imsi)

    def _out_of_time(self, state: AwaitingVector | AwaitingProfile, now: float) -> Step:
        if now < state.until:
            return state, []
        detail = "no answer within the limit"
        if isinstance(state, AwaitingProfile):
            return deny(state, RejectCause.HSS_UNAVAILABLE, detail, self._random)
        return refuse(state.exchange, RejectCause.HSS_UNAVAILABLE, detail, state.imsi)


def _subscriber(state: Asking) -> Imsi | None:
    match state:
        case AwaitingIdentity(known=known):
            return known
        case Challenged(imsi=imsi) | SimChallenged(imsi=imsi):
            return imsi
        case Reauthenticating(resumable=resumable):
            return resumable.imsi
