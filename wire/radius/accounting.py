"""What accounting says in numbers: Acct-Status-Type and Acct-Terminate-Cause (RFC 2866 §5.1, §5.10, RFC 3580 §5)."""

from enum import IntEnum


class AcctStatusType(IntEnum):
    """RFC 2866 §5.1."""

    START = 1
    STOP = 2
    INTERIM_UPDATE = 3
    ACCOUNTING_ON = 7
    ACCOUNTING_OFF = 8


class TerminateCause(IntEnum):
    """Acct-Terminate-Cause: 1 to 18 RFC 2866 §5.10, the others RFC 3580 §5."""

    USER_REQUEST = 1
    LOST_CARRIER = 2
    LOST_SERVICE = 3
    IDLE_TIMEOUT = 4
    SESSION_TIMEOUT = 5
    ADMIN_RESET = 6
    ADMIN_REBOOT = 7
    PORT_ERROR = 8
    NAS_ERROR = 9
    NAS_REQUEST = 10
    NAS_REBOOT = 11
    PORT_UNNEEDED = 12
    PORT_PREEMPTED = 13
    PORT_SUSPENDED = 14
    SERVICE_UNAVAILABLE = 15
    CALLBACK = 16
    USER_ERROR = 17
    HOST_REQUEST = 18
    SUPPLICANT_RESTART = 19
    REAUTHENTICATION_FAILURE = 20
    PORT_REINITIALIZED = 21
    PORT_DISABLED = 22


def terminate_cause_text(number: int) -> str:
    """The cause in words, such as user-request; cause-N for one that is unknown here."""
    try:
        return TerminateCause(number).name.lower().replace("_", "-")
    except ValueError:
        return f"cause-{number}"


COULD_NOT_BEGIN = terminate_cause_text(TerminateCause.SERVICE_UNAVAILABLE)
"""What a NAS says of a session that it cannot provide (RFC 2866 §5.10)."""


def whole_counter(low: int | None, gigawords: int | None) -> int | None:
    """64 bits of octets from the low 32 and their overflows (RFC 2869 §5.1); None when neither is said."""
    if low is None and gigawords is None:
        return None
    return (gigawords or 0) << 32 | (low or 0)
