"""Keys and identity of an EAP-SIM full authentication (RFC 4186 §7); re-authentication is that of EAP-AKA."""

from collections.abc import Sequence
from hashlib import sha1

from wire.eap.aka_keys import Keys, keys_of_master
from wire.eap.constants import SIM_VERSION
from wire.identity import EapMethod
from wire.secret import Secret

_VERSION = SIM_VERSION.to_bytes(2, "big")


def derive_sim_keys(identity: bytes, kcs: Sequence[Secret], nonce_mt: bytes, *, emsk: bool = True) -> Keys:
    """MK = SHA1(Identity|n*Kc|NONCE_MT|Version List|Selected Version), both versions 1; Kc 8 octets each."""
    mk = sha1(identity + b"".join(kcs) + nonce_mt + _VERSION + _VERSION).digest()
    return keys_of_master(EapMethod.SIM, mk, emsk=emsk)


def sim_session_id(rands: bytes, nonce_mt: bytes) -> bytes:
    """EAP Session-Id: Type, all RANDs, NONCE_MT (RFC 5247 Appendix A)."""
    return bytes((EapMethod.SIM,)) + rands + nonce_mt
