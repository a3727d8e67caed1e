"""Status codes of Binding Acknowledgement, Binding Error and IPv4 Address Acknowledgement (RFC 6275, RFC 5555)."""

from enum import IntEnum

FIRST_REFUSAL = 128
"""Every status from here on refuses (RFC 6275 §6.1.8, RFC 5555 §3.2.1)."""


class BindingStatus(IntEnum):
    """Of a Binding Acknowledgement (RFC 6275 §6.1.8, RFC 3963 §4.2, RFC 5555 §4.5)."""

    ACCEPTED = 0
    ACCEPTED_PREFIX_DISCOVERY_NECESSARY = 1
    REASON_UNSPECIFIED = 128
    ADMINISTRATIVELY_PROHIBITED = 129
    INSUFFICIENT_RESOURCES = 130
    HOME_REGISTRATION_NOT_SUPPORTED = 131
    NOT_HOME_SUBNET = 132
    NOT_HOME_AGENT_FOR_THIS_NODE = 133
    DUPLICATE_ADDRESS_DETECTION_FAILED = 134
    SEQUENCE_OUT_OF_WINDOW = 135
    EXPIRED_HOME_NONCE_INDEX = 136
    EXPIRED_CARE_OF_NONCE_INDEX = 137
    EXPIRED_NONCES = 138
    REGISTRATION_TYPE_CHANGE_DISALLOWED = 139
    MOBILE_ROUTER_OPERATION_NOT_PERMITTED = 140
    CANNOT_FORCE_UDP_ENCAPSULATION = 144
    INVALID_CARE_OF_ADDRESS = 174


class BindingErrorStatus(IntEnum):
    """Of a Binding Error (RFC 6275 §6.1.9)."""

    UNKNOWN_BINDING = 1
    UNRECOGNISED_MH_TYPE = 2


class Ipv4AckStatus(IntEnum):
    """Of an IPv4 Address Acknowledgement option (RFC 5555 §3.2.1)."""

    SUCCESS = 0
    REASON_UNSPECIFIED = 128
    ADMINISTRATIVELY_PROHIBITED = 129
    INCORRECT_HOME_ADDRESS = 130
    INVALID_ADDRESS = 131
    DYNAMIC_UNAVAILABLE = 132
    PREFIX_UNAUTHORISED = 133


def is_accepted(status: int) -> bool:
    """Whether a binding was made or kept, also by a status that is not known here."""
    return status < FIRST_REFUSAL


def name_of(status: int) -> str:
    """A Binding Acknowledgement's status for an operator: its number and, where it is known, its name."""
    try:
        return f"{status} ({BindingStatus(status).name.lower().replace('_', ' ')})"
    except ValueError:
        return str(status)
