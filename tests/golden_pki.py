"""An authority and gateway certificates that are the same octets for ever: no clock, no entropy."""

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

BEGIN, END = datetime(2026, 1, 1, tzinfo=UTC), datetime(2046, 1, 1, tzinfo=UTC)
NOW = datetime(2026, 11, 23, tzinfo=UTC)
"""A wall clock at which every certificate of this file is valid."""

Extension = tuple[x509.ExtensionType, bool]


@dataclass(frozen=True)
class Identified:
    """A gateway's chain and key, and the authority that vouches for it."""

    anchor: x509.Certificate
    chain: tuple[x509.Certificate, ...]
    key: ec.EllipticCurvePrivateKey


@cache
def gateway_identity(*names: str, authority: int = 1) -> Identified:
    """A gateway that is called by every one of `names`, under the authority of that number."""
    issuer = _name(f"Authority {authority}")
    root_key = ec.derive_private_key(authority, ec.SECP256R1())
    key = ec.derive_private_key(1000 + authority, ec.SECP256R1())
    return Identified(
        anchor=_sign(issuer, issuer, root_key.public_key(), root_key, _authority_extensions(root_key)),
        chain=(_sign(_name(names[0]), issuer, key.public_key(), root_key, _gateway_extensions(names, root_key)),),
        key=key,
    )


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _authority_extensions(root_key: ec.EllipticCurvePrivateKey) -> list[Extension]:
    return [
        (x509.BasicConstraints(ca=True, path_length=0), True),
        (_key_usage(signs_certificates=True), True),
        (x509.SubjectKeyIdentifier.from_public_key(root_key.public_key()), False),
    ]


def _gateway_extensions(names: tuple[str, ...], root_key: ec.EllipticCurvePrivateKey) -> list[Extension]:
    return [
        (x509.BasicConstraints(ca=False, path_length=None), True),
        (_key_usage(signs_certificates=False), True),
        (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), False),
        (x509.SubjectAlternativeName([x509.DNSName(name) for name in names]), False),
        (x509.AuthorityKeyIdentifier.from_issuer_public_key(root_key.public_key()), False),
    ]


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


def _sign(
    subject: x509.Name,
    issuer: x509.Name,
    key: ec.EllipticCurvePublicKey,
    root_key: ec.EllipticCurvePrivateKey,
    extensions: list[Extension],
) -> x509.Certificate:
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(7)
        .not_valid_before(BEGIN)
        .not_valid_after(END)
    )
    for extension, critical in extensions:
        builder = builder.add_extension(extension, critical=critical)
    return builder.sign(root_key, hashes.SHA256(), ecdsa_deterministic=True)
