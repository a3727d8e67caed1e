"""What the PDN GW may decide in IKEv2."""

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from pdngw_proxy.ike.policy import Admission
from tests.ike_link import APN, GATEWAY_NAME, NOW, pki, responder_policy


def test_names_are_those_of_the_certificate() -> None:
    chain = pki("PGW.Example", "ims").chain
    assert responder_policy(chain=chain).names == frozenset({"pgw.example", "ims"})
    assert responder_policy().names == frozenset({GATEWAY_NAME, APN})


def test_certificate_without_alternatives_proves_no_name() -> None:
    key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name([])
    bare = x509.CertificateBuilder(name, name, key.public_key(), 1, NOW, NOW.replace(year=2027))
    assert responder_policy(chain=(bare.sign(key, hashes.SHA256()),)).names == frozenset()


def test_cookies_come_before_the_limit() -> None:
    admission = Admission()
    assert admission.cookie_threshold < admission.source_limit < admission.half_open_limit < admission.session_limit
