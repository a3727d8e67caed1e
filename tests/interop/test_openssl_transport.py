"""Vendors' files whose keys `openssl enc` has enciphered, the second implementation of every transport cipher."""

import subprocess
from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest

from hss.provisioning.importing.keys_source import KeySource
from hss.provisioning.importing.transport import Padding, TransportAlgorithm, TransportKey, TransportKeyConfig
from wire.secret import Secret

pytestmark = pytest.mark.interop

# our name, openssl's, octets of the key, octets of the IV
CIPHERS = [
    ("aes-128-cbc", "-aes-128-cbc", 16, 16),
    ("aes-256-cbc", "-aes-256-cbc", 32, 16),
    ("aes-128-ecb", "-aes-128-ecb", 16, 0),
    ("3des-cbc", "-des-ede3-cbc", 24, 8),
    ("3des-ecb", "-des-ede3", 24, 0),
    ("3des-cbc", "-des-ede-cbc", 16, 8),
    ("3des-ecb", "-des-ede", 16, 0),
]


@pytest.fixture
def openssl(foreign_peer: Callable[[str], str]) -> str:
    """The program."""
    return foreign_peer("openssl")


def enciphered(openssl: str, cipher: str, key: bytes, iv: bytes, value: bytes, *, padded: bool) -> bytes:
    words = [openssl, "enc", cipher, "-K", key.hex(), *(["-iv", iv.hex()] if iv else [])]
    run = subprocess.run(
        words + ([] if padded else ["-nopad"]), input=value, capture_output=True, check=True, timeout=30
    )
    return run.stdout


@pytest.mark.parametrize(("ours", "theirs", "key_length", "iv_length"), CIPHERS)
@pytest.mark.parametrize("padding", [Padding.NONE, Padding.PKCS7])
@pytest.mark.parametrize("length", [16, 32])
def test_what_openssl_enciphers_opens(
    openssl: str, ours: str, theirs: str, key_length: int, iv_length: int, padding: Padding, length: int
) -> None:
    random = Random(f"{theirs} {length}")
    key, iv, value = random.randbytes(key_length), random.randbytes(iv_length), random.randbytes(length)
    octets = enciphered(openssl, theirs, key, iv, value, padded=padding is Padding.PKCS7)
    config = TransportKeyConfig(
        environment="A4", algorithm=TransportAlgorithm(ours), iv=iv.hex() or "zeros", padding=padding
    )
    assert TransportKey(config, Secret(key)).open(octets) == value


def test_iv_of_zeros_is_openssls_too(openssl: str) -> None:
    key, value = bytes(range(16)), bytes(range(16, 32))
    octets = enciphered(openssl, "-aes-128-cbc", key, bytes(16), value, padded=False)
    config = TransportKeyConfig(environment="A4", algorithm=TransportAlgorithm.AES_128_CBC)
    assert TransportKey(config, Secret(key)).open(octets) == value


def test_key_file_is_as_openssl_takes_it(openssl: str, tmp_path: Path) -> None:
    path = tmp_path / "a4.key"
    made = subprocess.run([openssl, "rand", "-hex", "16"], capture_output=True, check=True, timeout=30)
    path.write_bytes(made.stdout)
    path.chmod(0o600)
    assert KeySource(file=path).read({}).hex() == made.stdout.decode().strip()
