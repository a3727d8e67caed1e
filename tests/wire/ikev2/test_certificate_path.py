"""Certification paths with Ed25519, link by link."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.x509.oid import NameOID

from tests.ike_link import NOW, pki
from wire.ikev2.authentication import AuthenticationFailed
from wire.ikev2.certificate_path import is_of_ed25519, verify_path

Keys = dict[str, ed25519.Ed25519PrivateKey]
KEYS: Keys = {name: ed25519.Ed25519PrivateKey.generate() for name in ("root", "middle", "lower", "leaf", "other")}
ALL = ("leaf", "lower", "middle", "root")
USAGE = {
    "content_commitment": False, "key_encipherment": False, "data_encipherment": False, "key_agreement": False,
    "crl_sign": False, "encipher_only": False, "decipher_only": False,
}  # fmt: skip


def name_of(subject: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, subject)])


def certificate(
    subject: str,
    issuer: str,
    *,
    path_length: int | None = None,
    signs: bool = True,
    extensions: Sequence[tuple[x509.ExtensionType, bool]] = (),
    signer: str = "",
) -> x509.Certificate:
    authority = subject != "leaf"
    builder = (
        x509.CertificateBuilder()
        .subject_name(name_of(subject))
        .issuer_name(name_of(issuer))
        .public_key(KEYS[subject].public_key())
        .serial_number(1)
        .not_valid_before(NOW - timedelta(days=1))
        .not_valid_after(NOW + timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=authority, path_length=path_length), critical=True)
        .add_extension(
            x509.KeyUsage(digital_signature=not authority, key_cert_sign=authority and signs, **USAGE), critical=True
        )
    )
    for value, critical in extensions:
        builder = builder.add_extension(value, critical=critical)
    return builder.sign(KEYS[signer or issuer], None)


ROOT, MIDDLE = certificate("root", "root"), certificate("middle", "root")
LOWER, LEAF = certificate("lower", "middle"), certificate("leaf", "lower")


def verify(
    leaf: x509.Certificate = LEAF,
    middles: Sequence[x509.Certificate] = (LOWER, MIDDLE),
    *,
    anchors: Sequence[x509.Certificate] = (ROOT,),
    now: datetime = NOW,
) -> None:
    verify_path(leaf, middles, anchors, now)


@pytest.mark.parametrize("middles", [(LOWER, MIDDLE), (MIDDLE, LOWER), (ROOT, LOWER, MIDDLE)])
def test_path_leads_to_an_anchor_in_whatever_order_it_comes(middles: Sequence[x509.Certificate]) -> None:
    verify(middles=middles)
    verify(anchors=(pki().anchor, MIDDLE))


def test_path_that_leads_nowhere_is_refused() -> None:
    for middles, anchors in (((MIDDLE,), (ROOT,)), ((LOWER, MIDDLE), ()), ((LOWER, MIDDLE), (pki().anchor,))):
        with pytest.raises(AuthenticationFailed, match="no trusted authority signed it"):
            verify(middles=middles, anchors=anchors)


def test_signature_of_another_key_is_none() -> None:
    with pytest.raises(AuthenticationFailed, match="no trusted authority"):
        verify(certificate("leaf", "lower", signer="other"))


@pytest.mark.parametrize("days", [-2, 2])
def test_every_certificate_has_its_time(days: int) -> None:
    with pytest.raises(AuthenticationFailed, match="CN=leaf is out of its time"):
        verify(now=NOW + timedelta(days=days))


@pytest.mark.parametrize(
    "lower",
    [
        certificate("lower", "middle", signs=False),
        certificate("leaf", "middle"),
    ],
    ids=["without keyCertSign", "without CA"],
)
def test_issuer_has_to_be_an_authority(lower: x509.Certificate) -> None:
    leaf = LEAF if lower.subject == name_of("lower") else certificate("other", "leaf")
    with pytest.raises(AuthenticationFailed, match="is no authority"):
        verify(leaf, (lower, MIDDLE))


def test_issuer_without_extensions_is_no_authority() -> None:
    bare = (
        x509.CertificateBuilder()
        .subject_name(name_of("lower"))
        .issuer_name(name_of("middle"))
        .public_key(KEYS["lower"].public_key())
        .serial_number(1)
        .not_valid_before(NOW)
        .not_valid_after(NOW)
        .sign(KEYS["middle"], None)
    )
    with pytest.raises(AuthenticationFailed, match="CN=lower is no authority"):
        verify(middles=(bare, MIDDLE))


def test_length_of_the_path_is_obeyed() -> None:
    verify(middles=(LOWER, certificate("middle", "root", path_length=1)))
    with pytest.raises(AuthenticationFailed, match="CN=middle allows no more than 0 authorities"):
        verify(middles=(LOWER, certificate("middle", "root", path_length=0)))


@pytest.mark.parametrize(
    ("extension", "cause"),
    [
        ((x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3"), b"\5\0"), True), "not understood"),
        ((x509.NameConstraints([x509.DNSName("example")], None), False), "name constraints"),
    ],
)
def test_path_is_refused_for_what_is_not_understood(extension: tuple[x509.ExtensionType, bool], cause: str) -> None:
    with pytest.raises(AuthenticationFailed, match=cause):
        verify(middles=(certificate("lower", "middle", extensions=(extension,)), MIDDLE))


def test_only_ed25519_needs_this() -> None:
    assert is_of_ed25519((*pki().chain, ROOT))
    assert not is_of_ed25519((*pki().chain, pki().anchor))
    assert isinstance(pki().anchor.public_key(), ec.EllipticCurvePublicKey)
