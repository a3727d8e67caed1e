"""S6a at the HSS: AIR becomes requests of `hss.api`, and what comes back AIA (TS 29.272 §5.2.3.1, §7.2.5)."""

from collections.abc import Mapping

from hss.api import (
    AuthenticationCentre,
    Refusal,
    Resynchronisation,
    ServiceRefused,
    VectorRequest,
)
from hss.faces.refusal_lines import RefusalLines
from runtime.log_session import log_session
from runtime.logs import debugging, get_logger
from wire.aka.kasme import SERVING_NETWORK_LENGTH
from wire.aka.vector import AuthVector, EpsVector
from wire.diameter.avp import AvpFault
from wire.diameter.command import ExperimentalResult, Identity
from wire.diameter.dictionary import by_name
from wire.diameter.message import Message
from wire.diameter.results import ExperimentalResultCode, ResultCode
from wire.diameter.s6a import (
    AuthenticationInfo,
    AuthenticationInformationAnswer,
    AuthenticationInformationRequest,
    EutranVector,
    RequestedAuthenticationInfo,
    S6aCommand,
    UtranVector,
)
from wire.diameter.values import make, shortest
from wire.identity import Imsi

log = get_logger("hss.s6a")

RESULTS: Mapping[Refusal, ResultCode | ExperimentalResultCode] = {
    Refusal.USER_UNKNOWN: ExperimentalResultCode.USER_UNKNOWN,
    Refusal.SUBSCRIBER_BARRED: ResultCode.AUTHORIZATION_REJECTED,
    Refusal.NO_NON_3GPP_SUBSCRIPTION: ExperimentalResultCode.UNKNOWN_EPS_SUBSCRIPTION,
    Refusal.NO_APN_SUBSCRIPTION: ExperimentalResultCode.UNKNOWN_EPS_SUBSCRIPTION,
    Refusal.SCHEME_NOT_SUPPORTED: ResultCode.UNABLE_TO_COMPLY,
    Refusal.ROAMING_NOT_ALLOWED: ExperimentalResultCode.ROAMING_NOT_ALLOWED,
    Refusal.RAT_NOT_ALLOWED: ExperimentalResultCode.RAT_NOT_ALLOWED,
    Refusal.REGISTERED_ELSEWHERE: ResultCode.UNABLE_TO_COMPLY,
    Refusal.RESYNCHRONISATION_REJECTED: ExperimentalResultCode.AUTHENTICATION_DATA_UNAVAILABLE,
    Refusal.INVALID_REQUEST: ResultCode.UNABLE_TO_COMPLY,
    Refusal.UNAVAILABLE: ResultCode.UNABLE_TO_DELIVER,
    Refusal.TOO_BUSY: ResultCode.TOO_BUSY,
}
"""How S6a says each refusal (TS 29.272 §5.2.3.1.3, §7.4; RFC 6733 §7.1)."""

_RAND_LENGTH = 16
_RAND_AND_AUTS_LENGTH = 30


class S6aServer:
    """`serve` is a handler for `runtime.diameter.server.DiameterServer`; `hss` decides, `identity` answers."""

    def __init__(self, hss: AuthenticationCentre, identity: Identity) -> None:
        self._hss = hss
        self._identity = identity
        self._lines = RefusalLines("hss.s6a")

    async def serve(self, peer: str, message: Message) -> Message:
        """The answer to an AIR; AvpFault when the request cannot be one."""
        if message.command != S6aCommand.AUTHENTICATION_INFORMATION:
            raise AvpFault(5, f"the HSS serves no command {message.command} of S6a", ResultCode.COMMAND_UNSUPPORTED)
        request = AuthenticationInformationRequest.parse(message)
        log_session(request.session_id, imsi=request.user_name or "")
        _check(request)
        try:
            info = await self._vectors(request)
        except ServiceRefused as refused:
            self._lines.say("vectors refused", refused, imsi=request.user_name, peer=peer)
            return self._refusal(request, refused).message(message)
        count = len(info.e_utran_vectors) + len(info.utran_vectors)
        if debugging():
            log.debug("vectors given", imsi=request.user_name, count=count, peer=peer)
        answer = AuthenticationInformationAnswer(
            session_id=request.session_id,
            origin_host=self._identity.origin_host,
            origin_realm=self._identity.origin_realm,
            result_code=ResultCode.SUCCESS,
            authentication_info=info,
        )
        return answer.message(message)

    async def _vectors(self, request: AuthenticationInformationRequest) -> AuthenticationInfo:
        """Those for E-UTRAN, then those for UTRAN and GERAN; a resynchronisation, wherever it is, comes first."""
        try:
            imsi = Imsi(request.user_name)
        except ValueError:
            raise ServiceRefused(Refusal.USER_UNKNOWN, "User-Name is no IMSI") from None
        eutran, utran = request.requested_eutran, request.requested_utran_geran
        eps: tuple[EpsVector, ...] = ()
        umts: tuple[AuthVector, ...] = ()
        if utran is not None and utran.re_synchronization_info is not None:
            umts = await self._hss.vectors(_asked(imsi, request, utran))
        if eutran is not None:
            eps = await self._hss.eps_vectors(_asked(imsi, request, eutran))
        if utran is not None and not umts:
            umts = await self._hss.vectors(_asked(imsi, request, utran))
        return AuthenticationInfo(
            e_utran_vectors=tuple(_eutran_vector(number, one) for number, one in enumerate(eps, start=1)),
            utran_vectors=tuple(_utran_vector(number, one) for number, one in enumerate(umts, start=len(eps) + 1)),
        )

    def _refusal(
        self, request: AuthenticationInformationRequest, refused: ServiceRefused
    ) -> AuthenticationInformationAnswer:
        result = RESULTS[refused.refusal]
        plain = isinstance(result, ResultCode)
        return AuthenticationInformationAnswer(
            session_id=request.session_id,
            origin_host=self._identity.origin_host,
            origin_realm=self._identity.origin_realm,
            result_code=result if plain else None,
            experimental_result=None if plain else ExperimentalResult(code=result),
            error_message=str(refused),
        )


def _check(request: AuthenticationInformationRequest) -> None:
    """AvpFault for what only the two ends of S6a could have agreed upon, and did not (TS 29.272 §5.2.3.1.1)."""
    asked = [request.requested_eutran, request.requested_utran_geran]
    if asked == [None, None]:
        name = "Requested-EUTRAN-Authentication-Info"
        raise AvpFault(0, f"{name} is missing", ResultCode.MISSING_AVP, (shortest(by_name(name)),))
    if len(request.visited_plmn_id) != SERVING_NETWORK_LENGTH:
        raise _invalid("Visited-PLMN-Id", request.visited_plmn_id, f"has {SERVING_NETWORK_LENGTH} octets")
    for info in asked:
        auts = None if info is None else info.re_synchronization_info
        if auts is not None and len(auts) != _RAND_AND_AUTS_LENGTH:
            raise _invalid("Re-Synchronization-Info", auts, "is RAND and AUTS, 30 octets")
        if info is not None and info.number_of_requested_vectors == 0:
            raise _invalid("Number-Of-Requested-Vectors", 0, "is 1 or more")


def _invalid(name: str, value: int | bytes, reason: str) -> AvpFault:
    return AvpFault(0, f"{name} {reason}", ResultCode.INVALID_AVP_VALUE, (make(name, value),))


def _asked(imsi: Imsi, request: AuthenticationInformationRequest, info: RequestedAuthenticationInfo) -> VectorRequest:
    auts = info.re_synchronization_info
    return VectorRequest(
        imsi=imsi,
        node=request.origin_host,
        method=None,
        count=info.number_of_requested_vectors or 1,
        resynchronisation=None if auts is None else Resynchronisation(auts[:_RAND_LENGTH], auts[_RAND_LENGTH:]),
        serving_network=request.visited_plmn_id,
        from_aaa=False,
    )


def _eutran_vector(number: int, vector: EpsVector) -> EutranVector:
    return EutranVector(item_number=number, rand=vector.rand, xres=vector.xres, autn=vector.autn, kasme=vector.kasme)


def _utran_vector(number: int, vector: AuthVector) -> UtranVector:
    return UtranVector(
        item_number=number,
        rand=vector.rand,
        xres=vector.xres,
        autn=vector.autn,
        confidentiality_key=vector.ck,
        integrity_key=vector.ik,
    )
