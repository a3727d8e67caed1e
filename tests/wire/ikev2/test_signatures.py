"""AUTH by signature: RFC 7427 and the older methods."""

from collections.abc import Callable
from functools import cache

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa

from wire.ikev2.authentication import AuthenticationFailed
from wire.ikev2.constants import AuthMethod, ExchangeType, NotifyType
from wire.ikev2.message import Message, Payload
from wire.ikev2.payloads.auth import Authentication
from wire.ikev2.payloads.notify import Notify
from wire.ikev2.signatures import SigningKey, check_signature, hash_algorithms, peer_hashes, sign

OCTETS = b"what is signed"
# RFC 7427 §A.4.3 and §A.3.2, as printed there.
PSS_SHA256 = bytes.fromhex(
    "304606092a864886f70d01010a3039a00f300d06096086480165030402010500a11c301a06092a864886f70d010108300d060960864801"
    "65030402010500a203020120a303020101"
)
ECDSA_SHA256 = bytes.fromhex("300a06082a8648ce3d040302")
PKCS1_SHA256 = bytes.fromhex("300d06092a864886f70d01010b0500")


@cache
def rsa_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@cache
def ec_key(curve: type[ec.EllipticCurve]) -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(curve())


def message(*payloads: Payload) -> Message:
    return Message(
        spi_i=bytes(8),
        spi_r=bytes(8),
        exchange=ExchangeType.IKE_SA_INIT,
        initiator=True,
        response=False,
        message_id=0,
        payloads=payloads,
    )


KEYS: list[Callable[[], SigningKey]] = [
    rsa_key,
    lambda: ec_key(ec.SECP256R1),
    lambda: ec_key(ec.SECP384R1),
    lambda: ec_key(ec.SECP521R1),
]


@pytest.mark.parametrize(
    "accepted", [None, frozenset(), frozenset({1}), frozenset({2}), frozenset({3}), frozenset({2, 3, 4})]
)
@pytest.mark.parametrize("make", KEYS, ids=["rsa", "p256", "p384", "p521"])
def test_verifier_takes_what_the_signer_makes(make: Callable[[], SigningKey], accepted: frozenset[int] | None) -> None:
    key = make()
    proof = sign(key, OCTETS, accepted)
    modern = bool(accepted and accepted & {2, 3, 4})
    assert (proof.method == AuthMethod.DIGITAL_SIGNATURE) == modern
    check_signature(proof, key.public_key(), OCTETS)
    with pytest.raises(AuthenticationFailed):
        check_signature(proof, key.public_key(), OCTETS + b"!")
    with pytest.raises(AuthenticationFailed):
        check_signature(Authentication(proof.method, proof.data[:-1]), key.public_key(), OCTETS)


def test_ecdsa_signs_without_entropy() -> None:
    key = ec_key(ec.SECP256R1)
    assert sign(key, OCTETS, frozenset({2})) == sign(key, OCTETS, frozenset({2}))


def test_hash_goes_with_the_curve() -> None:
    every = frozenset({2, 3, 4})
    identifiers = [sign(make(), OCTETS, every).data for make in KEYS[1:]]
    assert [data[data[0]] for data in identifiers] == [2, 3, 4]


@pytest.mark.parametrize("identifier", [PSS_SHA256, PSS_SHA256.replace(b"\x30\x46", b"\x30\x41")])
def test_verifier_reads_the_identifier_that_the_rfc_prints(identifier: bytes) -> None:
    """Source: RFC 7427 §A.4.3, with the trailerField that DER would leave out."""
    key = rsa_key()
    digest = hashes.SHA256()
    signature = key.sign(OCTETS, padding.PSS(padding.MGF1(digest), digest.digest_size), digest)
    proof = Authentication(14, bytes((len(identifier),)) + identifier + signature)
    if identifier == PSS_SHA256:
        check_signature(proof, key.public_key(), OCTETS)
    else:
        with pytest.raises(AuthenticationFailed, match="not accepted"):
            check_signature(proof, key.public_key(), OCTETS)


def test_verifier_reads_pkcs1_and_ecdsa_identifiers() -> None:
    """Source: RFC 7427 §A.1.2 and §A.3.2."""
    rsa_signature = rsa_key().sign(OCTETS, padding.PKCS1v15(), hashes.SHA256())
    proof = Authentication(14, bytes((len(PKCS1_SHA256),)) + PKCS1_SHA256 + rsa_signature)
    check_signature(proof, rsa_key().public_key(), OCTETS)
    key = ec_key(ec.SECP256R1)
    proof = Authentication(14, b"\x0c" + ECDSA_SHA256 + key.sign(OCTETS, ec.ECDSA(hashes.SHA256())))
    check_signature(proof, key.public_key(), OCTETS)


@pytest.mark.parametrize(
    ("proof", "cause"),
    [
        (Authentication(14, b""), "not accepted"),
        (Authentication(14, b"\xff" + PKCS1_SHA256), "not accepted"),
        (Authentication(14, b"\x0f" + PKCS1_SHA256 + bytes(256)), "does not go with"),
        (Authentication(AuthMethod.RSA_SIGNATURE, bytes(256)), "does not go with"),
        (Authentication(AuthMethod.ECDSA_384, bytes(96)), "does not go with"),
        (Authentication(AuthMethod.ECDSA_256, bytes(63)), "does not go with"),
        (Authentication(AuthMethod.ECDSA_256, bytes(64)), "wrong"),
        (Authentication(AuthMethod.SHARED_KEY, bytes(32)), "does not go with"),
    ],
)
def test_verifier_says_what_is_wrong(proof: Authentication, cause: str) -> None:
    with pytest.raises(AuthenticationFailed, match=cause):
        check_signature(proof, ec_key(ec.SECP256R1).public_key(), OCTETS)


def test_ecdsa_identifier_does_not_go_with_an_rsa_key() -> None:
    with pytest.raises(AuthenticationFailed, match="ECDSA does not go with"):
        check_signature(Authentication(14, b"\x0c" + ECDSA_SHA256 + b"x"), rsa_key().public_key(), OCTETS)


def test_signer_has_no_older_method_for_other_curves() -> None:
    with pytest.raises(AuthenticationFailed, match="secp224r1"):
        sign(ec_key(ec.SECP224R1), OCTETS, None)


def test_ed25519_signs_and_is_verified() -> None:
    """RFC 8420 §3, and its identifier as RFC 8420 Appendix A has it."""
    key = ed25519.Ed25519PrivateKey.generate()
    proof = sign(key, OCTETS, frozenset({5}))
    assert (proof.method, proof.data[:8].hex()) == (14, "07300506032b6570")
    key.public_key().verify(proof.data[8:], OCTETS)
    check_signature(proof, key.public_key(), OCTETS)
    with pytest.raises(AuthenticationFailed, match="wrong"):
        check_signature(proof, key.public_key(), OCTETS + b"x")
    with pytest.raises(AuthenticationFailed, match="not accepted"):
        check_signature(proof, rsa_key().public_key(), OCTETS)


@pytest.mark.parametrize("accepted", [None, frozenset({2, 3, 4})])
def test_ed25519_signs_for_nobody_who_does_not_verify_it(accepted: frozenset[int] | None) -> None:
    with pytest.raises(AuthenticationFailed, match="lacks Identity"):
        sign(ed25519.Ed25519PrivateKey.generate(), OCTETS, accepted)


def test_hashes_are_told_and_read() -> None:
    told = hash_algorithms()
    assert told.data.hex() == "0002000300040005"
    assert peer_hashes(message(told)) == frozenset({2, 3, 4, 5})
    assert peer_hashes(message()) is None
    assert peer_hashes(message(Notify(NotifyType.SIGNATURE_HASH_ALGORITHMS, b"\0\2\0"))) == frozenset({2})
