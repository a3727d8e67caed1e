"""Which certificate and key a UE is shown."""

from ipaddress import IPv4Address, IPv6Address

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from akadia.pki import Authority
from pdngw_proxy.ike.credentials import Credential, choose
from tests.ike_link import NOW, ike_link, initiator_policy, responder_policy
from wire.ikev2.certificates import authority_hash, certificate_request
from wire.ikev2.constants import IdType
from wire.ikev2.message import Message, Payload
from wire.ikev2.payloads.certreq import CertificateRequest
from wire.ikev2.payloads.identification import IdResponder
from wire.ikev2.signatures import SigningKey

ADDRESSES = (IPv4Address("192.0.2.4"), IPv6Address("2001:db8::4"))
SHA2, ED25519 = frozenset({2, 3, 4}), frozenset({2, 5})


def issued(authority: Authority, *names: str) -> tuple[tuple[x509.Certificate, ...], SigningKey]:
    own = authority.issue(names=names, addresses=ADDRESSES)
    key = load_pem_private_key(own.key, None)
    assert isinstance(key, SigningKey)
    return (x509.load_pem_x509_certificate(own.certificate), anchor(authority)), key


def anchor(authority: Authority) -> x509.Certificate:
    return x509.load_pem_x509_certificate(authority.credential.certificate)


ONE, OTHER = Authority("one", now=NOW), Authority("other", now=NOW)
FIRST, SECOND = Credential(*issued(ONE, "pgw", "internet")), Credential(*issued(OTHER, "PGW", "ims"))
BOTH = (FIRST, SECOND)


def asking(*payloads: Payload) -> Message:
    return Message(
        spi_i=bytes(8), spi_r=bytes(8), exchange=35, initiator=True, response=False, message_id=1, payloads=payloads
    )


def fqdn(name: str) -> IdResponder:
    return IdResponder(IdType.FQDN, name.encode())


@pytest.mark.parametrize(
    ("payloads", "wanted", "chosen"),
    [
        ((), None, FIRST),
        ((), fqdn("internet"), FIRST),
        ((), fqdn("IMS"), SECOND),
        ((), fqdn("nobody"), FIRST),
        ((certificate_request([anchor(OTHER)]),), None, SECOND),
        ((certificate_request([anchor(ONE), anchor(OTHER)]),), None, FIRST),
        ((certificate_request([anchor(ONE)]), certificate_request([anchor(OTHER)])), fqdn("ims"), SECOND),
        ((certificate_request([anchor(OTHER)]),), fqdn("internet"), SECOND),
        ((CertificateRequest(4, bytes(20)),), None, FIRST),
        ((CertificateRequest(12, authority_hash(anchor(OTHER))),), None, FIRST),
        ((CertificateRequest(4),), None, FIRST),
    ],
)
def test_certificate_suits_the_ue(
    payloads: tuple[Payload, ...], wanted: IdResponder | None, chosen: Credential
) -> None:
    assert choose(BOTH, asking(*payloads), wanted, SHA2) is chosen


@pytest.mark.parametrize(("hashes_of_ue", "chosen"), [(ED25519, 0), (SHA2, 1), (None, 1), (frozenset({5}), 0)])
def test_key_is_one_that_the_ue_verifies(hashes_of_ue: frozenset[int] | None, chosen: int) -> None:
    """RFC 7427 §4, RFC 8420 §2; whatever CERTREQ says."""
    both = Credential(FIRST.chain, ed25519.Ed25519PrivateKey.generate()), Credential(SECOND.chain, SECOND.key)
    wish = asking(certificate_request([anchor(ONE)]))
    assert choose(both, wish, None, hashes_of_ue) is both[chosen]


def test_old_ue_is_signed_for_by_rsa_or_a_curve_of_rfc_4754() -> None:
    odd = Credential(FIRST.chain, ec.generate_private_key(ec.BrainpoolP256R1()))
    old = Credential(SECOND.chain, rsa.generate_private_key(65537, 2048))
    assert choose((odd, old), asking(), None, None) is old
    assert choose((odd, old), asking(), None, SHA2) is odd
    assert choose((odd,), asking(), None, None) is odd


@pytest.mark.parametrize(
    ("wanted", "held"),
    [
        (fqdn("PGW"), True),
        (fqdn("ims"), False),
        (IdResponder(IdType.IPV4_ADDR, ADDRESSES[0].packed), True),
        (IdResponder(IdType.IPV6_ADDR, ADDRESSES[1].packed), True),
        (IdResponder(IdType.IPV4_ADDR, bytes(4)), False),
        (IdResponder(IdType.DER_ASN1_DN, FIRST.chain[0].subject.public_bytes()), True),
        (IdResponder(IdType.DER_ASN1_DN, b"0\0"), False),
        (IdResponder(IdType.KEY_ID, b"pgw"), False),
        (IdResponder(IdType.RFC822_ADDR, b"pgw"), False),
    ],
)
def test_certificate_proves_names_and_addresses(wanted: IdResponder, held: bool) -> None:
    assert FIRST.proves(wanted) is held


def test_certificate_without_alternatives_proves_no_name() -> None:
    key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name([])
    bare = x509.CertificateBuilder(name, name, key.public_key(), 1, NOW, NOW.replace(year=2027))
    own = Credential((bare.sign(key, hashes.SHA256()),), key)
    assert not own.proves(fqdn("pgw"))
    assert own.sent == own.chain, "what signs itself is sent where nothing else is there"
    assert own.authorities == frozenset()


def test_authority_itself_is_not_sent() -> None:
    assert FIRST.sent == FIRST.chain[:1]
    assert FIRST.authorities == {authority_hash(anchor(ONE))}


def test_ue_attaches_with_the_certificate_of_its_own_authority() -> None:
    names = ("pgw.example", "internet")
    first, second = (Credential(*issued(authority, *names)) for authority in (ONE, OTHER))
    link = ike_link(
        initiator=initiator_policy(anchors=(anchor(OTHER),), gateway_names=names),
        responder=responder_policy(name=names[0], chain=first.chain, key=first.key, others=(second,)),
    )
    assert len(link.connect().run(2.0).ue_children) == 1
