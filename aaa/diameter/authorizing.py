"""AAR: a session that is let in already is authorised anew, by the profile of this moment (TS 29.273 §9.1.2.2)."""

from dataclasses import replace

from aaa.authorization import Authorized, Refused, authorize
from aaa.diameter.grants import apn_configuration, apn_configurations, wire_ambr
from aaa.diameter.results import RESULTS
from aaa.messages import RejectCause
from aaa.refusals import describe
from aaa.registrar import Registrar
from aaa.user_sessions import UserSession, UserSessions
from hss.api import ServiceRefused
from runtime.logs import get_logger
from wire.diameter.applications import Application
from wire.diameter.authorization import AaAnswer, AaRequest
from wire.diameter.avp import AvpFault
from wire.diameter.command import ExperimentalResult, Identity
from wire.diameter.enumerations import AuthRequestType
from wire.diameter.message import Message
from wire.diameter.results import ResultCode

log = get_logger("aaa.diameter")


class Authorizing:
    """Answers AARs by the sessions that are kept and the HSS's profile."""

    def __init__(self, identity: Identity, sessions: UserSessions, registrar: Registrar) -> None:
        self._identity = identity
        self._sessions = sessions
        self._registrar = registrar

    async def serve(self, peer: str, message: Message) -> Message:
        """The AAA to an AAR; AvpFault for a session that `peer` does not have."""
        request = AaRequest.parse(message)
        session = await self._sessions.find(request.session_id)
        if session is None or session.ending or not session.belongs_to(peer, request.origin_host):
            raise _unknown(request)
        if request.auth_request_type is not AuthRequestType.AUTHORIZE_ONLY:
            named = message.first("Auth-Request-Type")
            reason = "Auth-Request-Type: AAR authorises, DER authenticates"
            raise AvpFault(0, reason, ResultCode.INVALID_AVP_VALUE, () if named is None else (named,))
        asked = _as_asked(session, request)
        grant = await self._judged(asked)
        if isinstance(grant, Refused):
            about = {"session": session.session_id, "client": peer, "imsi": str(session.imsi)}
            log.warning("authorization refused", cause=grant.cause.value, detail=grant.reason, **about)
            return self._refused(request, grant.cause).message(message)
        if not await self._sessions.change(replace(asked, profile=grant.profile)):
            # it has ended, or the HSS has had it ended, while the HSS was asked
            raise _unknown(request)
        if asked.pdn_gw != session.pdn_gw or asked.apn != session.apn:
            self._registrar.attached(asked)
        return self._granted(request, grant).message(message)

    async def _judged(self, session: UserSession) -> Authorized | Refused:
        try:
            profile = await self._registrar.profile(session)
        except ServiceRefused as refused:
            return Refused(*describe(refused))
        if profile is None:
            return Refused(RejectCause.HSS_REFUSED, "the HSS gave no profile")
        return authorize(profile, session.apn, session.access)

    def _blank(self, request: AaRequest) -> AaAnswer:
        return AaAnswer(
            session_id=request.session_id,
            auth_application_id=request.auth_application_id,
            auth_request_type=request.auth_request_type,
            origin_host=self._identity.origin_host,
            origin_realm=self._identity.origin_realm,
        )

    def _granted(self, request: AaRequest, grant: Authorized) -> AaAnswer:
        answer = replace(
            self._blank(request),
            result_code=ResultCode.SUCCESS,
            mip6_feature_vector=grant.mip6_features,
            session_timeout=grant.profile.session_timeout,
        )
        if request.auth_application_id == Application.S6B:
            return replace(answer, apn_configurations=(apn_configuration(replace(grant.apn, pdn_gw=None)),))
        return replace(
            answer,
            context_identifier=grant.profile.default_context_id,
            apn_configurations=apn_configurations(grant.profile),
            ambr=wire_ambr(grant.profile.ambr),
        )

    def _refused(self, request: AaRequest, cause: RejectCause) -> AaAnswer:
        answer, result = replace(self._blank(request), error_message=cause.value), RESULTS[cause]
        if isinstance(result, ResultCode):
            return replace(answer, result_code=result)
        return replace(answer, experimental_result=ExperimentalResult(code=result))


def _unknown(request: AaRequest) -> AvpFault:
    return AvpFault(0, f"{request.origin_host} has no such session", ResultCode.UNKNOWN_SESSION_ID)


def _as_asked(session: UserSession, request: AaRequest) -> UserSession:
    """What the AAR says anew; what it does not say stays as it was."""
    addresses = () if request.mip6_agent_info is None else request.mip6_agent_info.home_agent_addresses
    features = request.mip6_feature_vector
    return replace(
        session,
        apn=request.service_selection or session.apn,
        access=session.access if features is None else replace(session.access, mip6_features=features),
        pdn_gw=max(addresses, key=lambda address: address.version, default=session.pdn_gw),
    )
