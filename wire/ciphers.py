"""Encryption and integrity transforms that the IKE SK payload and ESP share (RFC 7296 §3.3.2, RFC 4106, RFC 7634,
RFC 4868)."""

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers import Cipher, CipherContext
from cryptography.hazmat.primitives.ciphers.aead import AESGCM, ChaCha20Poly1305
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC

from wire.secret import Secret

ENCR_AES_CBC = 12
ENCR_AES_GCM_16 = 20
ENCR_CHACHA20_POLY1305 = 28
AUTH_HMAC_SHA2_256_128 = 12
AUTH_HMAC_SHA2_384_192 = 13
AUTH_HMAC_SHA2_512_256 = 14


class IntegrityFailed(Exception):
    """The ICV is wrong, or the octets are too few to hold one; nothing of them may be used."""

    def __init__(self) -> None:
        super().__init__("the integrity check failed")


@dataclass(frozen=True, slots=True)
class Encryption:
    """A transform of type 1 with its key length; all sizes in octets, `icv_octets` 0 when it is no AEAD."""

    transform_id: int
    name: str
    key_octets: int
    salt_octets: int
    iv_octets: int
    block_octets: int
    icv_octets: int

    @property
    def is_aead(self) -> bool:
        """Whether it protects integrity by itself (RFC 5282 §3)."""
        return self.icv_octets > 0

    @property
    def key_bits(self) -> int:
        """The Key Length attribute (RFC 7296 §3.3.5), which counts no salt; 0 where none may be (RFC 7634 §4)."""
        return 0 if self.transform_id == ENCR_CHACHA20_POLY1305 else self.key_octets * 8


@dataclass(frozen=True, slots=True)
class Integrity:
    """A transform of type 3; sizes in octets."""

    transform_id: int
    name: str
    key_octets: int
    icv_octets: int


def _gcm(key_octets: int) -> Encryption:
    return Encryption(ENCR_AES_GCM_16, f"AES_GCM_16_{key_octets * 8}", key_octets, 4, 8, 1, 16)


def _cbc(key_octets: int) -> Encryption:
    return Encryption(ENCR_AES_CBC, f"AES_CBC_{key_octets * 8}", key_octets, 0, 16, 16, 0)


AES_GCM_16_128, AES_GCM_16_192, AES_GCM_16_256 = _gcm(16), _gcm(24), _gcm(32)
AES_CBC_128, AES_CBC_192, AES_CBC_256 = _cbc(16), _cbc(24), _cbc(32)
CHACHA20_POLY1305 = Encryption(ENCR_CHACHA20_POLY1305, "CHACHA20_POLY1305", 32, 4, 8, 1, 16)
HMAC_SHA2_256_128 = Integrity(AUTH_HMAC_SHA2_256_128, "HMAC_SHA2_256_128", 32, 16)
HMAC_SHA2_384_192 = Integrity(AUTH_HMAC_SHA2_384_192, "HMAC_SHA2_384_192", 48, 24)
HMAC_SHA2_512_256 = Integrity(AUTH_HMAC_SHA2_512_256, "HMAC_SHA2_512_256", 64, 32)

ENCRYPTIONS: Mapping[tuple[int, int], Encryption] = MappingProxyType(
    {
        (known.transform_id, known.key_bits): known
        for known in (
            AES_GCM_16_128, AES_GCM_16_192, AES_GCM_16_256, CHACHA20_POLY1305, AES_CBC_128, AES_CBC_192, AES_CBC_256,
        )
    }
)  # fmt: skip
"""By transform id and Key Length attribute in bits."""

INTEGRITIES: Mapping[int, Integrity] = MappingProxyType(
    {known.transform_id: known for known in (HMAC_SHA2_256_128, HMAC_SHA2_384_192, HMAC_SHA2_512_256)}
)
"""By transform id."""

_DIGESTS = {
    AUTH_HMAC_SHA2_256_128: hashlib.sha256,
    AUTH_HMAC_SHA2_384_192: hashlib.sha384,
    AUTH_HMAC_SHA2_512_256: hashlib.sha512,
}


def _aead(encryption: Encryption, key: bytes) -> AESGCM | ChaCha20Poly1305 | None:
    if not encryption.is_aead:
        return None
    return ChaCha20Poly1305(key) if encryption.transform_id == ENCR_CHACHA20_POLY1305 else AESGCM(key)


def keymat_octets(encryption: Encryption, integrity: Integrity | None) -> int:
    """How much KEYMAT one direction takes (RFC 7296 §2.17): encryption key, salt, integrity key."""
    return encryption.key_octets + encryption.salt_octets + (integrity.key_octets if integrity else 0)


class Protector:
    """Seals or opens one direction of an IKE SA or of an ESP SA.

    `keys` are that direction's KEYMAT: encryption key, salt, integrity key (RFC 7296 §2.17, RFC 4106 §8.1). An AEAD
    takes no Integrity, anything else must have one; ValueError when the caller breaks either rule.
    """

    def __init__(self, encryption: Encryption, integrity: Integrity | None, keys: Secret) -> None:
        if encryption.is_aead == (integrity is not None):
            raise ValueError("an AEAD takes no integrity transform, every other cipher needs one")
        if len(keys) != keymat_octets(encryption, integrity):
            raise ValueError(f"{keymat_octets(encryption, integrity)} octets of keys needed, {len(keys)} given")
        self._encryption = encryption
        salt_at, integrity_at = encryption.key_octets, encryption.key_octets + encryption.salt_octets
        self._salt = Secret(keys[salt_at:integrity_at])
        self._aead = _aead(encryption, keys[:salt_at])
        self._cipher = AES(keys[:salt_at])
        self._encryptor: CipherContext | None = None
        self._decryptor: CipherContext | None = None
        self._chained = 0
        self._mac: hmac.HMAC
        if integrity is not None:
            self._mac = hmac.new(keys[integrity_at:], digestmod=_DIGESTS[integrity.transform_id])
        self.iv_octets = encryption.iv_octets
        self.icv_octets = integrity.icv_octets if integrity else encryption.icv_octets
        self.block_octets = encryption.block_octets

    def __repr__(self) -> str:
        return f"<protector by {self._encryption.name}>"

    def seal(self, *, header: bytes, iv: bytes, plaintext: bytes, trailer: bytes = b"") -> bytes:
        """IV, ciphertext and ICV; `plaintext` is already padded to `block_octets`.

        `header` is the associated data of an AEAD and otherwise what stands before the IV under the ICV; `trailer` is
        counted into that ICV after the ciphertext without being sent (ESN, RFC 4303 §2.2.1). Under one key no `iv`
        may come twice in an AEAD; a block cipher's must be unpredictable.
        """
        if self._aead is not None:
            return iv + self._aead.encrypt(self._salt + iv, plaintext, header)
        sealed = iv + self._encrypt(iv, plaintext)
        return sealed + self._icv(header, sealed, trailer)

    def open(self, *, header: bytes, body: bytes, trailer: bytes = b"") -> bytes:
        """The padded plaintext of `body` (IV, ciphertext, ICV), or IntegrityFailed."""
        if len(body) < self.iv_octets + self.icv_octets:
            raise IntegrityFailed
        iv = body[: self.iv_octets]
        if self._aead is not None:
            try:
                return self._aead.decrypt(self._salt + iv, body[self.iv_octets :], header)
            except InvalidTag:
                raise IntegrityFailed from None
        sealed, icv = body[: -self.icv_octets], body[-self.icv_octets :]
        if not hmac.compare_digest(icv, self._icv(header, sealed, trailer)) or len(sealed) % self.block_octets:
            raise IntegrityFailed
        return self._decrypt(sealed)

    def _encrypt(self, iv: bytes, plaintext: bytes) -> bytes:
        """CBC of whole blocks, in a chain that never ends: to make it another one for each packet costs more.

        What the chain adds to the first block is taken out of it beforehand, so that `iv` stands in its place.
        """
        if not plaintext:
            return b""
        if len(plaintext) % self.block_octets:
            raise ValueError(f"{len(plaintext)} octets fill no blocks of {self.block_octets}")
        if self._encryptor is None:
            self._encryptor = Cipher(self._cipher, CBC(bytes(self.block_octets))).encryptor()
        block = self.block_octets
        first = int.from_bytes(plaintext[:block]) ^ int.from_bytes(iv) ^ self._chained
        ciphertext = self._encryptor.update(first.to_bytes(block) + plaintext[block:])
        self._chained = int.from_bytes(ciphertext[-block:])
        return ciphertext

    def _decrypt(self, sealed: bytes) -> bytes:
        """IV and ciphertext, in a chain as well: with the IV before it, a block is what it is in any chain."""
        if self._decryptor is None:
            self._decryptor = Cipher(self._cipher, CBC(bytes(self.block_octets))).decryptor()
        return self._decryptor.update(sealed)[self.iv_octets :]

    def _icv(self, header: bytes, sealed: bytes, trailer: bytes) -> bytes:
        mac = self._mac.copy()
        mac.update(header)
        mac.update(sealed)
        mac.update(trailer)
        return mac.digest()[: self.icv_octets]
