"""Chargeable-User-Identity: what a client may call a user in its bills without knowing who he is (RFC 4372).

It is the IMSI under AES-SIV (RFC 5297) with the client's name as associated data, in base64url: the same for every
session of a user at one client, another at another client, and whoever has the key can say whose it is.
"""

import binascii
from base64 import urlsafe_b64decode, urlsafe_b64encode

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from aaa.identities.contents import pack_imsi, unpack_imsi
from aaa.radius.config import RadiusConfig
from runtime.secret_file import read_secret
from wire.errors import DecodeError
from wire.identity import Imsi
from wire.radius.dictionary import key_of
from wire.radius.packet import RadiusPacket
from wire.secret import Secret

CUI = key_of("Chargeable-User-Identity")
CUI_LENGTH = 32
"""Characters."""
_SIV_KEY_LENGTH = 64
_PURPOSE = b"akadia chargeable user identity"


def wants_cui(request: RadiusPacket) -> bool:
    """Whether the client asks for it, by one NUL or by what it was told before (RFC 4372 §2.1)."""
    return CUI in request.by_key


class Chargeable:
    """Names users by `key`, which is of any length and has to stay as long as bills are to be compared."""

    def __init__(self, key: Secret) -> None:
        self._siv = AESSIV(HKDF(algorithm=SHA256(), length=_SIV_KEY_LENGTH, salt=None, info=_PURPOSE).derive(key))

    @classmethod
    def of(cls, config: RadiusConfig) -> "Chargeable | None":
        """By the key that `config` names, if it names one; ConfigError when its file is unusable."""
        return None if config.cui_key is None else cls(read_secret(config.cui_key))

    def name(self, client: str, imsi: Imsi) -> bytes:
        """What `client` may call the user, `CUI_LENGTH` characters."""
        return urlsafe_b64encode(self._siv.encrypt(pack_imsi(imsi), [client.encode()]))

    def whose(self, client: str, cui: str) -> Imsi | None:
        """Whom `client` calls so; None where this key has not named him."""
        try:
            octets = urlsafe_b64decode(cui)
            if len(cui) != CUI_LENGTH or urlsafe_b64encode(octets).decode() != cui:
                return None
            return unpack_imsi(self._siv.decrypt(octets, [client.encode()]))
        except (binascii.Error, ValueError, InvalidTag, DecodeError):
            return None
