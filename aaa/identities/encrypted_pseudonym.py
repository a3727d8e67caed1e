"""Pseudonyms in the format of the 3GPP: tag, key indicator and the IMSI under AES-128 (TS 33.402 §14, TS 33.234 §6.4).

8 random octets and the compressed IMSI of 8 are one block of AES-128 in ECB. 6 bits of tag, 4 of key indicator and 128
of ciphertext are 23 characters of base64; the tag is the leading character of TS 23.003 §14.5. Any AAA server that has
the key reads them. They carry no proof: what decrypts to something like an IMSI is taken for one, and AKA then decides.
"""

from functools import reduce

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import ECB

from aaa.identities.contents import pack_imsi, unpack_imsi
from wire.errors import DecodeError
from wire.identity import Imsi
from wire.secret import Secret

LENGTH = 23
KEY_LENGTH = 16
RANDOM_LENGTH = 8
_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
_CIPHERTEXT_BITS = 128


def encrypt(imsi: Imsi, lead: str, indicator: int, key: Secret, random: bytes) -> str:
    """The pseudonym of 23 characters; `random` 8 octets, `indicator` 0 to 15."""
    # One block that holds 64 fresh bits: ECB is what the format prescribes, and here it repeats nothing.
    encryptor = Cipher(AES(bytes(key)), ECB()).encryptor()  # noqa: S305
    block = encryptor.update(random + pack_imsi(imsi))
    bits = (_ALPHABET.index(lead) << 4 | indicator) << _CIPHERTEXT_BITS | int.from_bytes(block, "big")
    return "".join(_ALPHABET[bits >> shift & 63] for shift in range(6 * (LENGTH - 1), -1, -6))


def key_indicator(username: str) -> int | None:
    """Which of 16 keys `username` is under; None when it has not this format."""
    if len(username) != LENGTH or not set(username) <= set(_ALPHABET):
        return None
    return _ALPHABET.index(username[1]) >> 2


def decrypt(username: str, key: Secret) -> tuple[Imsi, bytes]:
    """The IMSI in `username`, and its 8 random octets; DecodeError when nothing like an IMSI is in it."""
    if key_indicator(username) is None:
        raise DecodeError(0, "not 23 characters of base64")
    bits = reduce(lambda number, character: number << 6 | _ALPHABET.index(character), username, 0)
    block = (bits & (1 << _CIPHERTEXT_BITS) - 1).to_bytes(16, "big")
    plain = Cipher(AES(bytes(key)), ECB()).decryptor().update(block)  # noqa: S305
    return unpack_imsi(plain[RANDOM_LENGTH:]), plain[:RANDOM_LENGTH]
