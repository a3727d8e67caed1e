"""PRFs and prf+ against the SP 800-135 samples."""

from typing import Any

import pytest

from tests.ikev2_vectors import VECTORS, octets
from wire.ciphers import AES_CBC_256, AES_GCM_16_128, HMAC_SHA2_256_128
from wire.ikev2.algorithms import PRF_HMAC_SHA1, PRF_HMAC_SHA2_256, PRFS, EspSuite, IkeSuite
from wire.ikev2.groups import CURVE25519

SAMPLES: list[dict[str, Any]] = [VECTORS["sp800_135_ikev2_sha1"], *VECTORS["sp800_135_ikev2_sha2"]]
BY_NAME = {prf.name: prf for prf in PRFS.values()}


def nonces(sample: dict[str, Any]) -> bytes:
    return octets(sample, "ni_nr") if "ni_nr" in sample else octets(sample, "ni") + octets(sample, "nr")


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: f"{sample['prf']}-{len(nonces(sample))}")
def test_prf_and_prf_plus_give_the_published_keys(sample: dict[str, Any]) -> None:
    """Source: NIST CAVP SP 800-135 IKEv2 samples (tests/vectors/ikev2.json)."""
    prf = BY_NAME[sample["prf"]]
    skeyseed = prf(nonces(sample), octets(sample, "gir"))
    assert skeyseed == octets(sample, "skeyseed")
    seed = nonces(sample) + octets(sample, "spi_i") + octets(sample, "spi_r")
    assert prf.plus(skeyseed, seed, len(octets(sample, "dkm"))) == octets(sample, "dkm")


def test_prf_plus_stops_after_its_last_block() -> None:
    assert len(PRF_HMAC_SHA1.plus(b"k", b"s", 255 * 20)) == 255 * 20
    with pytest.raises(ValueError, match="255 blocks"):
        PRF_HMAC_SHA1.plus(b"k", b"s", 255 * 20 + 1)


def test_output_is_secret() -> None:
    assert "secret" in repr(PRF_HMAC_SHA2_256(b"k", b"d"))
    assert "secret" in repr(PRF_HMAC_SHA2_256.plus(b"k", b"d", 3))


def test_suites_name_themselves() -> None:
    ike = IkeSuite(AES_CBC_256, HMAC_SHA2_256_128, PRF_HMAC_SHA2_256, CURVE25519)
    assert str(ike) == "AES_CBC_256 HMAC_SHA2_256_128 PRF_HMAC_SHA2_256 CURVE25519"
    assert str(EspSuite(AES_GCM_16_128, None, esn=True, group=CURVE25519)) == "AES_GCM_16_128 CURVE25519 ESN"
    assert str(EspSuite(AES_CBC_256, HMAC_SHA2_256_128, esn=False)) == "AES_CBC_256 HMAC_SHA2_256_128"
