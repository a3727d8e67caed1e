"""Chargeable-User-Identity: what a client may call a user in its bills without knowing who he is (RFC 4372).

It is the IMSI under AES-SIV (RFC 5297) with the client's name as associated data, in base64url: the same for every
session of a user at one client, another at another client, and whoever has the key can say whose it is. AES-SIV
opens nothing that another key has sealed, so of several keys the right one is known.
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
    """Names users by `key`, and knows those whom `older` ones have named; each has to stay as long as its bills do.

    Keys are of any length.
    """

    def __init__(self, key: Secret, *older: Secret) -> None:
        self._keys = [_siv(one) for one in (key, *older)]

    @classmethod
    def of(cls, config: RadiusConfig) -> "Chargeable | None":
        """By the keys that `config` names, if it names any; ConfigError when a file of theirs is unusable."""
        return cls(*[read_secret(path) for path in config.cui_key]) if config.cui_key else None

    def name(self, client: str, imsi: Imsi, told: bytes = b"") -> bytes:
        """What `client` may call the user, `CUI_LENGTH` characters.

        Where the client says what it was `told` before, the user keeps that name, whichever key gave it: a session that
        goes on is one in the bills.
        """
        if len(self._keys) > 1 and told.isascii() and self.whose(client, told.decode()) == imsi:
            return told
        return urlsafe_b64encode(self._keys[0].encrypt(pack_imsi(imsi), [client.encode()]))

    def whose(self, client: str, cui: str) -> Imsi | None:
        """Whom `client` calls so; None where none of these keys has named him."""
        try:
            octets = urlsafe_b64decode(cui)
        except (binascii.Error, ValueError):
            return None
        if len(cui) != CUI_LENGTH or urlsafe_b64encode(octets).decode() != cui:
            return None
        return next(filter(None, (_opened(siv, octets, client) for siv in self._keys)), None)


def _siv(key: Secret) -> AESSIV:
    return AESSIV(HKDF(algorithm=SHA256(), length=_SIV_KEY_LENGTH, salt=None, info=_PURPOSE).derive(key))


def _opened(siv: AESSIV, octets: bytes, client: str) -> Imsi | None:
    try:
        return unpack_imsi(siv.decrypt(octets, [client.encode()]))
    except (ValueError, InvalidTag, DecodeError):
        return None
