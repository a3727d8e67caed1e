"""One identity under the key of an epoch: AES-SIV, which needs no nonce and forgives none repeated (RFC 5297).

The username is its leading character (TS 23.003 §14.5), then base64url of the epoch's label, the synthetic IV of 16
octets and the ciphertext. Leading character and label are associated data: no identity can be shown as another kind's.
"""

from functools import lru_cache

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from aaa.identities.base64url import decoded, encoded
from aaa.identities.epochs import LABELS, SHORT_LABELS, Epoch, Keyring
from wire.secret import Secret

OVERHEAD = 17
"""Octets that sealing adds: label and synthetic IV."""

_SIV_KEY_LENGTH = 64
_SEALED = b"akadia sealed identity"
_LABELS = tuple(bytes((label,)) for label in range(LABELS))


def derived_key(epoch: Epoch, purpose: bytes, length: int) -> Secret:
    """A key for one purpose from the key of `epoch` (HKDF with SHA-256, RFC 5869)."""
    return Secret(_derived(epoch.key, purpose, length))


def _derived(key: Secret, purpose: bytes, length: int) -> bytes:
    return HKDF(algorithm=SHA256(), length=length, salt=None, info=purpose).derive(key)


def seal(epoch: Epoch, lead: bytes, plain: bytes) -> bytes:
    """The username that hides `plain`; `lead` is its leading character."""
    label = _LABELS[epoch.number % LABELS]
    return lead + encoded(label + _siv(epoch.key).encrypt(plain, [lead, label]))


def unseal(keyring: Keyring, username: str) -> bytes | None:
    """What `username` hides; None when no epoch of ours has sealed it, or has been retired since."""
    octets = decoded(username[1:].encode())
    if len(octets) <= OVERHEAD:
        return None
    epoch = keyring.opening(octets[0])
    if epoch is None:
        return None
    try:
        return _siv(epoch.key).decrypt(octets[1:], [username[:1].encode(), octets[:1]])
    except InvalidTag:
        return None


@lru_cache(maxsize=SHORT_LABELS)
def _siv(key: Secret) -> AESSIV:
    # as many as there can be epochs that open: two identities of every login are sealed
    return AESSIV(_derived(key, _SEALED, _SIV_KEY_LENGTH))
