"""Transport keys open what NIST's examples and pySim have enciphered."""

import json
from pathlib import Path

import pytest

from hss.provisioning.importing.causes import Cause, RowRefused
from hss.provisioning.importing.transport import (
    Padding,
    TransportAlgorithm,
    TransportKey,
    TransportKeyConfig,
    TransportRefused,
)
from wire.secret import Secret

VECTORS = Path(__file__).parents[3] / "vectors"
PYSIM = json.loads((VECTORS / "pysim_columns.json").read_text())
KEY = "2b7e151628aed2a6abf7158809cf4f3c"
KEY_256 = "603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4"
KEY_3DES = "0123456789abcdef23456789abcdef01456789abcdef0123"
IV = "000102030405060708090a0b0c0d0e0f"
PLAIN = "6bc1bee22e409f96e93d7e117393172a"


def transport(algorithm: str, key: str, *, iv: str = "zeros", padding: str = "none") -> TransportKey:
    config = TransportKeyConfig(
        environment="A4", algorithm=TransportAlgorithm(algorithm), iv=iv, padding=Padding(padding)
    )
    return TransportKey(config, Secret.fromhex(key))


@pytest.mark.parametrize(
    ("algorithm", "key", "iv", "enciphered", "plain"),
    [
        # NIST SP 800-38A F.2.1, F.2.5, F.1.1
        ("aes-128-cbc", KEY, IV, "7649abac8119b246cee98e9b12e9197d", PLAIN),
        ("aes-256-cbc", KEY_256, IV, "f58c4c04d6e5f1ba779eabfb5f7bfbd6", PLAIN),
        ("aes-128-ecb", KEY, "zeros", "3ad77bb40d7a3660a89ecaf32466ef97", PLAIN),
        # NIST SP 800-67 Appendix B.1
        (
            "3des-ecb",
            KEY_3DES,
            "zeros",
            "a826fd8ce53b855fcce21c8112256fe668d5c05dd9b6b900",
            "5468652071756663 6b2062726f776e20 666f78206a756d70",
        ),
    ],
)
def test_published_ciphertexts_open(algorithm: str, key: str, iv: str, enciphered: str, plain: str) -> None:
    assert transport(algorithm, key, iv=iv).open(bytes.fromhex(enciphered)) == bytes.fromhex(plain)


def test_value_may_bring_its_iv() -> None:
    value = bytes.fromhex(IV + "7649abac8119b246cee98e9b12e9197d")
    assert transport("aes-128-cbc", KEY, iv="prefix").open(value).hex() == PLAIN


@pytest.mark.parametrize("column", ["ki", "opc"])
def test_columns_of_pysim_open(column: str) -> None:
    opened = transport("aes-128-cbc", PYSIM["keys"][column], iv=PYSIM["iv"])
    place = PYSIM["header"].split(",").index(f'"{column}"')
    for row in PYSIM["rows"]:
        value = row["line"].split(",")[place].strip('"')
        assert opened.open(bytes.fromhex(value)).hex() == row[column]


def test_what_was_opened_is_a_secret() -> None:
    found = transport("aes-128-ecb", KEY).open(bytes.fromhex("3ad77bb40d7a3660a89ecaf32466ef97"))
    assert isinstance(found, Secret)


@pytest.mark.parametrize(("padding", "filling"), [("pkcs7", "0808080808080808"), ("iso7816", "8000000000000000")])
def test_padding_is_taken_off(padding: str, filling: str) -> None:
    opened = transport("aes-128-cbc", KEY, padding=padding)._unpadded(bytes.fromhex("aa" * 8 + filling))
    assert opened == bytes.fromhex("aa" * 8)


@pytest.mark.parametrize("padding", ["pkcs7", "iso7816"])
def test_missing_padding_speaks_of_the_transport_key(padding: str) -> None:
    with pytest.raises(RowRefused, match="the transport key may be another") as refused:
        transport("aes-128-cbc", KEY, padding=padding)._unpadded(bytes.fromhex(PLAIN))
    assert refused.value.cause is Cause.TRANSPORT


@pytest.mark.parametrize("iv", ["zeros", "prefix"])
@pytest.mark.parametrize("value", ["", "aa", "aa" * 17])
def test_broken_lengths_are_refused(iv: str, value: str) -> None:
    with pytest.raises(RowRefused, match="does not fill blocks of 16 octets"):
        transport("aes-128-cbc", KEY, iv=iv).open(bytes.fromhex(value))


@pytest.mark.parametrize(
    ("algorithm", "key", "iv", "message"),
    [
        ("aes-128-cbc", KEY_256, "zeros", "the key has 32 octets; aes-128-cbc takes 16"),
        ("aes-256-cbc", KEY, "zeros", "takes 32"),
        ("3des-cbc", "00" * 8, "zeros", "takes 16 or 24"),
        ("3des-cbc", KEY_3DES, IV, "IV has 16 octets; 3des-cbc takes 8"),
    ],
)
def test_key_or_iv_of_another_length_is_refused(algorithm: str, key: str, iv: str, message: str) -> None:
    with pytest.raises(TransportRefused, match=message) as refused:
        transport(algorithm, key, iv=iv)
    assert key not in str(refused.value)
