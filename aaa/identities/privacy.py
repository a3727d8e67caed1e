"""Opens permanent identities that a UE has put under the operator's public key (wire.eap.encrypted_identity)."""

from collections.abc import Sequence

from cryptography.hazmat.primitives.asymmetric.padding import MGF1, OAEP
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA256

from wire.eap.encrypted_identity import EncryptedIdentity
from wire.errors import DecodeError

_OAEP = OAEP(mgf=MGF1(SHA256()), algorithm=SHA256(), label=None)


def reveal(octets: bytes, keys: Sequence[RSAPrivateKey]) -> bytes | None:
    """The permanent identity inside; None when it is not one, or under none of `keys`.

    Every key of the right size is tried: the attribute that names one is the handset's, and not proven.
    """
    try:
        ciphertext = EncryptedIdentity.parse(octets).ciphertext
    except DecodeError:
        return None
    for key in keys:
        if 8 * len(ciphertext) != key.key_size:
            continue
        try:
            return key.decrypt(ciphertext, _OAEP)
        except ValueError:
            continue
    return None
