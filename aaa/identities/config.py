"""[aaa.identities]: pseudonyms, fast re-authentication and the keys of encrypted identities."""

from pathlib import Path
from typing import Literal, Self

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from pydantic import Field, model_validator

from aaa.identities.epochs import SHORT_LABELS
from aaa.identities.sealed import COUNTER_MAX, Limits
from runtime.config import ConfigError, ConfigPath, OptionalPath, Section
from runtime.secret_file import read_private


class IdentitiesConfig(Section):
    """[aaa.identities]; without `keys` and `transport_key` no temporary identity is given out. Ages in seconds."""

    keys: OptionalPath = Field(default=None, description="the file of mode 0600 with the keys, by epochs")
    transport_key: str = Field(
        default="", description="a file of mode 0600, env:NAME or pkcs11: URI; with it the keys are in the database"
    )
    rotate_every: int = Field(default=0, ge=0, description="a new epoch so often, in the database; 0 for never")
    pseudonyms: Literal["sealed", "3gpp", "off"] = Field(default="sealed", description="the format of pseudonyms")
    pseudonym_age: int = Field(default=30 * 86400, ge=60)
    reauthentications: int = Field(default=100, ge=0, le=COUNTER_MAX, description="after one full authentication")
    reauthentication_age: int = Field(default=86400, ge=60, description="since the full authentication")
    reauthentication_realm: str = Field(
        default="", pattern=r"^[A-Za-z0-9.-]{0,80}$", description='put behind the identity, or "" for the UE\'s own'
    )
    privacy_keys: tuple[ConfigPath, ...] = Field(default=(), description="RSA keys of encrypted IMSIs, PEM, mode 0600")

    @model_validator(mode="after")
    def _keys_are_in_one_place(self) -> Self:
        if self.keys is not None and self.transport_key:
            raise ValueError("keys is a file, and with transport_key they are in the database; write one of them")
        if self.rotate_every and not self.transport_key:
            raise ValueError("rotate_every is for keys in the database; write transport_key as well")
        if self.rotate_every and self.rotate_every * (SHORT_LABELS - 2) < self.age:
            least = -(-self.age // (SHORT_LABELS - 2))
            raise ValueError(f"rotate_every is too short for {SHORT_LABELS} epochs; write {least} or more")
        return self

    @property
    def age(self) -> int:
        """Seconds for which anything that was sealed counts."""
        return max(self.pseudonym_age if self.pseudonyms != "off" else 0, self.reauthentication_age)

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
