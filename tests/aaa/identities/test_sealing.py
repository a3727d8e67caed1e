"""AES-SIV by the published answers, and opened by a second implementation of it."""

import hmac
from base64 import urlsafe_b64decode
from hashlib import sha256

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.aead import AESSIV
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CTR
from cryptography.hazmat.primitives.cmac import CMAC

from aaa.identities.epochs import Epoch
from aaa.identities.sealing import OVERHEAD, derived_key, seal, unseal
from tests.aaa.identities.keyrings import FIRST, KEYRING, NOW, SECOND
from wire.secret import Secret

# RFC 5297 Appendix A.1
SIV_KEY = bytes.fromhex("fffefdfcfbfaf9f8f7f6f5f4f3f2f1f0f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff")
SIV_DATA = bytes.fromhex("101112131415161718191a1b1c1d1e1f2021222324252627")
SIV_PLAIN = bytes.fromhex("112233445566778899aabbccddee")
SIV_OUTPUT = bytes.fromhex("85632d07c6e8f37f950acd320a2ecc9340c02b9690c4dc04daef7f6afe5c")


def sealed(epoch: Epoch, lead: str, plain: bytes) -> str:
    return seal(epoch, lead.encode(), plain).decode()


def double(block: bytes) -> bytes:
    number = int.from_bytes(block, "big") << 1
    return ((number & ((1 << 128) - 1)) ^ (0x87 if number >> 128 else 0)).to_bytes(16, "big")


def mixed(left: bytes, right: bytes) -> bytes:
    return bytes(a ^ b for a, b in zip(left, right, strict=True))


def cmac(key: bytes, data: bytes) -> bytes:
    mac = CMAC(AES(key))
    mac.update(data)
    return mac.finalize()


def siv_opened(key: bytes, octets: bytes, *associated: bytes) -> bytes:
    """RFC 5297 §2.4 and §2.7, written a second time."""
    half = len(key) // 2
    iv, ciphertext = octets[:16], octets[16:]
    masked = bytes(byte & (0x7F if at in (8, 12) else 0xFF) for at, byte in enumerate(iv))
    plain = Cipher(AES(key[half:]), CTR(masked)).decryptor().update(ciphertext)
    total = cmac(key[:half], bytes(16))
    for data in associated:
        total = mixed(double(total), cmac(key[:half], data))
    if len(plain) >= 16:
        last = plain[:-16] + mixed(plain[-16:], total)
    else:
        last = mixed(double(total), (plain + b"\x80").ljust(16, b"\0"))
    assert cmac(key[:half], last) == iv
    return plain


def hkdf(key: bytes, info: bytes, length: int) -> bytes:
    """RFC 5869 without a salt, written a second time."""
    prk, block, output = hmac.digest(bytes(32), key, "sha256"), b"", b""
    for number in range(1, -(-length // sha256().digest_size) + 1):
        block = hmac.digest(prk, block + info + bytes((number,)), "sha256")
        output += block
    return output[:length]


def test_primitive_and_second_implementation_give_the_published_answer() -> None:
    assert AESSIV(SIV_KEY).encrypt(SIV_PLAIN, [SIV_DATA]) == SIV_OUTPUT
    assert siv_opened(SIV_KEY, SIV_OUTPUT, SIV_DATA) == SIV_PLAIN


def test_derivation_is_that_of_the_published_answer() -> None:
    # RFC 5869 Appendix A.3
    key = Secret(b"\x0b" * 22)
    expected = "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8"
    assert derived_key(Epoch(1, 0, key), b"", 42).hex() == expected
    assert hkdf(key, b"", 42).hex() == expected


@pytest.mark.parametrize("plain", [b"short", bytes(range(102))])
def test_second_implementation_opens_what_was_sealed(plain: bytes) -> None:
    username = sealed(SECOND, "8", plain)
    octets = urlsafe_b64decode(username[1:] + "==="[: -len(username[1:]) % 4])
    assert (username[0], octets[0], len(octets)) == ("8", 2, OVERHEAD + len(plain))
    key = hkdf(SECOND.key, b"akadia sealed identity", 64)
    assert siv_opened(key, octets[1:], b"8", octets[:1]) == plain


def test_any_epoch_that_is_not_retired_opens() -> None:
    for epoch in (FIRST, SECOND):
        assert unseal(KEYRING, sealed(epoch, "2", b"content")) == b"content"
    assert unseal(KEYRING.retiring(1, NOW), sealed(FIRST, "2", b"content")) is None
    assert unseal(KEYRING, sealed(Epoch(3, NOW, SECOND.key), "2", b"content")) is None


def test_nothing_else_opens() -> None:
    username = sealed(SECOND, "2", b"content")
    for at in range(len(username)):
        other = chr(ord("A") if username[at] != "A" else ord("B"))
        assert unseal(KEYRING, username[:at] + other + username[at + 1 :]) is None
    for wrong in ("", "2", "2A", username[:-1], username + "A", username + "=", f"{username}\n", "2" + "é" * 40):
        assert unseal(KEYRING, wrong) is None


def test_username_has_no_character_that_a_nai_has_not() -> None:
    text = "".join(sealed(SECOND, "4", bytes((number,)) * 60) for number in range(64))
    assert set(text) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")
