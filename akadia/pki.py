"""The laboratory's own certification authority: ECDSA P-256, X.509 v3 (RFC 5280)."""

import datetime as dt
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from wire.secret import Secret

AUTHORITY_YEARS = 10
CERTIFICATE_YEARS = 5

_COMMON_NAME_LIMIT = 64
"""Characters of a commonName (RFC 5280 Appendix A, ub-common-name)."""


@dataclass(frozen=True, slots=True)
class Credential:
    """A certificate and its key, both in PEM; the key in PKCS #8 without a password."""

    certificate: bytes
    key: Secret


class Authority:
    """Signs certificates; its own is self-signed and may sign end entities alone."""

    def __init__(self, name: str, *, now: dt.datetime) -> None:
        self._now = now
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = _subject(name)
        own = (
            self._builder(self._name, self._key.public_key(), years=AUTHORITY_YEARS)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(_key_usage(signs_certificates=True), critical=True)
        )
        self._certificate = own.sign(self._key, hashes.SHA256())

    @property
    def credential(self) -> Credential:
        """The authority's own certificate and key."""
        return _credential(self._certificate, self._key)

    def issue(self, *, names: tuple[str, ...], addresses: tuple[IPv4Address | IPv6Address, ...] = ()) -> Credential:
        """A certificate for a server that is called by every one of `names` and `addresses` (subjectAltName).

        The first name is its subject. An IKEv2 peer compares the gateway's ID with these (RFC 4945 §3.1).
        """
        key = ec.generate_private_key(ec.SECP256R1())
        alternatives = [*(x509.DNSName(name) for name in names), *(x509.IPAddress(address) for address in addresses)]
        purposes = [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.IPSEC_IKE]
        signer = x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key())
        certificate = (
            self._builder(_subject(names[0]), key.public_key(), years=CERTIFICATE_YEARS)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_key_usage(signs_certificates=False), critical=True)
            .add_extension(x509.ExtendedKeyUsage(purposes), critical=False)
            .add_extension(x509.SubjectAlternativeName(alternatives), critical=False)
            .add_extension(signer, critical=False)
            .sign(self._key, hashes.SHA256())
        )
        return _credential(certificate, key)

    def _builder(self, subject: x509.Name, key: ec.EllipticCurvePublicKey, *, years: int) -> x509.CertificateBuilder:
        # A day of grace, for the clock of whoever verifies.
        begin = self._now - dt.timedelta(days=1)
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(begin)
            .not_valid_after(begin + dt.timedelta(days=365 * years))
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
        )


def _subject(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name[:_COMMON_NAME_LIMIT])])


def _key_usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )


def _credential(certificate: x509.Certificate, key: ec.EllipticCurvePrivateKey) -> Credential:
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return Credential(certificate.public_bytes(serialization.Encoding.PEM), Secret(private))
