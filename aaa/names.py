"""What a client is told of who the user is (RFC 2865 §5.1, TS 29.273 §9.2.2.3.5)."""

from aaa.eap.events import Succeeded
from aaa.messages import AccessRequest
from wire.identity import IdentityKind, classify, leading_character

_PERMANENT = frozenset({IdentityKind.PERMANENT, IdentityKind.ENCRYPTED})


def user_name(over: Succeeded, request: AccessRequest, home_realm: str) -> str:
    """The permanent identity; what the user called himself instead, where he hid it from a client that is not to know.

    Who came by an encrypted identity is then what the client itself called him.
    """
    shown = over.identity.decode(errors="replace")
    if over.imsi_shown or request.client.show_imsi:
        return shown if over.kind in _PERMANENT else _permanent(over, home_realm)
    if over.kind is IdentityKind.ENCRYPTED:
        return request.user_name or ""
    return shown


def _permanent(over: Succeeded, home_realm: str) -> str:
    """IMSI and realm; the realm that is configured, for a fast re-authentication identity may have another or none."""
    username = f"{leading_character(IdentityKind.PERMANENT, over.method)}{over.imsi}"
    realm = home_realm or classify(over.identity).nai.realm
    return f"{username}@{realm}" if realm else username
