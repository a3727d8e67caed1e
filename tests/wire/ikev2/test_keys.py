"""The key schedule against the SP 800-135 samples and whole sessions."""

import pytest

from tests.ikev2_vectors import SESSIONS, VECTORS, octets
from wire.ciphers import AES_CBC_256, AES_GCM_16_256, HMAC_SHA2_256_128, Integrity
from wire.ikev2.algorithms import PRF_HMAC_SHA1, PRF_HMAC_SHA2_256, EspSuite, IkeSuite
from wire.ikev2.groups import CURVE25519
from wire.ikev2.keys import IkeKeys, child_keys, ike_keys, initial_skeyseed, rekeyed_skeyseed
from wire.secret import Secret

SHA1 = VECTORS["sp800_135_ikev2_sha1"]
NAMES = ("sk_d", "sk_ai", "sk_ar", "sk_ei", "sk_er", "sk_pi", "sk_pr")


def session_suite(session: dict[str, str]) -> IkeSuite:
    if session["suite"].startswith("AES-GCM"):
        return IkeSuite(AES_GCM_16_256, None, PRF_HMAC_SHA2_256, CURVE25519)
    return IkeSuite(AES_CBC_256, HMAC_SHA2_256_128, PRF_HMAC_SHA2_256, CURVE25519)


def session_keys(session: dict[str, str]) -> IkeKeys:
    ni, nr = octets(session, "ni"), octets(session, "nr")
    skeyseed = initial_skeyseed(PRF_HMAC_SHA2_256, ni=ni, nr=nr, g_ir=octets(session, "gir"))
    assert skeyseed == octets(session, "skeyseed")
    spi_i, spi_r = octets(session, "spi_i"), octets(session, "spi_r")
    return ike_keys(session_suite(session), skeyseed, ni=ni, nr=nr, spi_i=spi_i, spi_r=spi_r)


@pytest.mark.parametrize("session", SESSIONS, ids=lambda session: str(session["suite"]))
def test_seven_keys_are_those_of_the_session(session: dict[str, str]) -> None:
    """Source: tests/vectors/ikev2.json, ikev2_eap_sessions."""
    keys = session_keys(session)
    assert {name: bytes(getattr(keys, name)) for name in NAMES} == {name: octets(session, name) for name in NAMES}
    assert "secret" in repr(keys)
    assert session["sk_d"] not in repr(keys)


@pytest.mark.parametrize("session", SESSIONS, ids=lambda session: str(session["suite"]))
def test_child_keys_are_those_of_the_session(session: dict[str, str]) -> None:
    """Source: tests/vectors/ikev2.json, ikev2_eap_sessions."""
    ike = session_suite(session)
    suite = EspSuite(ike.encryption, ike.integrity, esn=False)
    keys = child_keys(ike.prf, session_keys(session).sk_d, suite, ni=octets(session, "ni"), nr=octets(session, "nr"))
    assert keys.initiator_to_responder + keys.responder_to_initiator == octets(session, "child_keymat")


def sample_keymat(g_ir: bytes) -> bytes:
    """SHA-1 samples: 132 octets of KEYMAT, cut as two directions of 66."""
    odd = Integrity(0, "sample", 66 - 32, 0)
    suite = EspSuite(AES_CBC_256, odd, esn=False)
    sk_d = Secret(octets(SHA1, "dkm")[:20])
    keys = child_keys(PRF_HMAC_SHA1, sk_d, suite, ni=octets(SHA1, "ni"), nr=octets(SHA1, "nr"), g_ir=g_ir)
    return keys.initiator_to_responder + keys.responder_to_initiator


def test_keymat_is_the_published_one() -> None:
    """Source: NIST CAVP SP 800-135 IKEv2 sample (tests/vectors/ikev2.json)."""
    assert sample_keymat(b"") == octets(SHA1, "dkm_child")
    assert sample_keymat(octets(SHA1, "gir_new")) == octets(SHA1, "dkm_child_dh")


def test_skeyseed_of_a_rekeyed_sa_is_the_published_one() -> None:
    """Source: NIST CAVP SP 800-135 IKEv2 sample (tests/vectors/ikev2.json)."""
    skeyseed = rekeyed_skeyseed(
        PRF_HMAC_SHA1,
        Secret(octets(SHA1, "dkm")[:20]),
        ni=octets(SHA1, "ni"),
        nr=octets(SHA1, "nr"),
        g_ir=octets(SHA1, "gir_new"),
    )
    assert skeyseed == octets(SHA1, "skeyseed_rekey")
