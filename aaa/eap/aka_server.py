"""The server of EAP-AKA and EAP-AKA', without IO (RFC 4187 §3, RFC 9048 §3)."""

from dataclasses import replace

from aaa.authorization import Authorized
from aaa.eap.challenge import Genuine, KdfWanted, WrongAnswer, challenge_request, challenged, read_answer
from aaa.eap.events import (
    Discard,
    EapArrived,
    Effect,
    Event,
    Failed,
    FetchProfile,
    FetchVector,
    MethodChosen,
    ProfileArrived,
    ProfileRefused,
    SendEap,
    Succeeded,
    VectorArrived,
    VectorRefused,
)
from aaa.eap.identity_rounds import Ask, Identities, Known, NoTemporaryIdentities, Unknown, identity_request, judge
from aaa.eap.notifications import code_after_authentication, notification
from aaa.eap.policy import AkaPolicy
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
    SuccessNotified,
)
from aaa.messages import RejectCause
from hss.api import Resynchronisation
from wire.eap.aka import AkaMessage
from wire.eap.aka_keys import Keys, session_id
from wire.eap.attributes import At
from wire.eap.checkcode import checkcode
from wire.eap.constants import NotificationCode, Subtype
from wire.eap.packet import failure, success
from wire.identity import EapMethod, Imsi
from wire.sansio import Tick, Transitions, UnlistedTransition, check_transition

Step = tuple[AkaState, list[Effect]]

TRANSITIONS: Transitions = {
    (Chosen, MethodChosen): frozenset({AwaitingIdentity, AwaitingVector}),
    (AwaitingIdentity, EapArrived): frozenset({AwaitingIdentity, AwaitingVector, FailureNotified, Done}),
    (AwaitingVector, EapArrived): frozenset({AwaitingVector}),
    (AwaitingVector, VectorArrived): frozenset({Challenged}),
    (AwaitingVector, VectorRefused): frozenset({FailureNotified}),
    (AwaitingVector, Tick): frozenset({AwaitingVector, FailureNotified}),
    (Challenged, EapArrived): frozenset({Challenged, AwaitingVector, AwaitingProfile, FailureNotified, Done}),
    (AwaitingProfile, EapArrived): frozenset({AwaitingProfile}),
    (AwaitingProfile, ProfileArrived): frozenset({SuccessNotified, Done}),
    (AwaitingProfile, ProfileRefused): frozenset({FailureNotified}),
    (AwaitingProfile, Tick): frozenset({AwaitingProfile, FailureNotified}),
    (SuccessNotified, EapArrived): frozenset({SuccessNotified, Done}),
    (FailureNotified, EapArrived): frozenset({FailureNotified, Done}),
    (Done, EapArrived): frozenset({Done}),
}


class AkaServer:
    """One authentication. `state` is plain data: a server made anew with it goes on where this one was."""

    def __init__(self, *, policy: AkaPolicy, state: AkaState, identities: Identities | None = None) -> None:
        self._policy = policy
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
                return self._begin(state, now)
            case state, EapArrived(octets):
                return self._arrived(state, octets, now)
            case AwaitingVector() as state, VectorArrived(vector):
                following = challenged(state, vector, _next(state.exchange))
                return following, [SendEap(challenge_request(following, self._policy))]
            case AwaitingVector() as state, VectorRefused(cause, detail):
                return _refuse(state.exchange, cause, detail, state.imsi)
            case AwaitingProfile() as state, ProfileArrived(grant):
                return _grant(state, grant)
            case AwaitingProfile() as state, ProfileRefused(cause, detail):
                return _deny(state, cause, detail)
            case AwaitingVector() | AwaitingProfile() as state, Tick():
                return _out_of_time(state, now)
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
                return _succeed(state)
            case FailureNotified(exchange, cause, detail, imsi):
                return Done(), [_failed(exchange, cause, detail, imsi)]
            case AwaitingIdentity() | Challenged():
                return self._answered(state, read, now)

    def _answered(self, state: AwaitingIdentity | Challenged, read: AkaMessage | Unreadable, now: float) -> Step:
        exchange = state.exchange
        imsi = state.imsi if isinstance(state, Challenged) else None
        if isinstance(read, Unreadable):
            return _refuse(exchange, RejectCause.BAD_EAP, read.reason, imsi)
        match state, read.subtype:
            case _, Subtype.CLIENT_ERROR:
                detail = f"client error code {read.attributes.number(At.CLIENT_ERROR_CODE)}"
                return Done(), [_failed(exchange, RejectCause.CLIENT_ERROR, detail, imsi)]
            case AwaitingIdentity() as awaiting, Subtype.IDENTITY:
                return self._identified(awaiting, read, now)
            case Challenged() as out, Subtype.CHALLENGE:
                return self._challenge_answered(out, read, now)
            case Challenged() as out, Subtype.SYNCHRONIZATION_FAILURE:
                return self._out_of_step(out, read, now)
            case Challenged(), Subtype.AUTHENTICATION_REJECT:
                return Done(), [_failed(exchange, RejectCause.NETWORK_REFUSED_BY_UE, "", imsi)]
            case _, subtype:
                return _refuse(exchange, RejectCause.BAD_EAP, f"{subtype.name} answers no {type(state).__name__}", imsi)

    def _begin(self, state: Chosen, now: float) -> Step:
        exchange = state.exchange
        if self._policy.always_ask_identity:
            return _ask(exchange, IdRequest.ANY, ())
        match judge(None, exchange.identity, exchange.method, self._identities):
            case Known(imsi):
                return self._fetch(exchange, imsi, b"", now)
            case _:
                return _ask(exchange, IdRequest.ANY, ())

    def _identified(self, state: AwaitingIdentity, message: AkaMessage, now: float) -> Step:
        identity = message.attributes.get(At.IDENTITY) or b""
        exchange = replace(state.exchange, identity=identity)
        rounds = (*state.rounds, message.octets)
        match judge(state.asked, identity, exchange.method, self._identities):
            case Known(imsi):
                return self._fetch(exchange, imsi, checkcode(exchange.method, rounds), now)
            case Ask(request):
                return _ask(exchange, request, rounds)
            case Unknown():
                return _refuse(exchange, RejectCause.USER_UNKNOWN, "the UE gives no permanent identity")

    def _fetch(self, exchange: Exchange, imsi: Imsi, code: bytes, now: float) -> Step:
        kdfs = self._policy.kdfs if exchange.method is EapMethod.AKA_PRIME else ()
        following = AwaitingVector(exchange, imsi, code, now + self._policy.hss_limit, kdfs)
        return following, [FetchVector(imsi, exchange.method, self._network_name(exchange))]

    def _network_name(self, exchange: Exchange) -> str | None:
        return self._policy.network_name if exchange.method is EapMethod.AKA_PRIME else None

    def _challenge_answered(self, state: Challenged, message: AkaMessage, now: float) -> Step:
        match read_answer(state, message, self._policy):
            case Genuine(result_ind):
                identity = session_id(state.exchange.method, state.rand, state.autn)
                until = now + self._policy.hss_limit
                following = AwaitingProfile(state.exchange, state.imsi, state.keys, identity, until, result_ind)
                return following, [FetchProfile(state.imsi)]
            case KdfWanted(kdf):
                again = replace(state, exchange=_next(state.exchange), kdfs=(kdf, *state.kdfs))
                return again, [SendEap(challenge_request(again, self._policy))]
            case WrongAnswer(reason, malformed):
                cause = RejectCause.BAD_EAP if malformed else RejectCause.WRONG_RESPONSE
                return _refuse(state.exchange, cause, reason, state.imsi)

    def _out_of_step(self, state: Challenged, message: AkaMessage, now: float) -> Step:
        # RFC 9048 §3.2: the AT_KDF list must come back as it was sent, or the answer counts as one with a wrong AT_MAC.
        if message.attributes.numbers(At.KDF) != state.kdfs:
            return _refuse(state.exchange, RejectCause.WRONG_RESPONSE, "AT_KDF was altered", state.imsi)
        if state.resynchronised:
            detail = "out of step again after a resynchronisation"
            return _refuse(state.exchange, RejectCause.RESYNCHRONISATION_REJECTED, detail, state.imsi)
        until = now + self._policy.hss_limit
        following = AwaitingVector(state.exchange, state.imsi, state.checkcode, until, state.kdfs, resynchronised=True)
        auts = message.attributes.get(At.AUTS) or b""
        request = Resynchronisation(state.rand, auts)
        return following, [FetchVector(state.imsi, state.exchange.method, self._network_name(state.exchange), request)]


def _next(exchange: Exchange) -> Exchange:
    return replace(exchange, identifier=(exchange.identifier + 1) % 256)


def _ask(exchange: Exchange, asked: IdRequest, rounds: tuple[bytes, ...]) -> Step:
    exchange = _next(exchange)
    request = identity_request(exchange, asked)
    return AwaitingIdentity(exchange, asked, (*rounds, request)), [SendEap(request)]


def _refuse(exchange: Exchange, cause: RejectCause, detail: str, imsi: Imsi | None = None) -> Step:
    """The UE has proved nothing yet: RFC 4187 §6.3.2."""
    return _notify_failure(exchange, NotificationCode.GENERAL_FAILURE, None, cause, detail, imsi)


def _deny(state: AwaitingProfile, cause: RejectCause, detail: str) -> Step:
    code = code_after_authentication(cause)
    return _notify_failure(state.exchange, code, state.keys, cause, detail, state.imsi)


def _notify_failure(
    exchange: Exchange, code: NotificationCode, keys: Keys | None, cause: RejectCause, detail: str, imsi: Imsi | None
) -> Step:
    exchange = _next(exchange)
    request = notification(exchange, code, keys.k_aut if keys else None)
    return FailureNotified(exchange, cause, detail, imsi), [SendEap(request)]


def _grant(state: AwaitingProfile, grant: Authorized) -> Step:
    following = SuccessNotified(state.exchange, state.imsi, state.keys.msk, state.session_id, grant)
    if not state.result_ind:
        return _succeed(following)
    exchange = _next(state.exchange)
    request = notification(exchange, NotificationCode.SUCCESS, state.keys.k_aut)
    return replace(following, exchange=exchange), [SendEap(request)]


def _succeed(state: SuccessNotified) -> Step:
    exchange = state.exchange
    over = Succeeded(
        eap=success(exchange.identifier),
        msk=state.msk,
        session_id=state.session_id,
        imsi=state.imsi,
        identity=exchange.identity,
        method=exchange.method,
        grant=state.grant,
    )
    return Done(), [over]


def _failed(exchange: Exchange, cause: RejectCause, detail: str, imsi: Imsi | None) -> Failed:
    return Failed(failure(exchange.identifier), cause, detail, imsi, exchange.method)


def _out_of_time(state: AwaitingVector | AwaitingProfile, now: float) -> Step:
    if now < state.until:
        return state, []
    detail = "no answer within the limit"
    if isinstance(state, AwaitingProfile):
        return _deny(state, RejectCause.HSS_UNAVAILABLE, detail)
    return _refuse(state.exchange, RejectCause.HSS_UNAVAILABLE, detail, state.imsi)
