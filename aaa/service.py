"""The authentication service: drives the EAP machines, asks the HSS, keeps conversations, says how each one ended."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache

from aaa.authorization import Authorized, authorize
from aaa.eap.aka_server import AkaServer
from aaa.eap.authenticator import Authenticator
from aaa.eap.events import (
    Discard,
    EapArrived,
    Event,
    Failed,
    FetchProfile,
    FetchVector,
    ProfileArrived,
    ProfileRefused,
    SendEap,
    Succeeded,
    VectorArrived,
    VectorRefused,
)
from aaa.eap.policy import AkaPolicy
from aaa.eap.states import EapState, Silent, imsi_of
from aaa.eap.temporary import Identities
from aaa.explaining.dialogue import continued
from aaa.explaining.failed import Ending, FailedAttempt, Failures, decided, method_of, said_imsi
from aaa.explaining.inquiry import tell
from aaa.explaining.silence import Rounds
from aaa.messages import Accept, AccessAnswer, AccessRequest, Challenge, Ignore, Reject, RejectCause
from aaa.metrics import count_login, count_rejection, count_step
from aaa.names import user_name
from aaa.refusals import describe
from aaa.sessions import CHANCE_OCTETS, Conversation, Conversations, Lost, session_name
from hss.api import (
    Assignment,
    AssignmentRequest,
    HomeSubscriberServer,
    Profile,
    Refusal,
    ServiceRefused,
    VectorRequest,
)
from runtime.entropy import entropy
from runtime.log_session import log_imsi, log_session
from runtime.logs import debugging, get_logger
from runtime.shared_timeout import SharedTimeout
from wire.aka.vector import AuthVector
from wire.eap.packet import failure
from wire.identity import EapMethod, IdentityKind, Imsi
from wire.sansio import RandomBytes, Tick

log = get_logger("aaa.service")

IDENTIFIER_AT = 1
_SILENT = Silent()
_QUESTIONS = (FetchVector, FetchProfile)
_METHODS = {method: method.name for method in EapMethod}
_KINDS = {kind: kind.value for kind in IdentityKind}
_NETWORKS = 256
"""Access networks whose EAP server is remembered."""
DIAMETER = "diameter"


class EapAuthenticationService:
    """`aaa.messages.AuthenticationService` on an HSS.

    `node` is this server's name at the HSS (its Origin-Host), `policy` what every client is offered beside its own
    network name, `clock` any monotonic clock in seconds, `random` entropy for the EAP machines, `identities` whoever
    knows hidden identities, `home_realm` the realm of permanent ones that were not shown, `answer_time` how many
    seconds a client may give its user, `limit` how many rounds are served at once. `failures` hears of each user who is
    rejected; without it the log alone does. `rounds` hears of challenges and of answers to them. `name_session` gives
    the log's name of a conversation that its client has no name for.
    """

    def __init__(
        self,
        *,
        hss: HomeSubscriberServer,
        conversations: Conversations,
        node: str,
        clock: Callable[[], float],
        random: RandomBytes,
        policy: AkaPolicy | None = None,
        identities: Identities | None = None,
        home_realm: str = "",
        answer_time: int = 30,
        limit: int = 4000,
        failures: Failures | None = None,
        rounds: Rounds | None = None,
        name_session: Callable[[], str] = lambda: session_name(
            time.time_ns() // 1_000_000, int.from_bytes(entropy(CHANCE_OCTETS), "big")
        ),
    ) -> None:
        self._failures = failures
        self._name_session = name_session
        self._hss = hss
        self._conversations = conversations
        self._node = node
        self._clock = clock
        policy = policy or AkaPolicy()
        self._eap_in = lru_cache(maxsize=_NETWORKS)(
            lambda name: AkaServer(replace(policy, network_name=name), random, identities)
        )
        self._in_time = SharedTimeout(policy.hss_limit)
        self._home_realm = home_realm
        self._answer_time = answer_time
        self._limit = limit
        self._serving: set[object] = set()
        """The rounds that are being served, each by its State where it has one."""
        self._awaited = rounds

    async def authenticate(self, request: AccessRequest) -> AccessAnswer:
        """Serve one round; a round of the same conversation that comes meanwhile is ignored (RFC 3748 §2)."""
        now = self._clock()
        # RFC 4072 §2.2: an empty packet is EAP-Start, which begins anew whatever went before.
        token = request.state if request.eap else None
        conversation = self._begun(request, now) if token is None else self._continued(request, token, now)
        # named to every line of this task: Diameter has one name for it on every node
        if request.front == DIAMETER:
            log_session(request.session)
        else:
            log_session(conversation.session, nas_session=request.session)
        if isinstance(conversation, Lost):
            return self._refused(request, RejectCause.UNKNOWN_STATE, conversation.cause)
        if debugging():
            # whose it is matters only where somebody may be watched
            log_imsi(str(imsi_of(conversation.eap) or ""))
        if len(self._serving) >= self._limit:
            self._heard(request.state)
            return self._refused(request, RejectCause.TOO_BUSY, f"{self._limit} rounds are being served", conversation)
        served: object = token or object()
        if served in self._serving:
            return Ignore("this round is being served", for_now=True)
        self._serving.add(served)
        try:
            # RFC 5778 §5.1.1: the APN may be named in the first round alone.
            is_named = request.apn and not conversation.apn
            asked = replace(conversation, apn=request.apn) if is_named else conversation
            machine = Authenticator(self._eap_in(asked.network_name), asked.eap)
            return self._answer(await self._drive(machine, asked, request, now), machine.state, asked, request, token)
        except BaseException as error:
            self._broken(error, conversation, request, token)
            raise
        finally:
            self._serving.discard(served)

    def _continued(self, request: AccessRequest, token: bytes, now: float) -> Conversation | Lost:
        found = self._conversations.find(token, _owner(request), now, request.user_name)
        # RFC 6733 §8.8: every request names the session, so that what was sealed elsewhere need not hold it.
        if request.front == DIAMETER and isinstance(found, Conversation) and found.session != request.session:
            return replace(found, session=request.session)
        return found

    def _begun(self, request: AccessRequest, now: float) -> Conversation:
        session = request.session if request.front == DIAMETER else self._name_session()
        network_name = _network_name(request)
        # in order: arguments by name take a class of ours four times as long, here and wherever every round passes
        return Conversation(_owner(request), _SILENT, now, request.apn, network_name, request.access, (), b"", session)

    def _refused(
        self, request: AccessRequest, cause: RejectCause, detail: str, before: Conversation | None = None
    ) -> Reject:
        """Without a step of the machine; of a conversation that can be gone on with, `before` is where it stands."""
        count_rejection(_owner(request), None, cause)
        eap, now = request.eap, self._clock()
        reply = failure(eap[IDENTIFIER_AT]) if len(eap) > IDENTIFIER_AT else b""
        before = before or self._begun(request, now)
        ending = Ending(cause, detail, imsi_of(before.eap) or said_imsi(eap), method_of(before.eap))
        self._tell(FailedAttempt(ending, before, request, reply, now - before.started))
        return Reject(reply, cause, detail)

    def _answer(
        self, effect: "Said", after: EapState, conversation: Conversation, request: AccessRequest, token: bytes | None
    ) -> AccessAnswer:
        """What the client is told; `conversation` is what was before this round, `after` how EAP stands now."""
        if isinstance(effect, SendEap):
            self._notice(conversation, effect, after, request)
            dialogue = continued(conversation.dialogue, request.eap, effect.octets)
            return self._challenged(effect, conversation.after(after, dialogue), request, token)
        if isinstance(effect, Succeeded):
            self._forget(token)
            return self._accepted(effect, conversation, request)
        if isinstance(effect, _Elsewhere):
            self._heard(token)
            return self._sent_on(effect, conversation)
        if isinstance(effect, Discard):
            if not request.last_chance:
                return Ignore(effect.reason)
            effect = _given_up(effect, conversation.eap, request.eap)
        self._notice(conversation, effect, after, request)
        self._forget(token)
        return Reject(effect.eap, effect.cause, effect.detail, effect.imsi)

    def _notice(self, before: Conversation, effect: SendEap | Failed, after: EapState, request: AccessRequest) -> None:
        """A user is rejected when that is decided, not when he has heard of it: he may never answer again."""
        ending = decided(before.eap, effect, after)
        if ending is not None:
            count_rejection(before.client, ending.method, ending.cause)
            reply = effect.octets if isinstance(effect, SendEap) else effect.eap
            self._tell(FailedAttempt(ending, before, request, reply, self._clock() - before.started))

    def _broken(
        self, error: BaseException, conversation: Conversation, request: AccessRequest, token: bytes | None
    ) -> None:
        """The client gets no answer of ours, and may ask again; whether it does is not waited for."""
        self._heard(token)
        if isinstance(error, asyncio.CancelledError):
            detail = "it took longer than a request may, or this server was being ended"
        else:
            detail = f"a fault of this server ({type(error).__name__}), of which its log has more"
        cause, state = RejectCause.NOT_SERVED, conversation.eap
        ending = Ending(cause, detail, imsi_of(state) or said_imsi(request.eap), method_of(state))
        count_rejection(conversation.client, ending.method, cause)
        self._tell(FailedAttempt(ending, conversation, request, b"", self._clock() - conversation.started))

    def _tell(self, attempt: FailedAttempt) -> None:
        if self._failures is None:
            tell(attempt)
        else:
            self._failures.heard(attempt)

    async def _drive(
        self, machine: Authenticator, conversation: Conversation, request: AccessRequest, now: float
    ) -> "Said":
        """Feed the machine, and ask the HSS what it wants asked, until it has something to say to the client."""
        event: Event = EapArrived(request.eap)
        while True:
            (effect,) = machine.handle(event, now)
            if not isinstance(effect, _QUESTIONS):
                return effect
            answer: Event | _Elsewhere
            try:
                with self._in_time.limit():
                    try:
                        if isinstance(effect, FetchVector):
                            vectors = await self._hss.vectors(self._vectors_of(effect, request))
                            answer = _vector_arrived(effect, vectors)
                        else:
                            profile = await self._hss.assign(
                                AssignmentRequest(effect.imsi, self._node, Assignment.REGISTRATION)
                            )
                            answer = _profile_arrived(profile, conversation)
                    except ServiceRefused as refused:
                        answer = await self._hss_refused(refused, effect, conversation, request)
            except TimeoutError:
                event, now = Tick(), max(machine.deadline or 0.0, self._clock())
            else:
                if isinstance(answer, _Elsewhere):
                    return answer
                event, now = answer, self._clock()

    def _vectors_of(self, wanted: FetchVector, asked: AccessRequest) -> VectorRequest:
        log_imsi(wanted.imsi.digits)
        # TS 33.102 §6.8.1.2: a triplet for EAP-SIM is made of a vector of AKA.
        method = EapMethod.AKA if wanted.method is EapMethod.SIM else wanted.method
        name, resynchronisation = wanted.network_name, wanted.resynchronisation
        return VectorRequest(wanted.imsi, self._node, method, wanted.count, name, resynchronisation, asked.aaa_failure)

    async def _hss_refused(
        self,
        refused: ServiceRefused,
        wanted: FetchVector | FetchProfile,
        conversation: Conversation,
        asked: AccessRequest,
    ) -> "Event | _Elsewhere":
        is_elsewhere = refused.refusal is Refusal.REGISTERED_ELSEWHERE
        if isinstance(wanted, FetchProfile) and is_elsewhere and asked.aaa_failure:
            try:
                return _profile_arrived(await self._taken_over(wanted.imsi), conversation)
            except ServiceRefused as again:
                refused = again
        if refused.refusal is Refusal.REGISTERED_ELSEWHERE and refused.serving_aaa and asked.follows_redirects:
            return _Elsewhere(refused.serving_aaa, wanted.imsi)
        refusal = VectorRefused if isinstance(wanted, FetchVector) else ProfileRefused
        return refusal(*describe(refused))

    async def _taken_over(self, imsi: Imsi) -> Profile | None:
        """Where another server has the user and has failed, MAR takes him over, then SAR (TS 29.273 §8.1.2.1)."""
        await self._hss.vectors(VectorRequest(imsi, self._node, aaa_failure=True))
        log.info("user taken over", cause="the client says that his AAA server has failed", imsi=str(imsi))
        return await self._hss.assign(AssignmentRequest(imsi, self._node, Assignment.REGISTRATION))

    def _sent_on(self, to: "_Elsewhere", conversation: Conversation) -> Reject:
        """Nothing is decided here: whoever serves the user goes on from where this round began."""
        cause = RejectCause.REGISTERED_ELSEWHERE
        about = {"client": conversation.client, "imsi": str(to.imsi), "session": conversation.session}
        log.info("user sent to another server", cause=cause.value, server=to.server, **about)
        return Reject(b"", cause, to.server, to.imsi, to.server)

    def _challenged(
        self, effect: SendEap, conversation: Conversation, request: AccessRequest, token: bytes | None
    ) -> Challenge:
        count_step(conversation.eap)
        now = self._clock()
        kept = self._conversations.keep(conversation, token, now, request.user_name)
        self._heard(token)
        if self._awaited is not None:
            self._awaited.challenged(kept, conversation, request, now)
        return Challenge(effect.octets, kept, self._answer_time)

    def _forget(self, token: bytes | None) -> None:
        self._heard(token)
        if token is not None:
            self._conversations.forget(token)

    def _heard(self, token: bytes | None) -> None:
        if token is not None and self._awaited is not None:
            self._awaited.answered(token)

    def _accepted(self, over: Succeeded, conversation: Conversation, request: AccessRequest) -> Accept:
        seconds = self._clock() - conversation.started
        count_login(over.method, over.kind, imsi_shown=over.imsi_shown, seconds=seconds)
        log.info(
            "authentication accepted",
            imsi=over.imsi.digits,
            client=conversation.client,
            method=_METHODS[over.method],
            identity=_KINDS[over.kind],
            apn=over.grant.apn.name,
            ms=round(seconds * 1000),
        )
        name, granted = user_name(over, request, self._home_realm), over.grant
        return Accept(
            over.eap,
            over.msk,
            over.session_id,
            over.method,
            over.imsi,
            name,
            granted.profile,
            granted.apn,
            b"",
            granted.mip6_features,
            conversation.session,
            conversation.access,
        )


@dataclass(frozen=True, slots=True)
class _Elsewhere:
    """Another AAA server, by its Origin-Host, serves this user."""

    server: str
    imsi: Imsi


Said = SendEap | Succeeded | Failed | Discard | _Elsewhere
"""What the machine says to the client, or who is to be asked instead."""


def _given_up(last: Discard, state: EapState, eap: bytes) -> Failed:
    """RFC 4072 §2.4: no answer to the outstanding request was one, and its client will not be asked again."""
    reply = failure(eap[IDENTIFIER_AT]) if len(eap) > IDENTIFIER_AT else b""
    detail = f"{last.reason}, and the client has nothing better to bring"
    return Failed(reply, RejectCause.BAD_EAP, detail, imsi_of(state), method_of(state))


def _vector_arrived(wanted: FetchVector, vectors: tuple[AuthVector, ...]) -> VectorArrived | VectorRefused:
    if wanted.method is EapMethod.SIM and len(vectors) == 1:
        return VectorRefused(RejectCause.HSS_REFUSED, "EAP-SIM needs two vectors at least, and the HSS gave one")
    return VectorArrived(vectors[0], vectors[1 : wanted.count])


def _profile_arrived(profile: Profile | None, conversation: Conversation) -> ProfileArrived | ProfileRefused:
    if profile is None:
        return ProfileRefused(RejectCause.HSS_REFUSED, "registered, but the HSS gave no profile")
    grant = authorize(profile, conversation.apn, conversation.access)
    return ProfileArrived(grant) if isinstance(grant, Authorized) else ProfileRefused(grant.cause, grant.reason)


def _owner(request: AccessRequest) -> str:
    """Who may continue a conversation: clients of two fronts may have one name."""
    return f"{request.front}/{request.client.name}"


def _network_name(request: AccessRequest) -> str | None:
    client = request.client
    return (request.network_name if client.names_network else None) or client.network_name
