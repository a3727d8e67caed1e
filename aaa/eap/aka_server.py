"""The server of EAP-AKA and EAP-AKA', without IO (RFC 4187 §3, RFC 9048 §3)."""

from dataclasses import replace

from aaa.eap import offers, reauthentication
from aaa.eap.aka_table import TRANSITIONS
from aaa.eap.challenge import Genuine, KdfWanted, WrongAnswer, challenge_request, challenged, read_answer
from aaa.eap.endings import Step, deny, fail, grant, next_request, refuse, succeed
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
from aaa.eap.identity_rounds import Ask, Judge, Judgement, Known, Resume, Unknown, identity_request
from aaa.eap.policy import AkaPolicy
from aaa.eap.reauthentication import CounterTooSmall, reauthenticating
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
    IdRequest,
    Proven,
    Reauthenticating,
    SuccessNotified,
)
from aaa.eap.temporary import Identities, NoTemporaryIdentities, Resumable
from aaa.messages import RejectCause
from hss.api import Resynchronisation
from wire.eap.aka import AkaMessage
from wire.eap.aka_keys import session_id
from wire.eap.attributes import At
from wire.eap.checkcode import checkcode
from wire.eap.constants import Subtype
from wire.identity import EapMethod, IdentityKind, Imsi, classify
from wire.sansio import RandomBytes, Tick, UnlistedTransition, check_transition

__all__ = ["TRANSITIONS", "AkaServer"]


class AkaServer:
    """One authentication. `state` is plain data: a server made anew with it goes on where this one was.

    `random` is entropy for NONCE_S and AT_IV.
    """

    def __init__(
        self, *, policy: AkaPolicy, state: AkaState, random: RandomBytes, identities: Identities | None = None
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
        following, effects = self._step(event, now)
        check_transition(TRANSITIONS, self.state, event, following)
        self.state = following
        return effects

    def _step(self, event: Event, now: float) -> Step:
        match self.state, event:
            case Chosen() as state, MethodChosen():
                return self._begin(state.exchange, now)
            case state, EapArrived(octets):
                return self._arrived(state, octets, now)
            case AwaitingVector() as state, VectorArrived(vector):
                return self._challenge(challenged(state, vector, next_request(state.exchange)))
            case AwaitingVector() as state, VectorRefused(cause, detail):
                return refuse(state.exchange, cause, detail, state.imsi)
            case AwaitingProfile() as state, ProfileArrived(granted):
                return grant(state, granted, self._random)
            case AwaitingProfile() as state, ProfileRefused(cause, detail):
                return deny(state, cause, detail, self._random)
            case AwaitingVector() | AwaitingProfile() as state, Tick():
                return self._out_of_time(state, now)
            case state, _:
                raise UnlistedTransition(type(state), type(event), type(state))

    def _arrived(self, state: AkaState, octets: bytes, now: float) -> Step:
        if isinstance(state, AwaitingVector | AwaitingProfile | Done | Chosen):
            return state, [Discard("no request is outstanding")]
        read = read_response(octets, state.exchange)
        if isinstance(read, Discard):
            return state, [read]
        match state:
            case SuccessNotified():
                return succeed(state)
            case FailureNotified(exchange, cause, detail, imsi):
                return fail(exchange, cause, detail, imsi)
            case AwaitingIdentity() | Challenged() | Reauthenticating():
                return self._answered(state, read, now)

    def _answered(
        self, state: AwaitingIdentity | Challenged | Reauthenticating, read: AkaMessage | Unreadable, now: float
    ) -> Step:
        exchange, imsi = state.exchange, _subscriber(state)
        if isinstance(read, Unreadable):
            return refuse(exchange, RejectCause.BAD_EAP, read.reason, imsi)
        match state, read.subtype:
            case _, Subtype.CLIENT_ERROR:
                detail = f"client error code {read.attributes.number(At.CLIENT_ERROR_CODE)}"
                return fail(exchange, RejectCause.CLIENT_ERROR, detail, imsi)
            case AwaitingIdentity() as awaiting, Subtype.IDENTITY:
                return self._identified(awaiting, read, now)
            case Challenged() as out, Subtype.CHALLENGE:
                return self._challenge_answered(out, read, now)
            case Challenged() as out, Subtype.SYNCHRONIZATION_FAILURE:
                return self._out_of_step(out, read, now)
            case Challenged(), Subtype.AUTHENTICATION_REJECT:
                return fail(exchange, RejectCause.NETWORK_REFUSED_BY_UE, "", imsi)
            case Reauthenticating() as out, Subtype.REAUTHENTICATION:
                return self._reauthentication_answered(out, read, now)
            case _, subtype:
                return refuse(exchange, RejectCause.BAD_EAP, f"{subtype.name} answers no {type(state).__name__}", imsi)

    def _begin(self, exchange: Exchange, now: float) -> Step:
        exchange = _heard(exchange, exchange.identity)
        if self._policy.always_ask_identity:
            return _ask(exchange, IdRequest.ANY, ())
        return self._judged(self._judge(exchange).judge(None, exchange.identity), exchange, (), now)

    def _judge(self, exchange: Exchange) -> Judge:
        return Judge(exchange.method, self._identities, self._policy.name_for(exchange.method))

    def _identified(self, state: AwaitingIdentity, message: AkaMessage, now: float) -> Step:
        identity = message.attributes.get(At.IDENTITY) or b""
        exchange = _heard(state.exchange, identity)
        judgement = self._judge(exchange).judge(state.asked, identity)
        return self._judged(judgement, exchange, (*state.rounds, message.octets), now)

    def _judged(self, judgement: Judgement, exchange: Exchange, rounds: tuple[bytes, ...], now: float) -> Step:
        match judgement:
            case Known(imsi, identity, kind):
                exchange = replace(exchange, identity=identity, kind=kind)
                return self._fetch(exchange, imsi, checkcode(exchange.method, rounds), now)
            case Resume(resumable):
                return self._reauthenticate(exchange, resumable, checkcode(exchange.method, rounds))
            case Ask(request):
                return _ask(exchange, request, rounds)
            case Unknown():
                return refuse(exchange, RejectCause.USER_UNKNOWN, "the UE gives no permanent identity")

    def _fetch(self, exchange: Exchange, imsi: Imsi, code: bytes, now: float) -> Step:
        kdfs = self._policy.kdfs if exchange.method is EapMethod.AKA_PRIME else ()
        following = AwaitingVector(exchange, imsi, code, now + self._policy.hss_limit, kdfs)
        return following, [FetchVector(imsi, exchange.method, self._policy.name_for(exchange.method))]

    def _challenge(self, state: Challenged) -> Step:
        name = self._policy.name_for(state.exchange.method)
        encrypted = offers.after_challenge(state, self._identities, name, self._random)
        return state, [SendEap(challenge_request(state, self._policy, encrypted))]

    def _challenge_answered(self, state: Challenged, message: AkaMessage, now: float) -> Step:
        match read_answer(state, message, self._policy):
            case Genuine(result_ind):
                identity = session_id(state.exchange.method, state.rand, state.autn)
                proven = Proven(state.imsi, state.keys, state.keys.msk, identity)
                return self._authorize(state.exchange, proven, now, result_ind=result_ind)
            case KdfWanted(kdf):
                exchange = next_request(state.exchange)
                return self._challenge(replace(state, exchange=exchange, kdfs=(kdf, *state.kdfs)))
            case WrongAnswer() as wrong:
                return _wrong(state.exchange, wrong, state.imsi)

    def _authorize(self, exchange: Exchange, proven: Proven, now: float, *, result_ind: bool) -> Step:
        until = now + self._policy.hss_limit
        return AwaitingProfile(exchange, proven, until, result_ind), [FetchProfile(proven.imsi)]

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

    def _reauthenticate(self, exchange: Exchange, resumable: Resumable, code: bytes) -> Step:
        exchange = replace(next_request(exchange), kind=IdentityKind.REAUTHENTICATION)
        following, request = reauthenticating(
            exchange, resumable, code, policy=self._policy, identities=self._identities, random=self._random
        )
        return following, [SendEap(request)]

    def _reauthentication_answered(self, state: Reauthenticating, message: AkaMessage, now: float) -> Step:
        imsi = state.resumable.imsi
        match reauthentication.read_answer(state, message, self._policy):
            case Genuine(result_ind):
                return self._authorize(state.exchange, reauthentication.proven(state), now, result_ind=result_ind)
            case CounterTooSmall():
                # RFC 4187 §5.5: no AKA-Identity; the keys are derived from the fast re-authentication identity.
                return self._fetch(state.exchange, imsi, state.checkcode, now)
            case WrongAnswer() as wrong:
                return _wrong(state.exchange, wrong, imsi)

    def _out_of_time(self, state: AwaitingVector | AwaitingProfile, now: float) -> Step:
        if now < state.until:
            return state, []
        detail = "no answer within the limit"
        if isinstance(state, AwaitingProfile):
            return deny(state, RejectCause.HSS_UNAVAILABLE, detail, self._random)
        return refuse(state.exchange, RejectCause.HSS_UNAVAILABLE, detail, state.imsi)


def _subscriber(state: AwaitingIdentity | Challenged | Reauthenticating) -> Imsi | None:
    match state:
        case AwaitingIdentity():
            return None
        case Challenged(imsi=imsi):
            return imsi
        case Reauthenticating(resumable=resumable):
            return resumable.imsi


def _heard(exchange: Exchange, identity: bytes) -> Exchange:
    shown = classify(identity).kind is IdentityKind.PERMANENT
    return replace(exchange, identity=identity, imsi_shown=exchange.imsi_shown or shown)


def _ask(exchange: Exchange, asked: IdRequest, rounds: tuple[bytes, ...]) -> Step:
    exchange = next_request(exchange)
    request = identity_request(exchange, asked)
    return AwaitingIdentity(exchange, asked, (*rounds, request)), [SendEap(request)]


def _wrong(exchange: Exchange, wrong: WrongAnswer, imsi: Imsi) -> Step:
    cause = RejectCause.BAD_EAP if wrong.malformed else RejectCause.WRONG_RESPONSE
    return refuse(exchange, cause, wrong.reason, imsi)
