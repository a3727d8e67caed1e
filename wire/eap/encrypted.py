"""AT_IV and AT_ENCR_DATA: attributes under AES-128-CBC, padded by AT_PADDING (RFC 4187 §10.12)."""

from collections.abc import Iterable

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES128
from cryptography.hazmat.primitives.ciphers.modes import CBC

from wire.eap.attributes import At, Attribute, Attributes, attribute_around, build_attribute
from wire.errors import DecodeError
from wire.secret import Secret

IV_LENGTH = 16


_IV_HEAD = build_attribute(At.IV, bytes(IV_LENGTH))[:4]
_PADDING = {0: b"", **{length: build_attribute(At.PADDING, bytes(length - 2)) for length in (4, 8, 12)}}
_COUNTER_HEAD = build_attribute(At.COUNTER, bytes(2))[:2]
_COUNTER, _WHOLE_PADDING = At.COUNTER, Attribute(At.PADDING, bytes(10))


def seal(attributes: Iterable[Attribute], k_encr: Secret, iv: bytes) -> tuple[Attribute, Attribute]:
    """AT_IV and AT_ENCR_DATA that hold `attributes`; `iv` is 16 fresh random octets."""
    plain = Attributes(tuple(attributes)).build()
    return Attribute(At.IV, iv), Attribute(At.ENCR_DATA, _encrypted(plain, k_encr, iv))


def seal_octets(plain: bytes, k_encr: Secret, iv: bytes) -> bytes:
    """The octets of both, for attributes that are built already."""
    ciphertext = _encrypted(plain, k_encr, iv)
    before, _ = attribute_around(At.ENCR_DATA, len(ciphertext))
    return b"".join((_IV_HEAD, iv, before, ciphertext))


def _encrypted(plain: bytes, k_encr: Secret, iv: bytes) -> bytes:
    return Cipher(AES128(k_encr), CBC(iv)).encryptor().update(plain + _PADDING[-len(plain) % 16])


def parse_encrypted(iv: bytes, ciphertext: bytes, k_encr: Secret) -> Attributes:
    """The attributes inside AT_ENCR_DATA, AT_PADDING included; DecodeError when they are none."""
    if len(iv) != 16 or len(ciphertext) % 16:
        raise DecodeError(0, "AT_ENCR_DATA is not whole blocks")
    plain = Cipher(AES128(k_encr), CBC(iv)).decryptor().update(ciphertext)
    if plain[:2] == _COUNTER_HEAD and plain[4:] == _PADDING[12]:
        # what a UE that may be re-authenticated says, and nothing else (RFC 4187 §9.8)
        return Attributes((Attribute(_COUNTER, plain[2:4]), _WHOLE_PADDING))
    attributes = Attributes.parse(plain)
    kinds = [item.type for item in attributes]
    # RFC 4187 §10.12: AT_PADDING, when there, is the last attribute.
    if At.PADDING in kinds[:-1]:
        raise DecodeError(0, "AT_PADDING is not the last attribute")
    return attributes
