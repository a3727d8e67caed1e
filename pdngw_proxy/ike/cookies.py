"""Stateless cookies, by which a stranger shows that it is where it says (RFC 7296 §2.6)."""

import hashlib
import hmac

from wire.ikev2.nat import Endpoint
from wire.sansio import RandomBytes
from wire.secret import Secret

LIFETIME = 60.0
"""Seconds that a secret makes cookies; it takes them for as long again."""

_SECRET_OCTETS = 32


class Cookies:
    """Makes and checks cookies of one octet of version and 32 of HMAC over nonce, address and SPI of the initiator."""

    def __init__(self, random: RandomBytes) -> None:
        self._random = random
        self._version = 0
        self._born = float("-inf")
        self._secrets: dict[int, Secret] = {}

    def make(self, *, ni: bytes, spi_i: bytes, source: Endpoint, now: float) -> bytes:
        """The cookie for an IKE_SA_INIT with nonce `ni` and SPI `spi_i` from `source`."""
        if now - self._born > LIFETIME:
            self._renew(now)
        return self._cookie(self._version, ni, spi_i, source)

    def accepts(self, cookie: bytes, *, ni: bytes, spi_i: bytes, source: Endpoint, now: float) -> bool:
        """Whether `cookie` was made here for the same request, no longer than two lifetimes ago."""
        if now - self._born > LIFETIME:
            self._renew(now)
        if not cookie or cookie[0] not in self._secrets:
            return False
        return hmac.compare_digest(cookie, self._cookie(cookie[0], ni, spi_i, source))

    def _renew(self, now: float) -> None:
        previous = self._secrets.get(self._version) if now - self._born <= 2 * LIFETIME else None
        kept = {self._version: previous} if previous else {}
        self._version = (self._version + 1) % 256
        self._secrets = {**kept, self._version: Secret(self._random(_SECRET_OCTETS))}
        self._born = now

    def _cookie(self, version: int, ni: bytes, spi_i: bytes, source: Endpoint) -> bytes:
        data = ni + source.address.packed + source.port.to_bytes(2, "big") + spi_i
        return bytes((version,)) + hmac.digest(self._secrets[version], data, hashlib.sha256)
