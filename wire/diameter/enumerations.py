"""Enumerated AVPs whose every value is known (RFC 6733 §8, TS 29.229 §6.3, TS 29.272 §7.3, TS 29.273 §8.2.3)."""

from enum import IntEnum, IntFlag

from wire.diameter.dictionary import by_name


class DisconnectCause(IntEnum):
    """RFC 6733 §5.4.3."""

    REBOOTING = 0
    BUSY = 1
    DO_NOT_WANT_TO_TALK_TO_YOU = 2


class AuthRequestType(IntEnum):
    """RFC 6733 §8.7."""

    AUTHENTICATE_ONLY = 1
    AUTHORIZE_ONLY = 2
    AUTHORIZE_AUTHENTICATE = 3


class AuthSessionState(IntEnum):
    """RFC 6733 §8.11."""

    STATE_MAINTAINED = 0
    NO_STATE_MAINTAINED = 1


class ReAuthRequestType(IntEnum):
    """RFC 6733 §8.12."""

    AUTHORIZE_ONLY = 0
    AUTHORIZE_AUTHENTICATE = 1


class TerminationCause(IntEnum):
    """RFC 6733 §8.15; names without the prefix DIAMETER_."""

    LOGOUT = 1
    SERVICE_NOT_PROVIDED = 2
    BAD_ANSWER = 3
    ADMINISTRATIVE = 4
    LINK_BROKEN = 5
    AUTH_EXPIRED = 6
    USER_MOVED = 7
    SESSION_TIMEOUT = 8


class ServerAssignmentType(IntEnum):
    """TS 29.229 §6.3.15, TS 29.273 §8.2.3.0."""

    NO_ASSIGNMENT = 0
    REGISTRATION = 1
    RE_REGISTRATION = 2
    UNREGISTERED_USER = 3
    TIMEOUT_DEREGISTRATION = 4
    USER_DEREGISTRATION = 5
    TIMEOUT_DEREGISTRATION_STORE_SERVER_NAME = 6
    USER_DEREGISTRATION_STORE_SERVER_NAME = 7
    ADMINISTRATIVE_DEREGISTRATION = 8
    AUTHENTICATION_FAILURE = 9
    AUTHENTICATION_TIMEOUT = 10
    DEREGISTRATION_TOO_MUCH_DATA = 11
    AAA_USER_DATA_REQUEST = 12
    PGW_UPDATE = 13
    RESTORATION = 14


class ReasonCode(IntEnum):
    """TS 29.229 §6.3.17."""

    PERMANENT_TERMINATION = 0
    NEW_SERVER_ASSIGNED = 1
    SERVER_CHANGE = 2
    REMOVE_S_CSCF = 3


class Non3gppIpAccess(IntEnum):
    """TS 29.273 §8.2.3.3."""

    NON_3GPP_SUBSCRIPTION_ALLOWED = 0
    NON_3GPP_SUBSCRIPTION_BARRED = 1


class Non3gppIpAccessApn(IntEnum):
    """TS 29.273 §8.2.3.4."""

    NON_3GPP_APNS_ENABLE = 0
    NON_3GPP_APNS_DISABLE = 1


class AnTrusted(IntEnum):
    """TS 29.273 §5.2.3.9."""

    TRUSTED = 0
    UNTRUSTED = 1


class PdnType(IntEnum):
    """TS 29.272 §7.3.62."""

    IPV4 = 0
    IPV6 = 1
    IPV4V6 = 2
    IPV4_OR_IPV6 = 3


class PdnGwAllocationType(IntEnum):
    """TS 29.272 §7.3.44."""

    STATIC = 0
    DYNAMIC = 1


class SubscriptionIdType(IntEnum):
    """RFC 8506 §8.47."""

    END_USER_E164 = 0
    END_USER_IMSI = 1
    END_USER_SIP_URI = 2
    END_USER_NAI = 3
    END_USER_PRIVATE = 4


class PprFlags(IntFlag):
    """TS 29.273 §8.2.3.17."""

    RESET_INDICATION = 0x1
    ACCESS_NETWORK_INFO_REQUEST = 0x2
    UE_LOCAL_TIME_ZONE_REQUEST = 0x4
    P_CSCF_RESTORATION = 0x8


class RarFlags(IntFlag):
    """TS 29.273 §9.2.3.1.5."""

    TRUST_RELATIONSHIP_UPDATE = 0x1
    P_CSCF_RESTORATION = 0x2


class RatType(IntEnum):
    """TS 29.212 §5.3.31: what we may send; values of later releases are received as plain numbers."""

    WLAN = 0
    VIRTUAL = 1
    UTRAN = 1000
    GERAN = 1001
    EUTRAN = 1004
    CDMA2000_1X = 2000
    HRPD = 2001
    EHRPD = 2003


class Mip6FeatureVector(IntFlag):
    """RFC 5447 §4.2.5, RFC 5779 §4.2, TS 29.273 §5.2.3.3."""

    MIP6_INTEGRATED = 0x1
    LOCAL_HOME_AGENT_ASSIGNMENT = 0x2
    PMIP6_SUPPORTED = 0x0000010000000000
    IP4_HOA_SUPPORTED = 0x0000020000000000
    LOCAL_MAG_ROUTING_SUPPORTED = 0x0000040000000000
    ASSIGN_LOCAL_IP = 0x0000080000000000
    MIP4_SUPPORTED = 0x0000100000000000
    OPTIMIZED_IDLE_MODE_MOBILITY = 0x0000200000000000
    GTPV2_SUPPORTED = 0x0000400000000000


_CLOSED: dict[str, type[IntEnum]] = {
    "Disconnect-Cause": DisconnectCause,
    "Auth-Request-Type": AuthRequestType,
    "Auth-Session-State": AuthSessionState,
    "Re-Auth-Request-Type": ReAuthRequestType,
    "Server-Assignment-Type": ServerAssignmentType,
    "Reason-Code": ReasonCode,
    "Non-3GPP-IP-Access": Non3gppIpAccess,
    "Non-3GPP-IP-Access-APN": Non3gppIpAccessApn,
    "AN-Trusted": AnTrusted,
    "PDN-Type": PdnType,
    "PDN-GW-Allocation-Type": PdnGwAllocationType,
    "Subscription-Id-Type": SubscriptionIdType,
}

CLOSED_ENUMERATIONS = {
    (definition.code, definition.vendor): frozenset(int(value) for value in enumeration)
    for definition, enumeration in ((by_name(name), kind) for name, kind in _CLOSED.items())
}
"""(code, vendor) to the values that are allowed: any other is answered with 5004 (RFC 6733 §7.1.5)."""
