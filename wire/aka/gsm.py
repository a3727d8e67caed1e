"""A GSM triplet out of an AKA quintuplet, for what knows no AKA (TS 33.102 §6.8.1.2)."""

from wire.errors import EncodeError
from wire.secret import Secret


def sres(xres: bytes) -> Secret:
    """SRES, 4 octets: c2 of `xres`, of 4 to 16 octets, taken as four words of which those missing are 0."""
    if not 4 <= len(xres) <= 16:
        raise EncodeError("XRES has 4 to 16 octets")
    words = xres.ljust(16, b"\0")
    return Secret(_xor(*(words[at : at + 4] for at in range(0, 16, 4))))


def kc(ck: bytes, ik: bytes) -> Secret:
    """Kc, 8 octets: c3 of `ck` and `ik`, 16 each."""
    if len(ck) != 16 or len(ik) != 16:
        raise EncodeError("CK and IK have 16 octets each")
    return Secret(_xor(ck[:8], ck[8:], ik[:8], ik[8:]))


def _xor(*parts: bytes) -> bytes:
    folded = 0
    for part in parts:
        folded ^= int.from_bytes(part, "big")
    return folded.to_bytes(len(parts[0]), "big")
