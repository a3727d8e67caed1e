"""Key hierarchies of EAP-AKA (RFC 4187 §7) and EAP-AKA' (RFC 9048 §3.3, §3.4), full and fast re-authentication."""

from hashlib import sha1, sha256

from wire.eap.fips186 import fips186_prf
from wire.errors import DecodeError, EncodeError
from wire.frozen import dataclass
from wire.identity import EapMethod
from wire.keyed_digest import keyed
from wire.secret import Secret

_NO_KEY = Secret()


@dataclass(frozen=True, slots=True)
class Keys:
    """What a full authentication gives: K_encr 16 octets; K_aut 16, or 32 for AKA'; MSK and EMSK 64 each.

    `k_re` has 32 octets for AKA' and none for AKA; `mk` 20 for AKA, and for AKA' 208, or 144 without EMSK.
    """

    method: EapMethod
    k_encr: Secret
    k_aut: Secret
    k_re: Secret
    msk: Secret
    emsk: Secret
    mk: Secret


@dataclass(frozen=True, slots=True)
class ReauthKeys:
    """What a fast re-authentication gives; K_encr, K_aut and K_re stay (RFC 4187 §7). 64 octets each."""

    msk: Secret
    emsk: Secret


def derive_keys(method: EapMethod, identity: bytes, ck: bytes, ik: bytes, *, emsk: bool = True) -> Keys:
    """Keys of `method`; for AKA' `ck` and `ik` are CK' and IK'. Without `emsk` there is none: a server needs it not.

    `identity` is the octets of the last AT_IDENTITY, or of EAP-Response/Identity when none was sent.
    EncodeError for EAP-SIM, whose keys need other inputs.
    """
    if method is EapMethod.AKA:
        # MK = SHA1(Identity|IK|CK), RFC 4187 §7
        return keys_of_master(method, sha1(identity + ik + ck).digest(), emsk=emsk)
    if method is EapMethod.AKA_PRIME:
        return derive_aka_prime_keys(identity, ck, ik, emsk=emsk)
    raise EncodeError("keys of EAP-SIM are not derived from CK and IK")


def derive_aka_keys(identity: bytes, ck: bytes, ik: bytes, *, emsk: bool = True) -> Keys:
    """MK = SHA1(Identity|IK|CK), expanded by the PRF of FIPS 186-2 (RFC 4187 §7)."""
    return derive_keys(EapMethod.AKA, identity, ck, ik, emsk=emsk)


def keys_of_master(method: EapMethod, mk: bytes, *, emsk: bool = True) -> Keys:
    """The keys that follow from MK of 20 octets, in EAP-AKA and EAP-SIM alike (RFC 4187 §7, RFC 4186 §7)."""
    stream = fips186_prf(mk, 160 if emsk else 96)
    k_encr, k_aut, msk = Secret(stream[:16]), Secret(stream[16:32]), Secret(stream[32:96])
    return Keys(method, k_encr, k_aut, _NO_KEY, msk, Secret(stream[96:]) if emsk else _NO_KEY, Secret(mk))


def derive_aka_prime_keys(identity: bytes, ck_prime: bytes, ik_prime: bytes, *, emsk: bool = True) -> Keys:
    """MK = PRF'(IK'|CK', "EAP-AKA'"|Identity), cut into the keys (RFC 9048 §3.3)."""
    mk = prf_prime(ik_prime + ck_prime, b"EAP-AKA'" + identity, 208 if emsk else 144)
    k_encr, k_aut, k_re = Secret(mk[:16]), Secret(mk[16:48]), Secret(mk[48:80])
    return Keys(EapMethod.AKA_PRIME, k_encr, k_aut, k_re, Secret(mk[80:144]), Secret(mk[144:]), Secret(mk))


def rederive_aka_keys(mk: Secret, identity: bytes, counter: int, nonce_s: bytes, *, emsk: bool = True) -> ReauthKeys:
    """Keys of a fast re-authentication of EAP-AKA; `identity` is the re-authentication identity (RFC 4187 §7)."""
    xkey = sha1(identity + counter.to_bytes(2, "big") + nonce_s + mk).digest()
    stream = fips186_prf(xkey, 128 if emsk else 64)
    return ReauthKeys(Secret(stream[:64]), Secret(stream[64:]))


def rederive_aka_prime_keys(
    k_re: Secret, identity: bytes, counter: int, nonce_s: bytes, *, emsk: bool = True
) -> ReauthKeys:
    """Keys of a fast re-authentication of EAP-AKA' (RFC 9048 §3.3)."""
    seed = b"EAP-AKA' re-auth" + identity + counter.to_bytes(2, "big") + nonce_s
    both = prf_prime(k_re, seed, 128 if emsk else 64)
    return ReauthKeys(Secret(both[:64]), Secret(both[64:]))


def rederive_keys(keys: Keys, identity: bytes, counter: int, nonce_s: bytes, *, emsk: bool = True) -> ReauthKeys:
    """Keys of a fast re-authentication after the full one that gave `keys`; `nonce_s` has 16 octets.

    `emsk` as for `derive_keys`.
    """
    if keys.method is EapMethod.AKA_PRIME:
        return rederive_aka_prime_keys(keys.k_re, identity, counter, nonce_s, emsk=emsk)
    return rederive_aka_keys(keys.mk, identity, counter, nonce_s, emsk=emsk)


def resumption_secret(keys: Keys) -> Secret:
    """What a fast re-authentication needs of `keys`: MK of 20 octets, or for AKA' K_encr|K_aut|K_re of 80."""
    if keys.method is EapMethod.AKA_PRIME:
        return Secret(keys.k_encr + keys.k_aut + keys.k_re)
    return keys.mk


def resumed_keys(method: EapMethod, secret: bytes) -> Keys:
    """The keys that `secret` of `resumption_secret` holds, without MSK and EMSK; DecodeError for a wrong length."""
    if method is EapMethod.AKA_PRIME and len(secret) == 80:
        k_encr, k_aut, k_re = (Secret(secret[start:end]) for start, end in ((0, 16), (16, 48), (48, 80)))
        return Keys(method, k_encr, k_aut, k_re, _NO_KEY, _NO_KEY, _NO_KEY)
    if method is not EapMethod.AKA_PRIME and len(secret) == 20:
        stream = fips186_prf(secret, 32)
        return Keys(method, Secret(stream[:16]), Secret(stream[16:]), _NO_KEY, _NO_KEY, _NO_KEY, Secret(secret))
    raise DecodeError(0, f"{len(secret)} octets hold no keys of {method.name}")


def prf_prime(key: bytes, seed: bytes, length: int) -> bytes:
    """PRF' of RFC 9048 §3.4.1; at most 255 blocks of 32 octets."""
    if length > 255 * 32:
        raise EncodeError("PRF' gives at most 8160 octets")
    digest = keyed(sha256, key)
    stream = block = b""
    for counter in range(1, -(-length // 32) + 1):
        block = digest(block + seed + bytes((counter,)))
        stream += block
    return stream[:length]


def session_id(method: EapMethod, rand: bytes, autn: bytes) -> bytes:
    """EAP Session-Id of a full authentication: Type, RAND, AUTN (RFC 5247 Appendix A, RFC 9048 §6)."""
    return bytes((method,)) + rand + autn


def reauth_session_id(method: EapMethod, nonce_s: bytes, mac: bytes) -> bytes:
    """EAP Session-Id of a fast re-authentication; `mac` is AT_MAC of the request (RFC 9048 §6)."""
    return bytes((method,)) + nonce_s + mac
