"""[aaa.identities]: pseudonyms, fast re-authentication and the keys of encrypted identities."""

from pathlib import Path
from typing import Literal

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from pydantic import Field

from aaa.identities.sealed import COUNTER_MAX, Limits
from runtime.config import ConfigError, ConfigPath, OptionalPath, Section
from runtime.secret_file import read_private


class IdentitiesConfig(Section):
    """[aaa.identities]; without `keys` no temporary identity is given out. Ages in seconds."""

    keys: OptionalPath = Field(default=None, description="the file of mode 0600 with the keys, by epochs")
    pseudonyms: Literal["sealed", "3gpp", "off"] = Field(default="sealed", description="the format of pseudonyms")
    pseudonym_age: int = Field(default=30 * 86400, ge=60)
    reauthentications: int = Field(default=100, ge=0, le=COUNTER_MAX, description="after one full authentication")
    reauthentication_age: int = Field(default=86400, ge=60, description="since the full authentication")
    reauthentication_realm: str = Field(
        default="", pattern=r"^[A-Za-z0-9.-]{0,80}$", description='put behind the identity, or "" for the UE\'s own'
    )
    privacy_keys: tuple[ConfigPath, ...] = Field(default=(), description="RSA keys of encrypted IMSIs, PEM, mode 0600")

    @property
    def limits(self) -> Limits:
        """The same as the sealed identities want it."""
        return Limits(
            pseudonyms=self.pseudonyms != "off",
            pseudonyms_of_3gpp=self.pseudonyms == "3gpp",
            pseudonym_age=self.pseudonym_age,
            reauthentications=self.reauthentications,
            reauthentication_age=self.reauthentication_age,
            realm=self.reauthentication_realm,
        )


def read_privacy_key(path: Path) -> RSAPrivateKey:
    """The RSA key of `path`; ConfigError in one line when there is none, or others can read it."""
    octets = read_private(path, "write the operator's private key into it, PEM")
    try:
        key = load_pem_private_key(octets, password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        key = None
    if not isinstance(key, RSAPrivateKey):
        raise ConfigError(f"{path}: holds no RSA private key in PEM without a password; write one into it")
    return key
