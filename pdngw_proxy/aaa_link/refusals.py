"""Why the AAA server refuses, as the UE is told it: from Diameter's results to IKEv2's errors (TS 24.302 §8.1.2.2).

TS 24.302 has these for the ePDG; for the home agent's IKE SA no document has any, and a UE that does not know them
takes them for what they are, an error (RFC 7296 §3.10.1).
"""

from collections.abc import Mapping
from types import MappingProxyType

from wire.diameter.results import ExperimentalResultCode, ResultCode
from wire.ikev2.constants import NotifyType

_BY_RESULT: Mapping[int, NotifyType] = MappingProxyType(
    {
        ResultCode.AUTHORIZATION_REJECTED: NotifyType.AUTHORIZATION_REJECTED,
        ResultCode.UNABLE_TO_COMPLY: NotifyType.NETWORK_FAILURE,
        ResultCode.UNABLE_TO_DELIVER: NotifyType.NETWORK_FAILURE,
        ResultCode.REALM_NOT_SERVED: NotifyType.USER_UNKNOWN,
        ResultCode.APPLICATION_UNSUPPORTED: NotifyType.NETWORK_FAILURE,
        ResultCode.NO_COMMON_APPLICATION: NotifyType.NETWORK_FAILURE,
        ResultCode.TOO_BUSY: NotifyType.NETWORK_FAILURE,
        ResultCode.OUT_OF_SPACE: NotifyType.NETWORK_FAILURE,
        ResultCode.RESOURCES_EXCEEDED: NotifyType.NETWORK_FAILURE,
    }
)
_BY_EXPERIMENTAL_RESULT: Mapping[int, NotifyType] = MappingProxyType(
    {
        ExperimentalResultCode.AUTHENTICATION_DATA_UNAVAILABLE: NotifyType.NETWORK_FAILURE,
        ExperimentalResultCode.USER_UNKNOWN: NotifyType.USER_UNKNOWN,
        ExperimentalResultCode.ROAMING_NOT_ALLOWED: NotifyType.PLMN_NOT_ALLOWED,
        ExperimentalResultCode.UNKNOWN_EPS_SUBSCRIPTION: NotifyType.NON_3GPP_ACCESS_TO_EPC_NOT_ALLOWED,
        ExperimentalResultCode.RAT_NOT_ALLOWED: NotifyType.RAT_TYPE_NOT_ALLOWED,
        ExperimentalResultCode.USER_NO_NON_3GPP_SUBSCRIPTION: NotifyType.NON_3GPP_ACCESS_TO_EPC_NOT_ALLOWED,
        ExperimentalResultCode.USER_NO_APN_SUBSCRIPTION: NotifyType.NO_APN_SUBSCRIPTION,
        ExperimentalResultCode.RAT_TYPE_NOT_ALLOWED: NotifyType.RAT_TYPE_NOT_ALLOWED,
        ExperimentalResultCode.ILLEGAL_EQUIPMENT: NotifyType.ILLEGAL_ME,
    }
)


def error_of(result_code: int | None, experimental_result: int | None) -> NotifyType | None:
    """The error for an answer's Result-Code and Experimental-Result-Code; None where the UE is told no more."""
    if experimental_result is not None:
        return _BY_EXPERIMENTAL_RESULT.get(experimental_result)
    return None if result_code is None else _BY_RESULT.get(result_code)
