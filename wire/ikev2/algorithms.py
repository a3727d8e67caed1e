"""Pseudorandom functions and suites of negotiated algorithms (RFC 7296 §2.13, RFC 4868)."""

import hashlib
import hmac
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from wire.ciphers import Encryption, Integrity
from wire.frozen import dataclass
from wire.ikev2.constants import PrfId
from wire.ikev2.groups import Group
from wire.secret import Secret

_PRF_PLUS_BLOCKS = 255


@dataclass(frozen=True, slots=True)
class Prf:
    """A transform of type 2 on HMAC; `octets` is both its output and its preferred key length."""

    transform_id: int
    name: str
    octets: int
    digest: Callable[..., Any]

    def __call__(self, key: bytes, data: bytes) -> Secret:
        """prf(key, data), `octets` long."""
        return Secret(hmac.digest(key, data, self.digest))

    def plus(self, key: bytes, seed: bytes, octets: int) -> Secret:
        """The first `octets` of prf+(key, seed) (RFC 7296 §2.13); ValueError past 255 blocks."""
        if octets > _PRF_PLUS_BLOCKS * self.octets:
            raise ValueError("prf+ gives no more than 255 blocks")
        stream = block = b""
        counter = 0
        while len(stream) < octets:
            counter += 1
            block = hmac.digest(key, block + seed + bytes((counter,)), self.digest)
            stream += block
        return Secret(stream[:octets])


PRF_HMAC_SHA1 = Prf(PrfId.HMAC_SHA1, "PRF_HMAC_SHA1", 20, hashlib.sha1)
PRF_HMAC_SHA2_256 = Prf(PrfId.HMAC_SHA2_256, "PRF_HMAC_SHA2_256", 32, hashlib.sha256)
PRF_HMAC_SHA2_384 = Prf(PrfId.HMAC_SHA2_384, "PRF_HMAC_SHA2_384", 48, hashlib.sha384)
PRF_HMAC_SHA2_512 = Prf(PrfId.HMAC_SHA2_512, "PRF_HMAC_SHA2_512", 64, hashlib.sha512)

PRFS: Mapping[int, Prf] = MappingProxyType(
    {known.transform_id: known for known in (PRF_HMAC_SHA1, PRF_HMAC_SHA2_256, PRF_HMAC_SHA2_384, PRF_HMAC_SHA2_512)}
)
"""By transform id; PRF_HMAC_SHA1 is in no default proposal."""


@dataclass(frozen=True, slots=True)
class IkeSuite:
    """What an IKE SA runs on; `integrity` None with an AEAD."""

    encryption: Encryption
    integrity: Integrity | None
    prf: Prf
    group: Group

    def __str__(self) -> str:
        names = (self.encryption.name, self.integrity.name if self.integrity else "", self.prf.name, self.group.name)
        return " ".join(name for name in names if name)


@dataclass(frozen=True, slots=True)
class EspSuite:
    """What a Child SA runs on; `group` set where a fresh Diffie-Hellman exchange makes its keys."""

    encryption: Encryption
    integrity: Integrity | None
    esn: bool
    group: Group | None = None

    def __str__(self) -> str:
        names = (
            self.encryption.name,
            self.integrity.name if self.integrity else "",
            self.group.name if self.group else "",
            "ESN" if self.esn else "",
        )
        return " ".join(name for name in names if name)
