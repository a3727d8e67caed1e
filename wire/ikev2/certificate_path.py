"""A certification path that the library's verifier, made for the Web, does not take (RFC 5280 §6).

That is one with an Ed25519 key, or to a certificate for IKE alone.

What it checks is RFC 5280's without policies and name constraints: a path that has these, or anything else that is
critical and not understood, is refused.
"""

from collections.abc import Sequence
from datetime import datetime

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa

from wire.ikev2.authentication import AuthenticationFailed

_LEAST_RSA_BITS = 2048

_UNDERSTOOD = (
    x509.BasicConstraints,
    x509.KeyUsage,
    x509.ExtendedKeyUsage,
    x509.SubjectAlternativeName,
    x509.SubjectKeyIdentifier,
    x509.AuthorityKeyIdentifier,
)


def is_of_ed25519(chain: Sequence[x509.Certificate]) -> bool:
    """Whether a key of the chain is one that only this module takes."""
    return any(isinstance(certificate.public_key(), ed25519.Ed25519PublicKey) for certificate in chain)


def verify_path(
    leaf: x509.Certificate,
    intermediates: Sequence[x509.Certificate],
    anchors: Sequence[x509.Certificate],
    now: datetime,
) -> None:
    """AuthenticationFailed unless `leaf` leads by signatures, over `intermediates`, to one of `anchors`.

    `now` has a time zone; each intermediate is used once at most, so that no path is without end.
    """
    current, below, left = leaf, 0, list(intermediates)
    _check(current, now)
    while True:
        for anchor in anchors:
            if _signed(current, anchor):
                _check_issuer(anchor, below, now)
                return
        issuer = next((one for one in left if _signed(current, one)), None)
        if issuer is None:
            raise AuthenticationFailed("no trusted authority signed it")
        _check_issuer(issuer, below, now)
        left.remove(issuer)
        current, below = issuer, below + 1


def _signed(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    if certificate.issuer != issuer.subject:
        return False
    try:
        certificate.verify_directly_issued_by(issuer)
    except (InvalidSignature, TypeError, ValueError):
        return False
    return True


def _check(certificate: x509.Certificate, now: datetime) -> None:
    name = certificate.subject.rfc4514_string()
    if not certificate.not_valid_before_utc <= now <= certificate.not_valid_after_utc:
        raise AuthenticationFailed(f"{name} is out of its time")
    key = certificate.public_key()
    if isinstance(key, rsa.RSAPublicKey) and key.key_size < _LEAST_RSA_BITS:
        raise AuthenticationFailed(f"{name} has an RSA key of {key.key_size} bits")
    for extension in certificate.extensions:
        if extension.critical and not isinstance(extension.value, _UNDERSTOOD):
            raise AuthenticationFailed(f"{name} has a critical extension that is not understood: {extension.oid}")
        if isinstance(extension.value, x509.NameConstraints):
            raise AuthenticationFailed(f"{name} has name constraints, which are not understood")


def _check_issuer(issuer: x509.Certificate, below: int, now: datetime) -> None:
    """`below`: how many authorities stand between this one and the end entity (RFC 5280 §4.2.1.9)."""
    _check(issuer, now)
    name = issuer.subject.rfc4514_string()
    try:
        basic = issuer.extensions.get_extension_for_class(x509.BasicConstraints).value
        usage = issuer.extensions.get_extension_for_class(x509.KeyUsage).value
    except x509.ExtensionNotFound:
        raise AuthenticationFailed(f"{name} is no authority") from None
    if not basic.ca or not usage.key_cert_sign:
        raise AuthenticationFailed(f"{name} is no authority")
    if basic.path_length is not None and below > basic.path_length:
        raise AuthenticationFailed(f"{name} allows no more than {basic.path_length} authorities under it")
