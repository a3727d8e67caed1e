"""What a sealed identity holds: a pseudonym the subscriber, a re-authentication identity the keys as well.

Pseudonym: IMSI 8 octets, time of issue 4, random 4. Fast re-authentication identity: IMSI 8, time of the full
authentication 4, counter 2, access network 4, random 4, then MK of 20 octets for EAP-AKA, or K_encr, K_aut and K_re of
80 for EAP-AKA'. Times are seconds of Unix time; the random octets make every identity a new one (RFC 4187 §4.1.1.8).
"""

from functools import lru_cache
from hashlib import sha256
from struct import Struct
from struct import error as struct_error

from wire.errors import DecodeError
from wire.frozen import dataclass
from wire.identity import Imsi
from wire.secret import Secret

RANDOM_LENGTH = 4
_NETWORK_LENGTH = 4
_FILLER = "f"
_pseudonym = Struct(f">8sI{RANDOM_LENGTH}x")
_resumption = Struct(f">8sIH{_NETWORK_LENGTH}s{RANDOM_LENGTH}x")


def pack_imsi(imsi: Imsi) -> bytes:
    """A digit in each half octet, filled up with 1111 in front to 8 octets (TS 33.402 §14)."""
    return pack_digits(imsi.digits)


def pack_digits(digits: str) -> bytes:
    """As `pack_imsi`, of the digits of an IMSI."""
    return _packed(digits)


@lru_cache(maxsize=256)
def _packed(digits: str) -> bytes:
    """A login packs its IMSI into two identities and a State."""
    return bytes.fromhex(digits.rjust(16, _FILLER))


def pack_pseudonym(imsi: Imsi, issued: int, random: bytes) -> bytes:
    """16 octets; `issued` is in seconds of Unix time."""
    return _packed(imsi.digits) + issued.to_bytes(4, "big") + random


def pack_resumption(imsi: Imsi, since: int, counter: int, network: bytes, random: bytes, secret: Secret) -> bytes:
    """42 octets for EAP-AKA, 102 for EAP-AKA'; `secret` is that of wire.eap.aka_keys.resumption_secret."""
    return b"".join((_packed(imsi.digits), (since << 16 | counter).to_bytes(6, "big"), network, random, secret))


def unpack_imsi(octets: bytes) -> Imsi:
    """The IMSI in 8 octets; DecodeError when there is none."""
    text = octets.hex()
    digits = text.lstrip(_FILLER)
    if len(text) != 16 or digits == text:
        raise DecodeError(0, "not 8 octets that are filled up")
    try:
        return Imsi(digits)
    except ValueError as error:
        raise DecodeError(0, str(error)) from None


@lru_cache(maxsize=256)
def network_mark(name: str | None) -> bytes:
    """By what a re-authentication identity tells its access network from another; zero octets when it has none."""
    return bytes(_NETWORK_LENGTH) if name is None else sha256(name.encode()).digest()[:_NETWORK_LENGTH]


@dataclass(frozen=True, slots=True)
class Pseudonym:
    """`issued` is in seconds of Unix time."""

    imsi: Imsi
    issued: int

    @classmethod
    def parse(cls, octets: bytes) -> "Pseudonym":
        """DecodeError when they are no pseudonym's."""
        try:
            imsi, issued = _pseudonym.unpack(octets)
        except struct_error:
            raise DecodeError(len(octets), f"{_pseudonym.size} octets needed, and no more") from None
        return cls(unpack_imsi(imsi), issued)

    def build(self, random: bytes) -> bytes:
        """16 octets."""
        return pack_pseudonym(self.imsi, self.issued, random)


@dataclass(frozen=True, slots=True)
class Resumption:
    """What a fast re-authentication identity holds; `secret` is that of wire.eap.aka_keys.resumption_secret."""

    imsi: Imsi
    since: int
    counter: int
    network: bytes
    secret: Secret

    @classmethod
    def parse(cls, octets: bytes) -> "Resumption":
        """DecodeError when they are no such identity's."""
        try:
            imsi, since, counter, network = _resumption.unpack_from(octets)
        except struct_error:
            raise DecodeError(len(octets), f"{_resumption.size} octets needed") from None
        return cls(unpack_imsi(imsi), since, counter, network, Secret(octets[_resumption.size :]))

    def build(self, random: bytes) -> bytes:
        """42 octets for EAP-AKA, 102 for EAP-AKA'."""
        return pack_resumption(self.imsi, self.since, self.counter, self.network, random, self.secret)
