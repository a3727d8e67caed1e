"""Shared transforms against RFC 4106 test cases, ESP made by Linux, and round trips."""

import json
from pathlib import Path
from random import Random
from typing import Any

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from hypothesis import given
from hypothesis import strategies as st

from wire.ciphers import (
    AES_CBC_128,
    AES_CBC_256,
    AES_GCM_16_128,
    AES_GCM_16_256,
    CHACHA20_POLY1305,
    ENCR_AES_GCM_16,
    ENCRYPTIONS,
    HMAC_SHA2_256_128,
    HMAC_SHA2_384_192,
    HMAC_SHA2_512_256,
    INTEGRITIES,
    Encryption,
    Integrity,
    IntegrityFailed,
    Protector,
    keymat_octets,
)
from wire.secret import Secret

VECTORS: dict[str, Any] = json.loads((Path(__file__).parents[1] / "vectors" / "ikev2.json").read_text())
SUITES: list[tuple[Encryption, Integrity | None]] = [
    (AES_GCM_16_128, None),
    (AES_GCM_16_256, None),
    (CHACHA20_POLY1305, None),
    (AES_CBC_128, HMAC_SHA2_256_128),
    (AES_CBC_256, HMAC_SHA2_384_192),
    (AES_CBC_256, HMAC_SHA2_512_256),
]


def protector(encryption: Encryption, integrity: Integrity | None) -> Protector:
    return Protector(encryption, integrity, Secret(bytes(range(keymat_octets(encryption, integrity)))))


def unhex(vector: dict[str, Any], name: str) -> bytes:
    return bytes.fromhex(vector[name])


@pytest.mark.parametrize("vector", VECTORS["aes_gcm_esp"], ids=lambda vector: str(vector["name"]))
def test_gcm_gives_the_published_ciphertext(vector: dict[str, Any]) -> None:
    """Source: draft-mcgrew-gcm-test and strongSwan's set, in tests/vectors/ikev2.json aes_gcm_esp."""
    sealer = Protector(
        ENCRYPTIONS[ENCR_AES_GCM_16, vector["key_bits"]], None, Secret(unhex(vector, "key") + unhex(vector, "salt"))
    )
    plaintext = unhex(vector, "plaintext_with_trailer")
    iv, aad = unhex(vector, "iv"), unhex(vector, "aad")
    body = sealer.seal(header=aad, iv=iv, plaintext=plaintext)
    assert body == iv + unhex(vector, "ciphertext") + unhex(vector, "icv")
    assert sealer.open(header=aad, body=body) == plaintext


@pytest.mark.parametrize("vector", VECTORS["esp_linux_generated"][1:], ids=["sn", "esn"])
def test_gcm_opens_what_linux_sealed(vector: dict[str, Any]) -> None:
    """Source: Linux 4.4 ESP (tests/vectors/ikev2.json esp_linux_generated)."""
    opener = Protector(AES_GCM_16_128, None, Secret(unhex(vector, "crypt_key")))
    packet = unhex(vector, "esp_packet")
    assert opener.open(header=unhex(vector, "aad"), body=packet[8:]) == unhex(vector, "plaintext")


def test_chacha20_poly1305_gives_the_published_packet() -> None:
    """RFC 7634 Appendix A: an ICMP echo request in ESP."""
    sealer = Protector(CHACHA20_POLY1305, None, Secret(bytes(range(0x80, 0xA0)) + bytes.fromhex("a0a1a2a3")))
    plaintext = bytes.fromhex(
        "45000054a6f200004001e778c6336405c000020508005b7a3a080000553bec100007362708090a0b0c0d0e0f101112131415161718191a"
        "1b1c1d1e1f202122232425262728292a2b2c2d2e2f303132333435363701020204"
    )
    aad, iv = bytes.fromhex("0102030400000005"), bytes.fromhex("1011121314151617")
    body = sealer.seal(header=aad, iv=iv, plaintext=plaintext)
    assert body[:8] == iv
    assert body[8:].hex() == (
        "24039428b97f417e3c13753a4f05087b67c352e6a7fab1b982d466ef407ae5c614ee8099d52844eb61aa95dfab4c02f72aa71e7c4c4f64"
        "c9befe2facc638e8f3cbec163fac469b502773f6fb94e664da9165b82829f641e076aaa8266b7fb0f7b11b369907e1ad43"
    )
    assert sealer.open(header=aad, body=body) == plaintext
    assert CHACHA20_POLY1305.key_bits == 0, "RFC 7634 §4: no Key Length attribute"


def test_cbc_gives_the_ciphertext_of_linux() -> None:
    """Source: Linux 4.4 ESP with AES-CBC and a null digest, so our ICV is what follows its octets."""
    vector = VECTORS["esp_linux_generated"][0]
    keys = Secret(unhex(vector, "crypt_key") + bytes(32))
    sealer = Protector(AES_CBC_128, HMAC_SHA2_256_128, keys)
    packet = unhex(vector, "esp_packet")
    body = sealer.seal(header=packet[:8], iv=packet[8:24], plaintext=unhex(vector, "plaintext"))
    assert body[:-16] == packet[8:]
    assert sealer.open(header=packet[:8], body=body) == unhex(vector, "plaintext")


@pytest.mark.parametrize("suite", SUITES, ids=lambda suite: str(suite[0].name))
@given(blocks=st.integers(0, 6), header=st.binary(max_size=40), trailer=st.binary(max_size=4), data=st.data())
def test_opener_returns_what_was_sealed(
    suite: tuple[Encryption, Integrity | None], blocks: int, header: bytes, trailer: bytes, data: st.DataObject
) -> None:
    encryption, _ = suite
    plaintext = data.draw(st.binary(min_size=blocks * 16, max_size=blocks * 16))
    sealer, opener = protector(*suite), protector(*suite)
    body = sealer.seal(header=header, iv=bytes(encryption.iv_octets), plaintext=plaintext, trailer=trailer)
    assert len(body) == sealer.iv_octets + len(plaintext) + sealer.icv_octets
    assert opener.open(header=header, body=body, trailer=trailer) == plaintext


@pytest.mark.parametrize("suite", SUITES, ids=lambda suite: str(suite[0].name))
def test_opener_refuses_any_changed_octet(suite: tuple[Encryption, Integrity | None]) -> None:
    sealer = protector(*suite)
    body = sealer.seal(header=b"head", iv=bytes(sealer.iv_octets), plaintext=bytes(32))
    for at in range(len(body)):
        changed = body[:at] + bytes([body[at] ^ 1]) + body[at + 1 :]
        with pytest.raises(IntegrityFailed):
            sealer.open(header=b"head", body=changed)
    with pytest.raises(IntegrityFailed):
        sealer.open(header=b"heap", body=body)


@pytest.mark.parametrize("suite", SUITES, ids=lambda suite: str(suite[0].name))
def test_opener_refuses_every_shorter_body(suite: tuple[Encryption, Integrity | None]) -> None:
    sealer = protector(*suite)
    body = sealer.seal(header=b"", iv=bytes(sealer.iv_octets), plaintext=bytes(16))
    for end in range(len(body)):
        with pytest.raises(IntegrityFailed):
            sealer.open(header=b"", body=body[:end])


@given(st.lists(st.tuples(st.binary(min_size=16, max_size=16), st.integers(0, 4)), max_size=8), st.randoms())
def test_each_cbc_packet_is_as_if_it_were_the_only_one(packets: list[tuple[bytes, int]], order: Random) -> None:
    """Beside a context of cryptography made for each packet, and opened in any order, with forgeries in between."""
    keys = Secret(bytes(range(64)))
    sealer, opener = (Protector(AES_CBC_256, HMAC_SHA2_256_128, keys) for _ in range(2))
    sealed = []
    for iv, blocks in packets:
        plaintext = bytes(range(16)) * blocks
        body = sealer.seal(header=b"head", iv=iv, plaintext=plaintext)
        fresh = Cipher(algorithms.AES(keys[:32]), modes.CBC(iv)).encryptor()
        assert body[:-16] == iv + fresh.update(plaintext) + fresh.finalize()
        sealed.append((body, plaintext))
    order.shuffle(sealed)
    for body, plaintext in sealed:
        with pytest.raises(IntegrityFailed):
            opener.open(header=b"heap", body=body)
        assert opener.open(header=b"head", body=body) == plaintext


def test_sealer_takes_whole_blocks_alone() -> None:
    sealer = protector(AES_CBC_128, HMAC_SHA2_256_128)
    with pytest.raises(ValueError, match="17 octets fill no blocks of 16"):
        sealer.seal(header=b"", iv=bytes(16), plaintext=bytes(17))


def test_trailer_is_counted_only_in_the_icv() -> None:
    sealer = protector(AES_CBC_128, HMAC_SHA2_256_128)
    body = sealer.seal(header=b"h", iv=bytes(16), plaintext=bytes(16), trailer=b"\0\0\0\1")
    plain = sealer.seal(header=b"h", iv=bytes(16), plaintext=bytes(16))
    assert body[:-16] == plain[:-16]
    assert body[-16:] != plain[-16:]
    with pytest.raises(IntegrityFailed):
        sealer.open(header=b"h", body=body, trailer=b"\0\0\0\2")


def test_opener_refuses_a_ciphertext_of_partial_blocks() -> None:
    sealer = protector(AES_CBC_128, HMAC_SHA2_256_128)
    sealed = bytes(16 + 15)
    with pytest.raises(IntegrityFailed):
        sealer.open(header=b"", body=sealed + sealer._icv(b"", sealed, b""))


@pytest.mark.parametrize(
    ("encryption", "integrity"), [(AES_GCM_16_128, HMAC_SHA2_256_128), (AES_CBC_128, None)], ids=["aead", "cbc"]
)
def test_protector_refuses_a_cipher_with_the_wrong_company(encryption: Encryption, integrity: Integrity | None) -> None:
    with pytest.raises(ValueError, match="AEAD"):
        protector(encryption, integrity)


def test_protector_refuses_keys_of_another_length() -> None:
    with pytest.raises(ValueError, match="20 octets"):
        Protector(AES_GCM_16_128, None, Secret(bytes(19)))


def test_protector_shows_no_key() -> None:
    assert repr(protector(AES_GCM_16_256, None)) == "<protector by AES_GCM_16_256>"


def test_registries_are_keyed_by_what_the_wire_carries() -> None:
    assert all(key == (known.transform_id, known.key_bits) for key, known in ENCRYPTIONS.items())
    assert all(key == known.transform_id for key, known in INTEGRITIES.items())
    assert [known.icv_octets for known in INTEGRITIES.values()] == [16, 24, 32]
