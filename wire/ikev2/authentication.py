"""What AUTH signs, and the shared key MIC that also carries an EAP method's MSK (RFC 7296 §2.15, §2.16).

And for how long that holds: AUTH_LIFETIME (RFC 4478).
"""

import hmac

from wire.errors import DecodeError
from wire.ikev2.algorithms import Prf
from wire.ikev2.constants import AuthMethod, NotifyType
from wire.ikev2.payloads.auth import Authentication
from wire.ikev2.payloads.identification import Identification
from wire.ikev2.payloads.notify import Notify
from wire.secret import Secret

_KEY_PAD = b"Key Pad for IKEv2"
_LONGEST_LIFETIME = 0xFFFFFFFF
_LIFETIME_OCTETS = 4


class AuthenticationFailed(Exception):
    """The peer did not prove its identity; `cause` is one line for the log."""

    def __init__(self, cause: str) -> None:
        super().__init__(cause)
        self.cause = cause


def auth_lifetime(seconds: float) -> Notify:
    """AUTH_LIFETIME: the initiator has to authenticate anew within so many seconds, cut to whole ones (RFC 4478 §3)."""
    whole = max(0, min(int(seconds), _LONGEST_LIFETIME))
    return Notify(NotifyType.AUTH_LIFETIME, whole.to_bytes(4, "big"))


def signed_octets(prf: Prf, sk_p: Secret, *, message: bytes, nonce: bytes, identity: Identification) -> bytes:
    """InitiatorSignedOctets or ResponderSignedOctets (RFC 7296 §2.15).

    `message` is the signer's own IKE_SA_INIT message from its first SPI to its end, `nonce` the other end's, `sk_p`
    the signer's SK_pi or SK_pr and `identity` its ID payload.
    """
    return message + nonce + prf(sk_p, identity.build())


def shared_key_proof(prf: Prf, secret: Secret, octets: bytes) -> Authentication:
    """AUTH by a shared secret, which after EAP is the MSK (RFC 7296 §2.16)."""
    return Authentication(AuthMethod.SHARED_KEY, bytes(prf(prf(secret, _KEY_PAD), octets)))


def check_shared_key_proof(proof: Authentication, prf: Prf, secret: Secret, octets: bytes) -> None:
    """AuthenticationFailed unless `proof` is that of `secret` over `octets`."""
    if proof.method != AuthMethod.SHARED_KEY:
        raise AuthenticationFailed(f"AUTH by method {proof.method} where the shared key is due")
    if not hmac.compare_digest(proof.data, shared_key_proof(prf, secret, octets).data):
        raise AuthenticationFailed("AUTH does not match the shared key")


def read_auth_lifetime(notify: Notify) -> int:
    """Within how many seconds AUTH_LIFETIME wants a new IKE SA (RFC 4478 §3); DecodeError where they are not there."""
    if len(notify.data) != _LIFETIME_OCTETS:
        raise DecodeError(0, f"AUTH_LIFETIME of {len(notify.data)} octets")
    return int.from_bytes(notify.data, "big")
