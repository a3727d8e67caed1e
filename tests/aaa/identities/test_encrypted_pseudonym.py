"""The 3GPP's pseudonyms, by the fields that FreeRADIUS reads; tests/interop opens them with OpenSSL."""

import pytest

from aaa.identities.encrypted_pseudonym import LENGTH, decrypt, encrypt, key_indicator
from wire.errors import DecodeError
from wire.identity import Imsi
from wire.secret import Secret

IMSI = Imsi("001234554321001")
KEY = Secret(b"1234567812345678")
RANDOM = bytes(range(8))
ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
# openssl enc -aes-128-ecb -nopad of 0001020304050607 f001234554321001 under that key
BLOCK = bytes.fromhex("4a8af4995d7620db163fa475cfc5b7a3")


def bits(username: str) -> str:
    """6 bits of each character."""
    return "".join(f"{ALPHABET.index(character):06b}" for character in username)


@pytest.mark.parametrize(("lead", "tag", "indicator"), [("2", 54, 0), ("7", 59, 1), ("3", 55, 15)])
def test_fields_are_tag_key_indicator_and_block(lead: str, tag: int, indicator: int) -> None:
    username = encrypt(IMSI, lead, indicator, KEY, RANDOM)
    fields = bits(username)
    assert (len(username), username[0]) == (LENGTH, lead)
    assert (int(fields[:6], 2), int(fields[6:10], 2)) == (tag, indicator)
    assert int(fields[10:], 2).to_bytes(16, "big") == BLOCK
    assert (key_indicator(username), decrypt(username, KEY)) == (indicator, (IMSI, RANDOM))


def test_two_pseudonyms_of_one_subscriber_have_nothing_in_common() -> None:
    one, other = encrypt(IMSI, "2", 0, KEY, RANDOM), encrypt(IMSI, "2", 0, KEY, bytes(8))
    assert sum(a == b for a, b in zip(one[2:], other[2:], strict=True)) < 6


@pytest.mark.parametrize("username", ["", "2short", "2" * 22, "2" * 24, "2" + "-" * 22])
def test_other_forms_have_no_key_indicator(username: str) -> None:
    assert key_indicator(username) is None
    with pytest.raises(DecodeError):
        decrypt(username, KEY)


def test_other_keys_find_no_imsi() -> None:
    with pytest.raises(DecodeError):
        decrypt(encrypt(IMSI, "2", 0, KEY, RANDOM), Secret(bytes(16)))


def test_imsi_of_14_digits_comes_back() -> None:
    shorter = Imsi("00101123456789")
    assert decrypt(encrypt(shorter, "2", 3, KEY, RANDOM), KEY)[0] == shorter
