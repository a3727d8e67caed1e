"""Milenage: f1, f1*, f2, f3, f4, f5, f5* on AES-128 (TS 35.206 §4.1)."""

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import ECB

from wire.errors import EncodeError
from wire.secret import Secret

_MASK = (1 << 128) - 1
# TS 35.206 §4.1: rotations r1..r5 to the left, constants c1..c5.
_R1, _R3, _R4, _R5 = 64, 32, 64, 96
_C2, _C3, _C4, _C5 = 1, 2, 4, 8


def derive_opc(k: bytes, op: bytes) -> Secret:
    """OPc = OP ⊕ E[OP]_K; 16 octets each (TS 35.206 §4.1)."""
    _check_lengths(k, op)
    encrypted = Cipher(AES(k), ECB()).encryptor().update(op)  # noqa: S305 - Milenage is defined on the bare block cipher
    return Secret((_integer(op) ^ _integer(encrypted)).to_bytes(16, "big"))


def _check_lengths(k: bytes, op: bytes) -> None:
    if len(k) != 16 or len(op) != 16:
        raise EncodeError("Milenage takes K and OP or OPc of 16 octets")


def _integer(octets: bytes) -> int:
    return int.from_bytes(octets, "big")


def _rotate(block: int, bits: int) -> int:
    return (block << bits | block >> 128 - bits) & _MASK


class Milenage:
    """The functions for one subscriber; `k` and `opc` 16 octets each, EncodeError otherwise.

    One cipher context lives as long as the object, because making it costs more than a vector. `rand` is always 16
    octets, `sqn` 6, `amf` 2.
    """

    __slots__ = ("_encrypt", "_opc")

    def __init__(self, k: Secret, opc: Secret) -> None:
        _check_lengths(k, opc)
        self._encrypt = Cipher(AES(bytes(k)), ECB()).encryptor().update  # noqa: S305 - as in derive_opc
        self._opc = _integer(opc)

    def vector(self, rand: bytes, sqn: bytes, amf: bytes) -> tuple[bytes, Secret, Secret, Secret, bytes]:
        """(MAC-A 8, XRES 8, CK 16, IK 16, AK 6 octets): all that one vector needs, in two calls of the cipher."""
        temp = self._temp(rand)
        opc = self._opc
        seed = temp ^ opc
        out = self._encrypt(
            (self._in1(sqn, amf) ^ temp).to_bytes(16, "big")
            + (seed ^ _C2).to_bytes(16, "big")
            + (_rotate(seed, _R3) ^ _C3).to_bytes(16, "big")
            + (_rotate(seed, _R4) ^ _C4).to_bytes(16, "big"),
        )
        out2 = (_integer(out[16:32]) ^ opc).to_bytes(16, "big")
        return (
            (_integer(out[:16]) ^ opc).to_bytes(16, "big")[:8],
            Secret(out2[8:]),
            Secret((_integer(out[32:48]) ^ opc).to_bytes(16, "big")),
            Secret((_integer(out[48:]) ^ opc).to_bytes(16, "big")),
            out2[:6],
        )

    def f1(self, rand: bytes, sqn: bytes, amf: bytes) -> bytes:
        """MAC-A, 8 octets."""
        return self._out1(rand, sqn, amf)[:8]

    def f1star(self, rand: bytes, sqn: bytes, amf: bytes) -> bytes:
        """MAC-S, 8 octets; in AUTS `amf` is 0000 (TS 33.102 §6.3.3)."""
        return self._out1(rand, sqn, amf)[8:]

    def f2345(self, rand: bytes) -> tuple[Secret, Secret, Secret, bytes]:
        """(RES 8, CK 16, IK 16, AK 6 octets)."""
        seed = self._temp(rand) ^ self._opc
        out2 = self._out(seed ^ _C2)
        ck = self._out(_rotate(seed, _R3) ^ _C3)
        ik = self._out(_rotate(seed, _R4) ^ _C4)
        return Secret(out2[8:]), Secret(ck), Secret(ik), out2[:6]

    def f5star(self, rand: bytes) -> bytes:
        """AK* of 6 octets, which conceals SQN_MS in AUTS."""
        return self._out(_rotate(self._temp(rand) ^ self._opc, _R5) ^ _C5)[:6]

    def _temp(self, rand: bytes) -> int:
        return _integer(self._encrypt((_integer(rand) ^ self._opc).to_bytes(16, "big")))

    def _in1(self, sqn: bytes, amf: bytes) -> int:
        return _rotate(_integer((sqn + amf) * 2) ^ self._opc, _R1)

    def _out1(self, rand: bytes, sqn: bytes, amf: bytes) -> bytes:
        return self._out(self._in1(sqn, amf) ^ self._temp(rand))

    def _out(self, block: int) -> bytes:
        return (_integer(self._encrypt(block.to_bytes(16, "big"))) ^ self._opc).to_bytes(16, "big")
