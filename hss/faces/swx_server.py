"""SWx at the HSS: MAR and SAR become requests of `hss.api`, and what comes back MAA and SAA (TS 29.273 §8.2.2)."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from ipaddress import IPv4Address, IPv6Address
from typing import TypeVar

from hss.api import (
    Assignment,
    AssignmentRequest,
    HomeSubscriberServer,
    Profile,
    Refusal,
    Resynchronisation,
    ServiceRefused,
    VectorRequest,
)
from hss.faces.refusal_lines import RefusalLines
from hss.telling.swx_profile import user_data
from runtime.log_session import log_session
from runtime.logs import debugging, get_logger
from wire.aka.vector import AuthVector
from wire.diameter.avp import AvpFault
from wire.diameter.command import ExperimentalResult, Identity
from wire.diameter.dictionary import by_name
from wire.diameter.message import Message
from wire.diameter.profile import Mip6AgentInfo
from wire.diameter.results import ExperimentalResultCode, ResultCode
from wire.diameter.session_ids import conversation_of
from wire.diameter.swx import (
    MultimediaAuthAnswer,
    MultimediaAuthRequest,
    ServerAssignmentAnswer,
    ServerAssignmentRequest,
    SipAuthDataItem,
    SwxCommand,
)
from wire.diameter.values import make, shortest
from wire.identity import EapMethod, Imsi, classify

log = get_logger("hss.swx")

RESULTS: Mapping[Refusal, ResultCode | ExperimentalResultCode] = {
    Refusal.USER_UNKNOWN: ExperimentalResultCode.USER_UNKNOWN,
    Refusal.SUBSCRIBER_BARRED: ResultCode.AUTHORIZATION_REJECTED,
    Refusal.NO_NON_3GPP_SUBSCRIPTION: ExperimentalResultCode.USER_NO_NON_3GPP_SUBSCRIPTION,
    Refusal.NO_APN_SUBSCRIPTION: ExperimentalResultCode.USER_NO_APN_SUBSCRIPTION,
    Refusal.SCHEME_NOT_SUPPORTED: ExperimentalResultCode.AUTH_SCHEME_NOT_SUPPORTED,
    Refusal.ROAMING_NOT_ALLOWED: ExperimentalResultCode.ROAMING_NOT_ALLOWED,
    Refusal.RAT_NOT_ALLOWED: ExperimentalResultCode.RAT_TYPE_NOT_ALLOWED,
    Refusal.REGISTERED_ELSEWHERE: ExperimentalResultCode.IDENTITY_ALREADY_REGISTERED,
    Refusal.RESYNCHRONISATION_REJECTED: ExperimentalResultCode.AUTHENTICATION_DATA_UNAVAILABLE,
    Refusal.INVALID_REQUEST: ResultCode.UNABLE_TO_COMPLY,
    Refusal.UNAVAILABLE: ResultCode.UNABLE_TO_DELIVER,
    Refusal.TOO_BUSY: ResultCode.TOO_BUSY,
}
"""Every refusal has a result of its own, so that the AAA server reads it back exactly (TS 29.273 §8.1.2)."""

SCHEMES: Mapping[str, EapMethod] = {"EAP-AKA": EapMethod.AKA, "EAP-AKA'": EapMethod.AKA_PRIME}
"""SIP-Authentication-Scheme (TS 29.273 §8.1.2.1)."""

SwxRequest = MultimediaAuthRequest | ServerAssignmentRequest
AnswerT = TypeVar("AnswerT", MultimediaAuthAnswer, ServerAssignmentAnswer)

_RAND_LENGTH = 16
_RAND_AND_AUTS_LENGTH = 30
_ASSIGNMENTS = {assignment.value: assignment for assignment in Assignment}


@dataclass(frozen=True, slots=True)
class _Outcome:
    """The result AVPs of an answer."""

    result_code: ResultCode | None = None
    experimental_result: ExperimentalResult | None = None
    error_message: str | None = None
    aaa_server_name: str | None = None


_SUCCESS = _Outcome(result_code=ResultCode.SUCCESS)
_NOT_FOR_SWX = _Outcome(experimental_result=ExperimentalResult(code=ExperimentalResultCode.IN_ASSIGNMENT_TYPE))


class SwxServer:
    """`serve` is a handler for `runtime.diameter.server.DiameterServer`; `hss` decides, `identity` answers."""

    def __init__(self, hss: HomeSubscriberServer, identity: Identity) -> None:
        self._hss = hss
        self._identity = identity
        self._lines = RefusalLines("hss.swx")

    async def serve(self, peer: str, message: Message) -> Message:
        """The answer to a MAR or SAR; AvpFault when the request cannot be one."""
        match message.command:
            case SwxCommand.MULTIMEDIA_AUTH:
                return await self._multimedia_auth(peer, message)
            case SwxCommand.SERVER_ASSIGNMENT:
                return await self._server_assignment(peer, message)
            case _:
                raise AvpFault(5, f"the HSS serves no command {message.command}", ResultCode.COMMAND_UNSUPPORTED)

    async def _multimedia_auth(self, peer: str, message: Message) -> Message:
        request = MultimediaAuthRequest.parse(message)
        log_session(conversation_of(request.session_id), imsi=request.user_name or "")
        try:
            vectors = await self._vectors(request)
        except ServiceRefused as refused:
            self._lines.say("vectors refused", refused, imsi=request.user_name, peer=peer)
            return self._answer(MultimediaAuthAnswer, request, _refusal(refused)).message(message)
        if debugging():
            log.debug("vectors given", imsi=request.user_name, count=len(vectors), peer=peer)
        scheme = request.auth_data_item.authentication_scheme
        items = tuple([_item(number, scheme, vector) for number, vector in enumerate(vectors, start=1)])
        return MultimediaAuthAnswer(
            session_id=request.session_id,
            origin_host=self._identity.origin_host,
            origin_realm=self._identity.origin_realm,
            user_name=request.user_name,
            result_code=ResultCode.SUCCESS,
            number_auth_items=len(items),
            auth_data_items=items,
        ).message(message)

    async def _server_assignment(self, peer: str, message: Message) -> Message:
        request = ServerAssignmentRequest.parse(message)
        log_session(conversation_of(request.session_id), imsi=request.user_name or "")
        kind = request.server_assignment_type
        try:
            profile = await self._assigned(request)
        except ServiceRefused as refused:
            self._lines.say("assignment refused", refused, type=kind.name, imsi=request.user_name, peer=peer)
            return self._answer(ServerAssignmentAnswer, request, _refusal(refused)).message(message)
        if kind not in _ASSIGNMENTS:
            log.warning("assignment refused", cause="not for SWx", type=kind.name, imsi=request.user_name, peer=peer)
            return self._answer(ServerAssignmentAnswer, request, _NOT_FOR_SWX).message(message)
        log.debug("assignment done", type=kind.name, imsi=request.user_name, peer=peer)
        answer = self._answer(ServerAssignmentAnswer, request, _SUCCESS)
        return replace(answer, non_3gpp_user_data=user_data(profile) if profile else None).message(message)

    async def _vectors(self, request: MultimediaAuthRequest) -> tuple[AuthVector, ...]:
        imsi = _imsi(request.user_name)
        return await self._hss.vectors(
            VectorRequest(
                imsi=imsi,
                node=request.origin_host,
                method=await self._method(imsi, request),
                count=request.number_auth_items,
                network_name=request.anid,
                resynchronisation=_resynchronisation(request.auth_data_item),
                aaa_failure=bool((request.aaa_failure_indication or 0) & 1),
            )
        )

    async def _assigned(self, request: ServerAssignmentRequest) -> Profile | None:
        imsi = _imsi(request.user_name)
        assignment = _ASSIGNMENTS.get(request.server_assignment_type)
        if assignment is None:
            return await self._user(imsi, request.origin_host)
        return await self._hss.assign(
            AssignmentRequest(
                imsi=imsi,
                node=request.origin_host,
                assignment=assignment,
                apn=request.service_selection,
                pdn_gw=_pdn_gw(request.mip6_agent_info),
            )
        )

    async def _method(self, imsi: Imsi, request: MultimediaAuthRequest) -> EapMethod:
        """TS 29.273 §8.1.2.1: the user is judged first, then the scheme and what it needs."""
        scheme = request.auth_data_item.authentication_scheme
        method = SCHEMES.get(scheme or "")
        if method is EapMethod.AKA or (method is EapMethod.AKA_PRIME and request.anid is not None):
            return method
        await self._user(imsi, request.origin_host)
        missing = "SIP-Authentication-Scheme" if scheme is None else "ANID"
        if scheme is None or method is not None:
            raise AvpFault(0, f"{missing} is missing", ResultCode.MISSING_AVP, (shortest(by_name(missing)),))
        raise ServiceRefused(Refusal.SCHEME_NOT_SUPPORTED, f"{scheme!r} is neither EAP-AKA nor EAP-AKA'")

    async def _user(self, imsi: Imsi, node: str) -> Profile | None:
        return await self._hss.assign(AssignmentRequest(imsi, node, Assignment.USER_DATA_REQUEST))

    def _answer(self, kind: type[AnswerT], request: SwxRequest, outcome: _Outcome) -> AnswerT:
        return kind(
            session_id=request.session_id,
            origin_host=self._identity.origin_host,
            origin_realm=self._identity.origin_realm,
            user_name=request.user_name,
            result_code=outcome.result_code,
            experimental_result=outcome.experimental_result,
            error_message=outcome.error_message,
            aaa_server_name=outcome.aaa_server_name,
        )


def _imsi(user_name: str) -> Imsi:
    """User-Name is the IMSI's digits; a permanent NAI is understood as well. USER_UNKNOWN for anything else."""
    try:
        return Imsi(user_name)
    except ValueError:
        imsi = classify(user_name).imsi
    if imsi is None:
        raise ServiceRefused(Refusal.USER_UNKNOWN, "User-Name is no IMSI")
    return imsi


def _resynchronisation(item: SipAuthDataItem) -> Resynchronisation | None:
    if item.authorization is None:
        return None
    if len(item.authorization) != _RAND_AND_AUTS_LENGTH:
        reason = "SIP-Authorization is RAND and AUTS, 30 octets"
        raise AvpFault(0, reason, ResultCode.INVALID_AVP_VALUE, (make("SIP-Authorization", item.authorization),))
    return Resynchronisation(
        rand=bytes(item.authorization[:_RAND_LENGTH]), auts=bytes(item.authorization[_RAND_LENGTH:])
    )


def _pdn_gw(agent: Mip6AgentInfo | None) -> IPv6Address | IPv4Address | None:
    if agent is None:
        return None
    if not agent.home_agent_addresses:
        raise ServiceRefused(Refusal.INVALID_REQUEST, "a PDN GW is kept by its address, and MIP6-Agent-Info has none")
    return max(agent.home_agent_addresses, key=lambda address: address.version)


def _refusal(refused: ServiceRefused) -> _Outcome:
    result = RESULTS[refused.refusal]
    if isinstance(result, ResultCode):
        return _Outcome(result_code=result, error_message=str(refused))
    return _Outcome(
        experimental_result=ExperimentalResult(code=result),
        error_message=str(refused),
        aaa_server_name=refused.serving_aaa,
    )


def _item(number: int, scheme: str | None, vector: AuthVector) -> SipAuthDataItem:
    return SipAuthDataItem(
        item_number=number,
        authentication_scheme=scheme,
        authenticate=vector.rand + vector.autn,
        authorization=vector.xres,
        confidentiality_key=vector.ck,
        integrity_key=vector.ik,
    )
