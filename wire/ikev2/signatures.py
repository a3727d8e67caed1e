"""AUTH by signature: RFC 7427 for RSA, ECDSA and Ed25519 (RFC 8420), and the older methods (RFC 7296 §3.8, RFC 4754).

ECDSA signs without entropy (RFC 6979); the salt of RSASSA-PSS is the library's own and cannot be given.
"""

from collections.abc import Iterable, Mapping
from types import MappingProxyType

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature

from wire.frozen import dataclass
from wire.ikev2.authentication import AuthenticationFailed
from wire.ikev2.constants import AuthMethod, HashAlgorithm, NotifyType
from wire.ikev2.message import Message
from wire.ikev2.payloads.auth import Authentication
from wire.ikev2.payloads.notify import Notify

SigningKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey
VerifyingKey = rsa.RSAPublicKey | ec.EllipticCurvePublicKey | ed25519.Ed25519PublicKey

HASHES: Mapping[int, hashes.HashAlgorithm] = MappingProxyType(
    {
        HashAlgorithm.SHA2_256: hashes.SHA256(),
        HashAlgorithm.SHA2_384: hashes.SHA384(),
        HashAlgorithm.SHA2_512: hashes.SHA512(),
    }
)
"""What this project signs and verifies with by RFC 7427; SHA-1 is not among them."""

_RSA_PKCS1, _RSA_PSS, _ECDSA = "RSASSA-PKCS1-v1_5", "RSASSA-PSS", "ECDSA"
_ED25519 = bytes.fromhex("300506032b6570")
_HASH_OID_TAIL = {HashAlgorithm.SHA2_256: 1, HashAlgorithm.SHA2_384: 2, HashAlgorithm.SHA2_512: 3}
_RSA_OID_TAIL = {HashAlgorithm.SHA2_256: 11, HashAlgorithm.SHA2_384: 12, HashAlgorithm.SHA2_512: 13}
_ECDSA_OID_TAIL = {HashAlgorithm.SHA2_256: 2, HashAlgorithm.SHA2_384: 3, HashAlgorithm.SHA2_512: 4}
_ECDSA_METHODS = {
    AuthMethod.ECDSA_256: ("secp256r1", hashes.SHA256(), 32),
    AuthMethod.ECDSA_384: ("secp384r1", hashes.SHA384(), 48),
    AuthMethod.ECDSA_521: ("secp521r1", hashes.SHA512(), 66),
}
_CURVE_HASH = {
    "secp256r1": HashAlgorithm.SHA2_256,
    "secp384r1": HashAlgorithm.SHA2_384,
    "secp521r1": HashAlgorithm.SHA2_512,
}


@dataclass(frozen=True, slots=True)
class _Scheme:
    family: str
    hash_id: HashAlgorithm

    @property
    def hash(self) -> hashes.HashAlgorithm:
        return HASHES[self.hash_id]


def _der(tag: int, content: bytes) -> bytes:
    return bytes((tag, len(content))) + content


def _pss_identifier(hash_id: HashAlgorithm, null: bytes, trailer: bytes) -> bytes:
    oid = bytes.fromhex("0609608648016503040200")[:-1] + bytes((_HASH_OID_TAIL[hash_id],))
    digest = _der(0x30, oid + null)
    mask = _der(0x30, bytes.fromhex("06092a864886f70d010108") + digest)
    salt = _der(0x02, bytes((HASHES[hash_id].digest_size,)))
    parameters = _der(0x30, _der(0xA0, digest) + _der(0xA1, mask) + _der(0xA2, salt) + trailer)
    return _der(0x30, bytes.fromhex("06092a864886f70d01010a") + parameters)


def _identifiers() -> dict[bytes, _Scheme]:
    # The first form of each scheme is the one that is sent; of PSS four spellings are in use (RFC 7427 §A.4.3).
    found: dict[bytes, _Scheme] = {}
    for hash_id in _HASH_OID_TAIL:
        pkcs1 = bytes.fromhex("300d06092a864886f70d0101") + bytes((_RSA_OID_TAIL[hash_id], 5, 0))
        found[pkcs1] = _Scheme(_RSA_PKCS1, hash_id)
        ecdsa = bytes.fromhex("300a06082a8648ce3d0403") + bytes((_ECDSA_OID_TAIL[hash_id],))
        found[ecdsa] = _Scheme(_ECDSA, hash_id)
        for null in (b"\x05\x00", b""):
            for trailer in (b"", bytes.fromhex("a303020101")):
                found[_pss_identifier(hash_id, null, trailer)] = _Scheme(_RSA_PSS, hash_id)
    return found


_SCHEMES: Mapping[bytes, _Scheme] = MappingProxyType(_identifiers())
_SENT: Mapping[_Scheme, bytes] = MappingProxyType({scheme: form for form, scheme in reversed(tuple(_SCHEMES.items()))})


def hash_algorithms() -> Notify:
    """SIGNATURE_HASH_ALGORITHMS with everything in HASHES, and Identity for Ed25519 (RFC 7427 §4, RFC 8420 §2)."""
    numbers = (*HASHES, HashAlgorithm.IDENTITY)
    return Notify(NotifyType.SIGNATURE_HASH_ALGORITHMS, b"".join(number.to_bytes(2, "big") for number in numbers))


def peer_hashes(message: Message) -> frozenset[int] | None:
    """What the sender of `message` verifies with; None when it knows no RFC 7427."""
    notify = message.notify(NotifyType.SIGNATURE_HASH_ALGORITHMS)
    if notify is None:
        return None
    pairs = range(0, len(notify.data) - 1, 2)
    return frozenset(int.from_bytes(notify.data[at : at + 2], "big") for at in pairs)


def sign(key: SigningKey, octets: bytes, accepted: frozenset[int] | None) -> Authentication:
    """AUTH over `octets` in the way that the peer's `accepted` hashes allow (see peer_hashes).

    Without a hash in common it is the older method of the key: PKCS #1 with SHA-1 for RSA (RFC 7296 §3.8).
    AuthenticationFailed where the key has none.
    """
    if isinstance(key, ed25519.Ed25519PrivateKey):
        return _sign_pure(key, octets, accepted or frozenset())
    hash_id = _choose_hash(key, accepted or frozenset())
    if hash_id is None:
        return _sign_older(key, octets)
    if isinstance(key, rsa.RSAPrivateKey):
        scheme = _Scheme(_RSA_PSS, hash_id)
        signature = key.sign(octets, _pss(scheme.hash), scheme.hash)
    else:
        scheme = _Scheme(_ECDSA, hash_id)
        signature = key.sign(octets, ec.ECDSA(scheme.hash, deterministic_signing=True))
    identifier = _SENT[scheme]
    return Authentication(AuthMethod.DIGITAL_SIGNATURE, bytes((len(identifier),)) + identifier + signature)


def can_sign(key: SigningKey, accepted: frozenset[int] | None) -> bool:
    """Whether `sign` finds a way with this key that the peer can verify."""
    if isinstance(key, ed25519.Ed25519PrivateKey):
        return HashAlgorithm.IDENTITY in (accepted or frozenset())
    if _choose_hash(key, accepted or frozenset()) is not None or isinstance(key, rsa.RSAPrivateKey):
        return True
    return key.curve.name in {curve for curve, _, _ in _ECDSA_METHODS.values()}


def check_signature(proof: Authentication, key: VerifyingKey, octets: bytes) -> None:
    """AuthenticationFailed unless `proof` is a signature of `octets` by the holder of `key`'s private half."""
    try:
        if proof.method == AuthMethod.DIGITAL_SIGNATURE:
            _check_identified(proof.data, key, octets)
        elif proof.method == AuthMethod.RSA_SIGNATURE and isinstance(key, rsa.RSAPublicKey):
            key.verify(proof.data, octets, padding.PKCS1v15(), hashes.SHA1())
        elif proof.method in _ECDSA_METHODS and isinstance(key, ec.EllipticCurvePublicKey):
            _check_ecdsa(AuthMethod(proof.method), proof.data, key, octets)
        else:
            raise AuthenticationFailed(f"AUTH by method {proof.method} does not go with the certificate's key")
    except InvalidSignature:
        raise AuthenticationFailed("the signature in AUTH is wrong") from None


def _sign_pure(key: ed25519.Ed25519PrivateKey, octets: bytes, accepted: frozenset[int]) -> Authentication:
    if HashAlgorithm.IDENTITY not in accepted:
        raise AuthenticationFailed("the peer verifies no Ed25519: its SIGNATURE_HASH_ALGORITHMS lacks Identity")
    return Authentication(AuthMethod.DIGITAL_SIGNATURE, bytes((len(_ED25519),)) + _ED25519 + key.sign(octets))


def _choose_hash(key: SigningKey, accepted: frozenset[int]) -> HashAlgorithm | None:
    wanted: Iterable[HashAlgorithm] = _HASH_OID_TAIL
    if isinstance(key, ec.EllipticCurvePrivateKey) and key.curve.name in _CURVE_HASH:
        wanted = (_CURVE_HASH[key.curve.name], *_HASH_OID_TAIL)
    return next((hash_id for hash_id in wanted if hash_id in accepted), None)


def _sign_older(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey, octets: bytes) -> Authentication:
    if isinstance(key, rsa.RSAPrivateKey):
        return Authentication(AuthMethod.RSA_SIGNATURE, key.sign(octets, padding.PKCS1v15(), hashes.SHA1()))
    for method, (curve, digest, size) in _ECDSA_METHODS.items():
        if key.curve.name == curve:
            r, s = decode_dss_signature(key.sign(octets, ec.ECDSA(digest, deterministic_signing=True)))
            return Authentication(method, r.to_bytes(size, "big") + s.to_bytes(size, "big"))
    raise AuthenticationFailed(f"no AUTH method of RFC 4754 for {key.curve.name}")


def _check_identified(data: bytes, key: VerifyingKey, octets: bytes) -> None:
    length = data[0] if data else 0
    identifier, signature = data[1 : 1 + length], data[1 + length :]
    if identifier == _ED25519 and isinstance(key, ed25519.Ed25519PublicKey):
        key.verify(signature, octets)
        return
    scheme = _SCHEMES.get(identifier)
    if scheme is None or not signature:
        raise AuthenticationFailed("AUTH names a signature algorithm that is not accepted")
    if isinstance(key, ec.EllipticCurvePublicKey) and scheme.family == _ECDSA:
        key.verify(signature, octets, ec.ECDSA(scheme.hash))
    elif isinstance(key, rsa.RSAPublicKey) and scheme.family != _ECDSA:
        form = _pss(scheme.hash) if scheme.family == _RSA_PSS else padding.PKCS1v15()
        key.verify(signature, octets, form, scheme.hash)
    else:
        raise AuthenticationFailed(f"AUTH by {scheme.family} does not go with the certificate's key")


def _check_ecdsa(method: AuthMethod, data: bytes, key: ec.EllipticCurvePublicKey, octets: bytes) -> None:
    curve, digest, size = _ECDSA_METHODS[method]
    if key.curve.name != curve or len(data) != 2 * size:
        raise AuthenticationFailed(f"AUTH by method {method} does not go with the certificate's key")
    r, s = int.from_bytes(data[:size], "big"), int.from_bytes(data[size:], "big")
    key.verify(encode_dss_signature(r, s), octets, ec.ECDSA(digest))


def _pss(digest: hashes.HashAlgorithm) -> padding.PSS:
    return padding.PSS(mgf=padding.MGF1(digest), salt_length=digest.digest_size)
