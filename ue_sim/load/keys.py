"""The keys of EAP-AKA and EAP-AKA' that a load needs: MSK without EMSK (RFC 4187 §7, RFC 9048 §3.3)."""

import hmac
from hashlib import sha1
from typing import NamedTuple

from wire.eap.aka_keys import prf_prime
from wire.eap.fips186 import fips186_prf
from wire.identity import EapMethod

_DIGESTS = {EapMethod.AKA: "sha1", EapMethod.AKA_PRIME: "sha256"}


class Keys(NamedTuple):
    """K_encr of 16 octets, K_aut of 16 or 32, and `master`: MK of EAP-AKA, K_re of EAP-AKA'; MSK of 64."""

    k_encr: bytes
    k_aut: bytes
    master: bytes
    msk: bytes


def full(method: EapMethod, identity: bytes, ck: bytes, ik: bytes) -> Keys:
    """After a challenge; for EAP-AKA' `ck` and `ik` are CK' and IK'."""
    if method is EapMethod.AKA:
        mk = sha1(identity + ik + ck).digest()
        stream = fips186_prf(mk, 96)
        return Keys(stream[:16], stream[16:32], mk, stream[32:])
    stream = prf_prime(ik + ck, b"EAP-AKA'" + identity, 144)
    return Keys(stream[:16], stream[16:48], stream[48:80], stream[80:])


def fast(method: EapMethod, keys: Keys, identity: bytes, counter: int, nonce_s: bytes) -> bytes:
    """The MSK of a fast re-authentication, 64 octets."""
    seed = identity + counter.to_bytes(2, "big") + nonce_s
    if method is EapMethod.AKA:
        return fips186_prf(sha1(seed + keys.master).digest(), 64)
    return prf_prime(keys.master, b"EAP-AKA' re-auth" + seed, 64)


def mac(method: EapMethod, k_aut: bytes, octets: bytes) -> bytes:
    """AT_MAC over `octets`, 16 octets (RFC 4187 §10.15, RFC 9048 §3.4.2)."""
    return hmac.digest(k_aut, octets, _DIGESTS[method])[:16]
