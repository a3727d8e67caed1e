"""The gateway's certificate: chain, validity and name."""

from dataclasses import replace
from datetime import datetime, timedelta
from ipaddress import IPv4Address, IPv6Address
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key
from cryptography.x509.oid import ExtendedKeyUsageOID

from akadia.pki import Authority
from tests.ike_link import APN, GATEWAY_NAME, NOW, pki
from wire.ikev2.authentication import AuthenticationFailed
from wire.ikev2.certificates import MAX_CHAIN, certificate_payloads, certificate_request, check_gateway
from wire.ikev2.constants import IdType
from wire.ikev2.payloads.cert import Certificate
from wire.ikev2.payloads.identification import IdResponder

NAMES = (GATEWAY_NAME, APN)
OWN = IdResponder(IdType.FQDN, GATEWAY_NAME.encode())


def check(
    identity: IdResponder = OWN,
    *,
    payloads: tuple[Certificate, ...] | None = None,
    names: tuple[str, ...] = NAMES,
    anchors: tuple[x509.Certificate, ...] | None = None,
    now: datetime = NOW,
) -> object:
    trusted = (pki().anchor,) if anchors is None else anchors
    chain = certificate_payloads(pki().chain) if payloads is None else payloads
    return check_gateway(chain, identity, names=names, anchors=trusted, now=now)


@pytest.mark.parametrize("name", [GATEWAY_NAME, GATEWAY_NAME.upper(), APN])
def test_ue_takes_a_gateway_by_any_name_of_its_certificate(name: str) -> None:
    key = check(IdResponder(IdType.FQDN, name.encode()))
    assert key == pki().chain[0].public_key()


@pytest.mark.parametrize("address", [IPv4Address("127.1.1.4"), IPv6Address("2001:db8::1")])
def test_ue_takes_a_gateway_by_its_address(address: IPv4Address | IPv6Address) -> None:
    authority = Authority("by address", now=NOW)
    chain = x509.load_pem_x509_certificates(authority.issue(names=("gw",), addresses=(address,)).certificate)
    kind = IdType.IPV4_ADDR if address.version == 4 else IdType.IPV6_ADDR
    check(
        IdResponder(kind, address.packed),
        payloads=certificate_payloads(chain),
        names=(str(address),),
        anchors=(x509.load_pem_x509_certificate(authority.credential.certificate),),
    )


def test_ue_refuses_an_unknown_authority() -> None:
    foreign = x509.load_pem_x509_certificate(Authority("foreign", now=NOW).credential.certificate)
    with pytest.raises(AuthenticationFailed, match="no trusted authority signed it"):
        check(anchors=(foreign,))


def test_ue_refuses_a_name_that_it_did_not_expect() -> None:
    with pytest.raises(AuthenticationFailed, match=f"calls itself {APN}, not {GATEWAY_NAME}"):
        check(IdResponder(IdType.FQDN, APN.encode()), names=(GATEWAY_NAME,))


def test_ue_refuses_a_name_that_the_certificate_does_not_hold() -> None:
    with pytest.raises(AuthenticationFailed, match="no matching subjectAltName"):
        check(IdResponder(IdType.FQDN, b"ims"), names=("ims",))


@pytest.mark.parametrize(
    "identity",
    [
        IdResponder(IdType.KEY_ID, GATEWAY_NAME.encode()),
        IdResponder(IdType.IPV4_ADDR, b"\x7f\0\0\1"),
        IdResponder(IdType.IPV4_ADDR, b"\x7f"),
        IdResponder(IdType.IPV6_ADDR, bytes(16)),
        IdResponder(IdType.IPV6_ADDR, bytes(4)),
    ],
)
def test_ue_refuses_an_identity_of_another_kind(identity: IdResponder) -> None:
    with pytest.raises(AuthenticationFailed, match="calls itself"):
        check(identity)


@pytest.mark.parametrize("years", [-1, 6])
def test_ue_refuses_a_certificate_out_of_its_time(years: int) -> None:
    with pytest.raises(AuthenticationFailed, match="not valid"):
        check(now=NOW + timedelta(days=366 * years))


def test_ue_refuses_a_gateway_without_certificate() -> None:
    for payloads in ((), (Certificate(12, b"a URL"),)):
        with pytest.raises(AuthenticationFailed, match="sent no certificate"):
            check(payloads=payloads)


def test_ue_refuses_octets_that_are_no_certificate() -> None:
    with pytest.raises(AuthenticationFailed, match="that is none"):
        check(payloads=(Certificate(4, b"\x30\x03abc"),))


def test_ue_refuses_a_certificate_whose_key_is_no_point_of_its_curve() -> None:
    payload, *others = certificate_payloads(pki().chain)
    key = pki().chain[0].public_key()
    assert isinstance(key, ec.EllipticCurvePublicKey)
    point = key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    broken = replace(payload, data=payload.data.replace(point, point[:-1] + bytes((point[-1] ^ 0x10,))))
    assert broken != payload
    with pytest.raises(AuthenticationFailed, match="cannot be read: "):
        check(payloads=(broken, *others))


def test_ue_without_anchor_trusts_nobody() -> None:
    with pytest.raises(AuthenticationFailed, match="no trust anchor"):
        check(anchors=())


def reissued(key: object, *changed: x509.ExtensionType, without: type[x509.ExtensionType] | None = None) -> tuple[
    tuple[Certificate, ...], x509.Certificate
]:  # fmt: skip
    """The laboratory's certificate with another key and `changed` extensions, and its authority's."""
    authority = Authority("of keys", now=NOW)
    signer = load_pem_private_key(authority.credential.key, None)
    anchor = x509.load_pem_x509_certificate(authority.credential.certificate)
    template = x509.load_pem_x509_certificate(authority.issue(names=(GATEWAY_NAME,)).certificate)
    builder = (
        x509.CertificateBuilder()
        .subject_name(template.subject)
        .issuer_name(anchor.subject)
        .public_key(key)  # type: ignore[arg-type]
        .serial_number(1)
        .not_valid_before(template.not_valid_before_utc)
        .not_valid_after(template.not_valid_after_utc)
    )
    others = {type(extension): extension for extension in changed}
    for extension in template.extensions:
        value = others.get(type(extension.value), extension.value)
        if without is None or not isinstance(value, without):
            builder = builder.add_extension(value, critical=extension.critical)
    certificate = builder.sign(signer, template.signature_hash_algorithm)  # type: ignore[arg-type]
    return certificate_payloads([certificate]), anchor


EDWARDS, P256 = ed25519.Ed25519PrivateKey.generate().public_key(), pki().chain[0].public_key()


def test_ue_takes_a_gateway_with_an_ed25519_key() -> None:
    payloads, anchor = reissued(EDWARDS)
    assert check(payloads=payloads, anchors=(anchor,)) == EDWARDS
    with pytest.raises(AuthenticationFailed, match="no matching subjectAltName"):
        check(IdResponder(IdType.FQDN, APN.encode()), payloads=payloads, anchors=(anchor,))
    with pytest.raises(AuthenticationFailed, match=f"the certificate of {GATEWAY_NAME} is not valid: no trusted"):
        check(payloads=payloads)


def test_ue_takes_no_ed25519_certificate_without_names() -> None:
    payloads, anchor = reissued(EDWARDS, without=x509.SubjectAlternativeName)
    with pytest.raises(AuthenticationFailed, match="has no subjectAltName"):
        check(payloads=payloads, anchors=(anchor,))


def test_ue_compares_addresses_with_an_ed25519_certificate() -> None:
    payloads, anchor = reissued(EDWARDS, x509.SubjectAlternativeName([x509.IPAddress(IPv4Address("127.1.1.4"))]))
    here = IdResponder(IdType.IPV4_ADDR, b"\x7f\1\1\4")
    assert check(here, payloads=payloads, anchors=(anchor,), names=("127.1.1.4",)) == EDWARDS


def usage(**purposes: bool) -> x509.KeyUsage:
    names = "digital_signature content_commitment key_encipherment data_encipherment key_agreement key_cert_sign"
    return x509.KeyUsage(
        **{name: purposes.get(name, False) for name in names.split()},
        crl_sign=False,
        encipher_only=False,
        decipher_only=False,
    )


@pytest.mark.parametrize("key", [EDWARDS, P256], ids=["ed25519", "p256"])
def test_ue_refuses_a_certificate_that_is_for_something_else(key: object) -> None:
    """RFC 4945 §5.1.3.2: digitalSignature or nonRepudiation."""
    payloads, anchor = reissued(key, usage(content_commitment=True))
    check(payloads=payloads, anchors=(anchor,))
    payloads, anchor = reissued(key, usage(key_encipherment=True))
    with pytest.raises(AuthenticationFailed, match="its key usage allows no signature"):
        check(payloads=payloads, anchors=(anchor,))


@pytest.mark.parametrize("key", [EDWARDS, P256], ids=["ed25519", "p256"])
@pytest.mark.parametrize(
    ("purpose", "good"),
    [
        (ExtendedKeyUsageOID.IPSEC_IKE, True),
        (x509.ObjectIdentifier("1.3.6.1.5.5.8.2.2"), True),
        (ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE, True),
        (ExtendedKeyUsageOID.SERVER_AUTH, True),
        (ExtendedKeyUsageOID.CODE_SIGNING, False),
        (ExtendedKeyUsageOID.CLIENT_AUTH, False),
    ],
)
def test_certificate_is_for_ike_or_a_server_or_for_all(key: object, purpose: x509.ObjectIdentifier, good: bool) -> None:
    """RFC 4945 §5.1.3.12; one for IKE alone is no server's of the Web, and good all the same."""
    payloads, anchor = reissued(key, x509.ExtendedKeyUsage([purpose]))
    if good:
        assert check(payloads=payloads, anchors=(anchor,)) == key
        with pytest.raises(AuthenticationFailed, match="no trusted authority signed it"):
            check(payloads=payloads)
        with pytest.raises(AuthenticationFailed, match="no matching subjectAltName"):
            check(IdResponder(IdType.FQDN, APN.encode()), payloads=payloads, anchors=(anchor,))
        with pytest.raises(AuthenticationFailed, match=f"the certificate of {GATEWAY_NAME} is not valid"):
            check(payloads=payloads, anchors=(anchor,), now=NOW + timedelta(days=4000))
        return
    with pytest.raises(AuthenticationFailed, match=r"neither IKE nor a server|required EKU not found"):
        check(payloads=payloads, anchors=(anchor,))


def under(signer: Authority, own: x509.Certificate, *, ca: bool = True, days: int = 3000) -> x509.Certificate:
    """The certificate of the authority `own`, as `signer` has it, without limit to those below it."""
    issuer = x509.load_pem_x509_certificate(signer.credential.certificate)
    builder = x509.CertificateBuilder(
        issuer_name=issuer.subject,
        subject_name=own.subject,
        public_key=own.public_key(),
        serial_number=2,
        not_valid_before=own.not_valid_before_utc,
        not_valid_after=NOW + timedelta(days=days),
    )
    for extension in own.extensions:
        value = extension.value
        if isinstance(value, x509.BasicConstraints):
            value = x509.BasicConstraints(ca=ca, path_length=None)
        if not isinstance(value, x509.AuthorityKeyIdentifier):
            builder = builder.add_extension(value, critical=extension.critical)
    identifier = x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer.public_key())  # type: ignore[arg-type]
    key = load_pem_private_key(signer.credential.key, None)
    return builder.add_extension(identifier, critical=False).sign(key, own.signature_hash_algorithm)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("changes", "sent", "cause"),
    [
        ({}, True, None),
        ({}, False, "no trusted authority signed it"),
        ({"days": 1}, True, "not valid"),
        ({"ca": False}, True, "not valid"),
    ],
    ids=["good", "not sent", "out of its time", "no authority"],
)
def test_chain_over_an_intermediate_is_followed(changes: dict[str, Any], sent: bool, cause: str | None) -> None:
    """RFC 7296 §3.6: the gateway sends it behind its own."""
    root, lower = Authority("root", now=NOW), Authority("between", now=NOW)
    between = under(root, x509.load_pem_x509_certificate(lower.credential.certificate), **changes)
    (leaf,) = x509.load_pem_x509_certificates(lower.issue(names=(GATEWAY_NAME,)).certificate)
    payloads = certificate_payloads([leaf, between] if sent else [leaf])
    anchors = (under(root, x509.load_pem_x509_certificate(root.credential.certificate)),)
    later = NOW + timedelta(days=2)
    if cause is None:
        assert check(payloads=payloads, anchors=anchors, now=later) == leaf.public_key()
        return
    with pytest.raises(AuthenticationFailed, match=cause):
        check(payloads=payloads, anchors=anchors, now=later)


def test_ue_looks_at_few_certificates_only() -> None:
    chain = certificate_payloads(pki().chain)
    check(payloads=(*chain, *chain * (MAX_CHAIN - 1), Certificate(4, b"never read")))


def test_request_names_the_authority_by_its_key() -> None:
    """RFC 7296 §3.7: 20 octets of SHA-1 each, of the SubjectPublicKeyInfo."""
    request = certificate_request((pki().anchor,))
    (authority,) = request.authorities
    key = pki().anchor.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value.digest
    assert len(authority) == 20
    assert authority != key
