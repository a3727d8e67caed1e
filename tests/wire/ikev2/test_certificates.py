"""The gateway's certificate: chain, validity and name."""

from datetime import datetime, timedelta
from ipaddress import IPv4Address, IPv6Address

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ed25519
from cryptography.hazmat.primitives.serialization import load_pem_private_key

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


def test_ue_without_anchor_trusts_nobody() -> None:
    with pytest.raises(AuthenticationFailed, match="no trust anchor"):
        check(anchors=())


def test_ue_refuses_a_key_that_signs_no_auth() -> None:
    authority = Authority("of keys", now=NOW)
    signer = load_pem_private_key(authority.credential.key, None)
    anchor = x509.load_pem_x509_certificate(authority.credential.certificate)
    template = x509.load_pem_x509_certificate(authority.issue(names=(GATEWAY_NAME,)).certificate)
    builder = (
        x509.CertificateBuilder()
        .subject_name(template.subject)
        .issuer_name(anchor.subject)
        .public_key(ed25519.Ed25519PrivateKey.generate().public_key())
        .serial_number(1)
        .not_valid_before(template.not_valid_before_utc)
        .not_valid_after(template.not_valid_after_utc)
    )
    for extension in template.extensions:
        builder = builder.add_extension(extension.value, critical=extension.critical)
    odd = builder.sign(signer, template.signature_hash_algorithm)  # type: ignore[arg-type]
    with pytest.raises(AuthenticationFailed):
        check(payloads=certificate_payloads([odd]), anchors=(anchor,))


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
