"""The gateway's certificate: its chain, its validity and its name (RFC 7296 §3.5, RFC 4945 §3.1, RFC 5280)."""

import hashlib
from collections.abc import Iterable, Sequence
from datetime import datetime
from ipaddress import IPv4Address, IPv6Address

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import ExtendedKeyUsageOID
from cryptography.x509.verification import PolicyBuilder, Store, VerificationError

from wire.ikev2.authentication import AuthenticationFailed
from wire.ikev2.certificate_path import is_of_ed25519, verify_path
from wire.ikev2.constants import CertEncoding, IdType
from wire.ikev2.payloads.cert import Certificate
from wire.ikev2.payloads.certreq import CertificateRequest
from wire.ikev2.payloads.identification import Identification
from wire.ikev2.signatures import VerifyingKey

_PURPOSES = frozenset(
    {
        ExtendedKeyUsageOID.SERVER_AUTH,
        ExtendedKeyUsageOID.IPSEC_IKE,
        ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE,
        x509.ObjectIdentifier("1.3.6.1.5.5.8.2.2"),  # iKEIntermediate
    }
)

_UNREADABLE = (ValueError, UnsupportedAlgorithm, x509.DuplicateExtension, x509.UnsupportedGeneralNameType)
"""What the library raises when the key or an extension of a certificate is read, which its loader does not."""

MAX_CHAIN = 5
"""Certificates taken from a peer; those after the fifth are not looked at."""


def certificate_payloads(chain: Iterable[x509.Certificate]) -> tuple[Certificate, ...]:
    """CERT payloads, the end entity's first."""
    return tuple(
        Certificate(CertEncoding.X509_SIGNATURE, certificate.public_bytes(Encoding.DER)) for certificate in chain
    )


def certificate_request(anchors: Iterable[x509.Certificate]) -> CertificateRequest:
    """CERTREQ for certificates under `anchors`: SHA-1 of each SubjectPublicKeyInfo (RFC 7296 §3.7)."""
    return CertificateRequest(CertEncoding.X509_SIGNATURE, b"".join(map(authority_hash, anchors)))


def authority_hash(certificate: x509.Certificate) -> bytes:
    """The 20 octets by which CERTREQ names an authority: SHA-1 of its SubjectPublicKeyInfo (RFC 7296 §3.7)."""
    key = certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return hashlib.sha1(key).digest()


def check_gateway(
    payloads: Sequence[Certificate],
    identity: Identification,
    *,
    names: Iterable[str],
    anchors: Sequence[x509.Certificate],
    now: datetime,
) -> VerifyingKey:
    """The public key of a gateway that calls itself `identity`, once its certificate proves that name.

    `names` are the names and addresses that are expected, any of which will do; `now` has a time zone.
    AuthenticationFailed says which of name, chain or key was wrong.
    """
    subject = _subject(identity, names)
    if not anchors:
        raise AuthenticationFailed("there is no trust anchor to verify the gateway's certificate with")
    leaf, *intermediates = _load(payloads)
    try:
        if is_of_ed25519((leaf, *intermediates, *anchors)) or _is_for_ike_alone(leaf):
            _check_name(leaf, subject)
            verify_path(leaf, intermediates, anchors, now)
        else:
            verifier = PolicyBuilder().store(Store(list(anchors))).time(now).build_server_verifier(subject)
            verifier.verify(leaf, intermediates)
        _check_usage(leaf)
    except VerificationError as error:
        raise AuthenticationFailed(f"the certificate of {identity.text} is not valid: {_why(error)}") from None
    except AuthenticationFailed as error:
        raise AuthenticationFailed(f"the certificate of {identity.text} is not valid: {error.cause}") from None
    except _UNREADABLE as error:
        raise AuthenticationFailed(f"the certificate of {identity.text} cannot be read: {error}") from None
    key = leaf.public_key()
    if not isinstance(key, rsa.RSAPublicKey | ec.EllipticCurvePublicKey | ed25519.Ed25519PublicKey):
        raise AuthenticationFailed("the gateway's certificate has a key that is neither RSA, ECDSA nor Ed25519")
    return key


def _check_usage(leaf: x509.Certificate) -> None:
    """Whether the key may sign AUTH, where the certificate says what it is for (RFC 4945 §5.1.3.2, §5.1.3.12)."""
    for extension in leaf.extensions:
        usage = extension.value
        if isinstance(usage, x509.KeyUsage) and not (usage.digital_signature or usage.content_commitment):
            raise AuthenticationFailed("its key usage allows no signature")
        if isinstance(usage, x509.ExtendedKeyUsage) and not _PURPOSES & set(usage):
            raise AuthenticationFailed("its extended key usage allows neither IKE nor a server")


def _is_for_ike_alone(leaf: x509.Certificate) -> bool:
    """Whether it is for IKE and no server of the Web, which the library's verifier asks for (RFC 4945 §5.1.3.12)."""
    purposes = next((one.value for one in leaf.extensions if isinstance(one.value, x509.ExtendedKeyUsage)), None)
    return purposes is not None and bool(_PURPOSES & set(purposes)) and ExtendedKeyUsageOID.SERVER_AUTH not in purposes


def _check_name(leaf: x509.Certificate, subject: x509.DNSName | x509.IPAddress) -> None:
    try:
        names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        raise AuthenticationFailed("it has no subjectAltName") from None
    if isinstance(subject, x509.DNSName):
        held = subject.value.lower() in {name.lower() for name in names.get_values_for_type(x509.DNSName)}
    else:
        held = subject.value in names.get_values_for_type(x509.IPAddress)
    if not held:
        raise AuthenticationFailed("leaf certificate has no matching subjectAltName")


def _subject(identity: Identification, names: Iterable[str]) -> x509.DNSName | x509.IPAddress:
    expected = {name.lower() for name in names}
    if identity.id_type == IdType.FQDN:
        if identity.text.lower() in expected:
            return x509.DNSName(identity.text)
    elif identity.id_type == IdType.IPV6_ADDR and len(identity.data) == 16:
        address6 = IPv6Address(identity.data)
        if str(address6) in expected:
            return x509.IPAddress(address6)
    elif identity.id_type == IdType.IPV4_ADDR and len(identity.data) == 4:
        address4 = IPv4Address(identity.data)
        if str(address4) in expected:
            return x509.IPAddress(address4)
    raise AuthenticationFailed(f"the gateway calls itself {identity.text}, not {' or '.join(sorted(expected))}")


def _load(payloads: Sequence[Certificate]) -> list[x509.Certificate]:
    chain = [payload.data for payload in payloads if payload.encoding == CertEncoding.X509_SIGNATURE]
    if not chain:
        raise AuthenticationFailed("the gateway sent no certificate")
    try:
        return [x509.load_der_x509_certificate(octets) for octets in chain[:MAX_CHAIN]]
    except ValueError:
        raise AuthenticationFailed("the gateway sent a certificate that is none") from None


def _why(error: VerificationError) -> str:
    text = str(error).removeprefix("validation failed: ")
    if "candidates exhausted" in text:
        return "no trusted authority signed it"
    return text.split(" (encountered", 1)[0]
