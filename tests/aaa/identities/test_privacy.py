"""Encrypted identities that OpenSSL made, and what is none."""

import json
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from aaa.identities.privacy import reveal
from wire.eap.encrypted_identity import EncryptedIdentity

VECTORS = json.loads((Path(__file__).parents[2] / "vectors" / "imsi_privacy.json").read_text())


def load_key() -> RSAPrivateKey:
    key = load_pem_private_key(VECTORS["private_key"].encode(), None)
    assert isinstance(key, RSAPrivateKey)
    return key


KEY = load_key()
OTHER = generate_private_key(65537, 2048)
LARGER = generate_private_key(65537, 3072)


def encrypted(case: dict[str, Any], attribute: str = "") -> bytes:
    return EncryptedIdentity(bytes.fromhex(case["ciphertext"]), attribute).build()


@pytest.mark.parametrize("case", VECTORS["encrypted"], ids=lambda case: str(case["identity"][0]))
def test_identity_that_openssl_encrypted_is_revealed(case: dict[str, Any]) -> None:
    for octets in (encrypted(case), encrypted(case, "CertificateSerialNumber=7")):
        assert reveal(octets, [KEY]) == case["identity"].encode()
        assert reveal(octets, [OTHER, LARGER, KEY]) == case["identity"].encode()


def test_identity_under_another_key_or_another_digest_is_not() -> None:
    case = VECTORS["encrypted"][0]
    assert reveal(encrypted(case), [OTHER, LARGER]) is None
    assert reveal(encrypted(case), []) is None
    assert reveal(encrypted(VECTORS["oaep_sha1"]), [KEY]) is None


@pytest.mark.parametrize("octets", [b"", b"\0", b"\0AAAA", b"\0" + b"A" * 344, b"0001010000000001"])
def test_anything_else_reveals_nothing(octets: bytes) -> None:
    assert reveal(octets, [KEY]) is None
