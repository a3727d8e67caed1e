"""The result of a DEA: the one table between why an access is rejected and what Diameter calls that."""

from collections.abc import Mapping

from aaa.messages import RejectCause
from wire.diameter.results import ExperimentalResultCode, ResultCode

RESULTS: Mapping[RejectCause, ResultCode | ExperimentalResultCode] = {
    # TS 29.273 §9.1.2.1.2 and §7.1.2.1.2: what the HSS said of the user goes on to the gateway.
    RejectCause.USER_UNKNOWN: ExperimentalResultCode.USER_UNKNOWN,
    RejectCause.NO_NON_3GPP_SUBSCRIPTION: ExperimentalResultCode.USER_NO_NON_3GPP_SUBSCRIPTION,
    RejectCause.NO_APN_SUBSCRIPTION: ExperimentalResultCode.USER_NO_APN_SUBSCRIPTION,
    RejectCause.ROAMING_NOT_ALLOWED: ExperimentalResultCode.ROAMING_NOT_ALLOWED,
    RejectCause.RAT_NOT_ALLOWED: ExperimentalResultCode.RAT_TYPE_NOT_ALLOWED,
    # RFC 6733 §7.1.5: the user is who he is, but not authorised.
    RejectCause.MOBILITY_NOT_ALLOWED: ResultCode.AUTHORIZATION_REJECTED,
    RejectCause.SUBSCRIBER_BARRED: ResultCode.AUTHORIZATION_REJECTED,
    # RFC 4072 §2.2, RFC 6733 §7.1.4: the authentication failed.
    RejectCause.WRONG_RESPONSE: ResultCode.AUTHENTICATION_REJECTED,
    RejectCause.NETWORK_REFUSED_BY_UE: ResultCode.AUTHENTICATION_REJECTED,
    RejectCause.CLIENT_ERROR: ResultCode.AUTHENTICATION_REJECTED,
    RejectCause.METHOD_REFUSED: ResultCode.AUTHENTICATION_REJECTED,
    RejectCause.BAD_EAP: ResultCode.AUTHENTICATION_REJECTED,
    RejectCause.RESYNCHRONISATION_REJECTED: ResultCode.AUTHENTICATION_REJECTED,
    RejectCause.UE_SILENT: ResultCode.AUTHENTICATION_REJECTED,
    # RFC 6733 §7.1.5: the Session-Id may be known, its conversation is not.
    RejectCause.UNKNOWN_STATE: ResultCode.UNKNOWN_SESSION_ID,
    # RFC 6733 §7.1.5. Not 3002: that is a protocol error of routing, and its answer would not carry EAP-Failure.
    RejectCause.HSS_UNAVAILABLE: ResultCode.UNABLE_TO_COMPLY,
    RejectCause.HSS_REFUSED: ResultCode.UNABLE_TO_COMPLY,
    RejectCause.REGISTERED_ELSEWHERE: ResultCode.UNABLE_TO_COMPLY,
    # RFC 6733 §7.1.3: the gateway may turn to another server.
    RejectCause.TOO_BUSY: ResultCode.TOO_BUSY,
    RejectCause.NOT_SERVED: ResultCode.UNABLE_TO_COMPLY,
}
