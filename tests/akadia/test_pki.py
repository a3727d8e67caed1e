"""The laboratory's certificates, judged by a verifier of the cryptography library and not by ourselves."""

import datetime as dt
from ipaddress import ip_address

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.verification import PolicyBuilder, ServerVerifier, Store, VerificationError

from akadia.pki import Authority, Credential

NOW = dt.datetime(2026, 11, 1, tzinfo=dt.UTC)
LONG = "pgw.a-gateway-with-a-name-that-is-longer-than-a-common-name.epc.mnc001.mcc001.3gppnetwork.org"


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority("Akadia laboratory", now=NOW)


@pytest.fixture(scope="module")
def issued(authority: Authority) -> Credential:
    return authority.issue(names=(LONG, "internet"), addresses=(ip_address("127.1.2.4"), ip_address("2001:db8::1")))


def verifier(authority: Authority, name: x509.GeneralName, now: dt.datetime = NOW) -> ServerVerifier:
    root = x509.load_pem_x509_certificate(authority.credential.certificate)
    assert isinstance(name, x509.DNSName | x509.IPAddress)
    return PolicyBuilder().store(Store([root])).time(now).build_server_verifier(name)


@pytest.mark.parametrize(
    "name",
    [x509.DNSName(LONG), x509.IPAddress(ip_address("127.1.2.4")), x509.IPAddress(ip_address("2001:db8::1"))],
)
def test_verifier_accepts_every_name(authority: Authority, issued: Credential, name: x509.GeneralName) -> None:
    certificate = x509.load_pem_x509_certificate(issued.certificate)
    assert len(verifier(authority, name).verify(certificate, [])) == 2


def test_verifier_refuses_another_name(authority: Authority, issued: Credential) -> None:
    certificate = x509.load_pem_x509_certificate(issued.certificate)
    with pytest.raises(VerificationError):
        verifier(authority, x509.DNSName("another.example")).verify(certificate, [])


def test_verifier_refuses_another_authority(issued: Credential) -> None:
    certificate = x509.load_pem_x509_certificate(issued.certificate)
    with pytest.raises(VerificationError):
        verifier(Authority("Akadia laboratory", now=NOW), x509.DNSName(LONG)).verify(certificate, [])


def test_certificate_ends(authority: Authority, issued: Credential) -> None:
    certificate = x509.load_pem_x509_certificate(issued.certificate)
    with pytest.raises(VerificationError):
        verifier(authority, x509.DNSName(LONG), NOW + dt.timedelta(days=365 * 6)).verify(certificate, [])


def test_key_belongs_to_the_certificate_and_does_not_print_itself(issued: Credential) -> None:
    key = serialization.load_pem_private_key(issued.key, password=None)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    assert isinstance(key.curve, ec.SECP256R1)
    certificate = x509.load_pem_x509_certificate(issued.certificate)
    assert certificate.public_key() == key.public_key()
    assert "PRIVATE" not in repr(issued)
