"""Error-Cause: why a NAS did not do it (RFC 5176 §3.5)."""

from enum import IntEnum

from wire.errors import DecodeError
from wire.radius.packet import RadiusPacket


class ErrorCause(IntEnum):
    """The values of RFC 5176 §3.5."""

    RESIDUAL_SESSION_CONTEXT_REMOVED = 201
    INVALID_EAP_PACKET = 202
    UNSUPPORTED_ATTRIBUTE = 401
    MISSING_ATTRIBUTE = 402
    NAS_IDENTIFICATION_MISMATCH = 403
    INVALID_REQUEST = 404
    UNSUPPORTED_SERVICE = 405
    UNSUPPORTED_EXTENSION = 406
    INVALID_ATTRIBUTE_VALUE = 407
    ADMINISTRATIVELY_PROHIBITED = 501
    REQUEST_NOT_ROUTABLE = 502
    SESSION_CONTEXT_NOT_FOUND = 503
    SESSION_CONTEXT_NOT_REMOVABLE = 504
    OTHER_PROXY_PROCESSING_ERROR = 505
    RESOURCES_UNAVAILABLE = 506
    REQUEST_INITIATED = 507
    MULTIPLE_SESSION_SELECTION_UNSUPPORTED = 508


def error_cause_of(packet: RadiusPacket) -> int | None:
    """The Error-Cause of an ACK or NAK, None without one that can be read."""
    try:
        return packet.integer("Error-Cause")
    except DecodeError:
        return None


def error_cause_text(number: int | None) -> str:
    """The cause in words and as a number."""
    if number is None:
        return "no Error-Cause"
    try:
        return f"{ErrorCause(number).name.lower().replace('_', ' ')} ({number})"
    except ValueError:
        return f"Error-Cause {number}"
