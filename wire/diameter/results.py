"""What an answer says: Result-Code (RFC 6733 §7.1) and 3GPP Experimental-Result-Code (TS 29.230 §8.2)."""

from enum import IntEnum

VENDOR_3GPP = 10415


class ResultCode(IntEnum):
    """Result-Code values of RFC 6733 §7.1, RFC 5778 §6.8 and RFC 4072 §8; names without the prefix DIAMETER_."""

    MULTI_ROUND_AUTH = 1001
    SUCCESS = 2001
    LIMITED_SUCCESS = 2002
    SUCCESS_RELOCATE_HA = 2009
    COMMAND_UNSUPPORTED = 3001
    UNABLE_TO_DELIVER = 3002
    REALM_NOT_SERVED = 3003
    TOO_BUSY = 3004
    LOOP_DETECTED = 3005
    REDIRECT_INDICATION = 3006
    APPLICATION_UNSUPPORTED = 3007
    INVALID_HDR_BITS = 3008
    INVALID_AVP_BITS = 3009
    UNKNOWN_PEER = 3010
    AUTHENTICATION_REJECTED = 4001
    OUT_OF_SPACE = 4002
    ELECTION_LOST = 4003
    AVP_UNSUPPORTED = 5001
    UNKNOWN_SESSION_ID = 5002
    AUTHORIZATION_REJECTED = 5003
    INVALID_AVP_VALUE = 5004
    MISSING_AVP = 5005
    RESOURCES_EXCEEDED = 5006
    CONTRADICTING_AVPS = 5007
    AVP_NOT_ALLOWED = 5008
    AVP_OCCURS_TOO_MANY_TIMES = 5009
    NO_COMMON_APPLICATION = 5010
    UNSUPPORTED_VERSION = 5011
    UNABLE_TO_COMPLY = 5012
    INVALID_BIT_IN_HEADER = 5013
    INVALID_AVP_LENGTH = 5014
    INVALID_MESSAGE_LENGTH = 5015
    INVALID_AVP_BIT_COMBO = 5016
    NO_COMMON_SECURITY = 5017
    ERROR_MIP6_AUTH_MODE = 5041
    ERROR_EAP_CODE_UNKNOWN = 5048


class ExperimentalResultCode(IntEnum):
    """3GPP values; names without the prefix DIAMETER_ERROR_.

    The numbers are another space than Result-Code: 5001 is USER_UNKNOWN here and AVP_UNSUPPORTED there.
    """

    AUTHENTICATION_DATA_UNAVAILABLE = 4181
    USER_UNKNOWN = 5001
    IDENTITIES_DONT_MATCH = 5002
    IDENTITY_NOT_REGISTERED = 5003
    ROAMING_NOT_ALLOWED = 5004
    IDENTITY_ALREADY_REGISTERED = 5005
    AUTH_SCHEME_NOT_SUPPORTED = 5006
    IN_ASSIGNMENT_TYPE = 5007
    TOO_MUCH_DATA = 5008
    NOT_SUPPORTED_USER_DATA = 5009
    FEATURE_UNSUPPORTED = 5011
    UNKNOWN_EPS_SUBSCRIPTION = 5420
    RAT_NOT_ALLOWED = 5421
    USER_NO_NON_3GPP_SUBSCRIPTION = 5450
    USER_NO_APN_SUBSCRIPTION = 5451
    RAT_TYPE_NOT_ALLOWED = 5452
    LATE_OVERLAPPING_REQUEST = 5453
    TIMED_OUT_REQUEST = 5454
    ILLEGAL_EQUIPMENT = 5554


def is_protocol_error(result: int) -> bool:
    """Whether an answer with this Result-Code sets the E bit (RFC 6733 §7.1.3)."""
    return 3000 <= result < 4000


def is_transient(result: int) -> bool:
    """Whether an answer with this Result-Code must leave the E bit clear (RFC 6733 §7.1.4)."""
    return 4000 <= result < 5000


def is_success(result: int) -> bool:
    """Whether the request was done (RFC 6733 §7.1.2); MULTI_ROUND_AUTH is not: it asks for one more."""
    return 2000 <= result < 3000


def describe_result(result: int | None, experimental: int | None = None) -> str:
    """The code as an operator reads it: `5001 USER_UNKNOWN (3GPP)`, `3004 TOO_BUSY`."""
    if experimental is not None:
        known = experimental in ExperimentalResultCode.__members__.values()
        return f"{experimental} {ExperimentalResultCode(experimental).name if known else 'unnamed'} (3GPP)"
    if result is None:
        return "no result"
    return f"{result} {ResultCode(result).name if result in ResultCode.__members__.values() else 'unnamed'}"
