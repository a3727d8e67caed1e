"""Numbers of EAP-AKA, EAP-AKA' and EAP-SIM (RFC 4187 §11, RFC 9048 §8, RFC 4186 §8.1)."""

from enum import IntEnum

BIDDING_PREFERS_AKA_PRIME = 0x8000
"""D of AT_BIDDING: the server would rather run EAP-AKA' (RFC 9048 §4)."""

KDF_CK_PRIME = 1
"""The one key derivation function of EAP-AKA' (RFC 9048 §3.2)."""


SIM_VERSION = 1
"""The one version of EAP-SIM (RFC 4186 §4.2.3)."""


class Subtype(IntEnum):
    """Subtype, shared by EAP-AKA, EAP-AKA' and EAP-SIM, which has the two of its name (RFC 4187 §11)."""

    CHALLENGE = 1
    AUTHENTICATION_REJECT = 2
    SYNCHRONIZATION_FAILURE = 4
    IDENTITY = 5
    SIM_START = 10
    SIM_CHALLENGE = 11
    NOTIFICATION = 12
    REAUTHENTICATION = 13
    CLIENT_ERROR = 14


class ClientErrorCode(IntEnum):
    """AT_CLIENT_ERROR_CODE (RFC 4187 §10.20); from 1 on those of EAP-SIM alone (RFC 4186 §10.19)."""

    UNABLE_TO_PROCESS_PACKET = 0
    UNSUPPORTED_VERSION = 1
    INSUFFICIENT_CHALLENGES = 2
    CHALLENGES_NOT_FRESH = 3


class NotificationCode(IntEnum):
    """AT_NOTIFICATION (RFC 4187 §10.19)."""

    GENERAL_FAILURE_AFTER_AUTHENTICATION = 0
    TEMPORARILY_DENIED = 1026
    NOT_SUBSCRIBED = 1031
    GENERAL_FAILURE = 16384
    SUCCESS = 32768


def says_success(code: int) -> bool:
    """The S bit: EAP-Success follows (RFC 4187 §6.1)."""
    return bool(code & 0x8000)


def comes_before_authentication(code: int) -> bool:
    """The P bit: no Challenge or Reauthentication round has succeeded, so no AT_MAC protects it (RFC 4187 §6.1)."""
    return bool(code & 0x4000)
