"""The HSS over SWx: MAR and SAR for the authentication service (TS 29.273 §8.1.2)."""

from collections.abc import Mapping
from itertools import count
from typing import Protocol, TypeVar

from aaa.swx_profile import profile_of
from hss.api import Assignment, AssignmentRequest, Profile, Refusal, ServiceRefused, VectorRequest
from runtime.diameter.settings import DiameterUnavailable
from runtime.log_session import logged_session
from wire.aka.vector import AuthVector
from wire.diameter.avp import AvpFault
from wire.diameter.command import Identity, Request
from wire.diameter.enumerations import ServerAssignmentType
from wire.diameter.message import Message
from wire.diameter.profile import Mip6AgentInfo
from wire.diameter.results import ExperimentalResultCode, ResultCode, is_protocol_error
from wire.diameter.session_ids import with_conversation
from wire.diameter.swx import (
    MultimediaAuthAnswer,
    MultimediaAuthRequest,
    ServerAssignmentAnswer,
    ServerAssignmentRequest,
    SipAuthDataItem,
)
from wire.errors import EncodeError
from wire.identity import EapMethod
from wire.secret import Secret

REFUSALS: Mapping[ResultCode | ExperimentalResultCode, Refusal] = {
    ExperimentalResultCode.USER_UNKNOWN: Refusal.USER_UNKNOWN,
    ExperimentalResultCode.USER_NO_NON_3GPP_SUBSCRIPTION: Refusal.NO_NON_3GPP_SUBSCRIPTION,
    ExperimentalResultCode.UNKNOWN_EPS_SUBSCRIPTION: Refusal.NO_NON_3GPP_SUBSCRIPTION,
    ExperimentalResultCode.USER_NO_APN_SUBSCRIPTION: Refusal.NO_APN_SUBSCRIPTION,
    ExperimentalResultCode.AUTH_SCHEME_NOT_SUPPORTED: Refusal.SCHEME_NOT_SUPPORTED,
    ExperimentalResultCode.ROAMING_NOT_ALLOWED: Refusal.ROAMING_NOT_ALLOWED,
    ExperimentalResultCode.RAT_TYPE_NOT_ALLOWED: Refusal.RAT_NOT_ALLOWED,
    ExperimentalResultCode.RAT_NOT_ALLOWED: Refusal.RAT_NOT_ALLOWED,
    ExperimentalResultCode.IDENTITY_ALREADY_REGISTERED: Refusal.REGISTERED_ELSEWHERE,
    ExperimentalResultCode.AUTHENTICATION_DATA_UNAVAILABLE: Refusal.UNAVAILABLE,
    ResultCode.AUTHORIZATION_REJECTED: Refusal.SUBSCRIBER_BARRED,
    ResultCode.TOO_BUSY: Refusal.TOO_BUSY,
}
"""Every other protocol error is UNAVAILABLE, whatever else INVALID_REQUEST (TS 29.273 §8.1.2, RFC 6733 §7.1)."""

SCHEMES: Mapping[EapMethod, str] = {EapMethod.AKA: "EAP-AKA", EapMethod.AKA_PRIME: "EAP-AKA'"}
"""SIP-Authentication-Scheme (TS 29.273 §8.2.3.9)."""

AnswerT = TypeVar("AnswerT", MultimediaAuthAnswer, ServerAssignmentAnswer)

RAND_LENGTH = 16

AAA_FAILED = 1
"""AAA-Failure-Indication, bit 0: TS 29.273 §8.2.3.21."""


class Asker(Protocol):
    """Whoever carries a request to the HSS and brings its answer; a `runtime.diameter.client.DiameterClient`."""

    async def request(self, message: Message, /) -> Message:
        """The answer, whatever its result; DiameterUnavailable when there is none."""


class SwxClient:
    """`hss.api.HomeSubscriberServer` at a distance.

    `identity` is this AAA server, `hss` the HSS asked; `started` the wall clock's seconds at the start, which keep
    Session-Ids unique over restarts (RFC 6733 §8.8).
    """

    def __init__(self, asker: Asker, *, identity: Identity, hss: Identity, started: int) -> None:
        self._asker = asker
        self._identity = identity
        self._hss = hss
        self._started = started
        self._sessions = count(1)

    async def vectors(self, request: VectorRequest) -> tuple[AuthVector, ...]:
        """As `HomeSubscriberServer.vectors`, by MAR."""
        again = request.resynchronisation
        mar = MultimediaAuthRequest(
            session_id=self._session_id(),
            origin_host=request.node,
            origin_realm=self._identity.origin_realm,
            destination_realm=self._hss.origin_realm,
            destination_host=self._hss.origin_host,
            user_name=str(request.imsi),
            anid=request.network_name,
            auth_data_item=SipAuthDataItem(
                authentication_scheme=_scheme(request.method),
                authorization=None if again is None else Secret(again.rand + again.auts),
            ),
            number_auth_items=request.count,
            aaa_failure_indication=AAA_FAILED if request.aaa_failure else None,
        )
        answer = await self._ask(mar, MultimediaAuthAnswer)
        if not answer.succeeded:
            raise _refused(answer, resynchronising=again is not None)
        return _vectors(answer)

    async def assign(self, request: AssignmentRequest) -> Profile | None:
        """As `HomeSubscriberServer.assign`, by SAR."""
        agent = None if request.pdn_gw is None else Mip6AgentInfo(home_agent_addresses=(request.pdn_gw,))
        sar = ServerAssignmentRequest(
            session_id=self._session_id(),
            origin_host=request.node,
            origin_realm=self._identity.origin_realm,
            destination_realm=self._hss.origin_realm,
            destination_host=self._hss.origin_host,
            user_name=str(request.imsi),
            server_assignment_type=ServerAssignmentType(request.assignment.value),
            service_selection=request.apn if request.assignment is Assignment.PGW_UPDATE else None,
            mip6_agent_info=agent,
        )
        answer = await self._ask(sar, ServerAssignmentAnswer)
        if not answer.succeeded:
            raise _refused(answer, resynchronising=False)
        return None if answer.non_3gpp_user_data is None else profile_of(request.imsi, answer.non_3gpp_user_data)

    async def _ask(self, request: Request, kind: type[AnswerT]) -> AnswerT:
        try:
            return kind.parse(await self._asker.request(request.message()))
        except DiameterUnavailable as error:
            raise ServiceRefused(Refusal.UNAVAILABLE, error.cause) from None
        except AvpFault as error:
            raise ServiceRefused(Refusal.UNAVAILABLE, f"its answer is malformed: {error}") from None

    def _session_id(self) -> str:
        session_id = f"{self._identity.origin_host};{self._started};{next(self._sessions)}"
        session = logged_session()
        return session_id if session is None else with_conversation(session_id, session.name)


def _scheme(method: EapMethod | None) -> str | None:
    """SIP-Authentication-Scheme; without a method, which only a MME or SGSN has, SWx has no word for it."""
    return None if method is None else SCHEMES.get(method, method.name)


def _refused(answer: MultimediaAuthAnswer | ServerAssignmentAnswer, *, resynchronising: bool) -> ServiceRefused:
    refusal = _refusal(answer)
    code = answer.experimental_result and answer.experimental_result.code
    if resynchronising and code == ExperimentalResultCode.AUTHENTICATION_DATA_UNAVAILABLE:
        # TS 29.273 §8.1.2.1: no vector for this AUTS, which is what a wrong MAC-S leads to.
        refusal = Refusal.RESYNCHRONISATION_REJECTED
    reason = f": {answer.error_message}" if answer.error_message else ""
    return ServiceRefused(refusal, f"{answer.result}{reason}", answer.aaa_server_name)


def _refusal(answer: MultimediaAuthAnswer | ServerAssignmentAnswer) -> Refusal:
    if answer.experimental_result is not None:
        experimental = answer.experimental_result.code
        return next((REFUSALS[code] for code in REFUSALS if _is(code, experimental)), Refusal.INVALID_REQUEST)
    result = answer.result_code
    if result is None or (is_protocol_error(result) and result != ResultCode.TOO_BUSY):
        return Refusal.UNAVAILABLE
    known = (REFUSALS[code] for code in REFUSALS if isinstance(code, ResultCode) and code == result)
    return next(known, Refusal.INVALID_REQUEST)


def _is(code: ResultCode | ExperimentalResultCode, number: int) -> bool:
    # The same number means another thing as a Result-Code: the kind counts.
    return isinstance(code, ExperimentalResultCode) and code == number


def _vectors(answer: MultimediaAuthAnswer) -> tuple[AuthVector, ...]:
    """TS 29.273 §8.1.2.1.1: used in ascending SIP-Item-Number."""
    items = sorted(answer.auth_data_items, key=lambda item: item.item_number or 0)
    if not items:
        raise ServiceRefused(Refusal.UNAVAILABLE, "its answer holds no vector")
    return tuple(_vector(item) for item in items)


def _vector(item: SipAuthDataItem) -> AuthVector:
    ck, ik, xres, authenticate = (
        item.confidentiality_key,
        item.integrity_key,
        item.authorization,
        item.authenticate,
    )
    if ck is None or ik is None or xres is None or authenticate is None:
        raise ServiceRefused(Refusal.UNAVAILABLE, "a vector in its answer is not whole")
    try:
        return AuthVector(authenticate[:RAND_LENGTH], authenticate[RAND_LENGTH:], xres, ck, ik)
    except EncodeError as error:
        raise ServiceRefused(Refusal.UNAVAILABLE, f"a vector in its answer is wrong: {error}") from None
