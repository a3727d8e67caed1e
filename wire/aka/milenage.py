"""Milenage: f1, f1*, f2, f3, f4, f5, f5* on AES-128 (TS 35.206 §4.1)."""

from collections.abc import Callable
from dataclasses import field

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES128
from cryptography.hazmat.primitives.ciphers.modes import ECB

from wire.errors import EncodeError
from wire.frozen import dataclass
from wire.secret import Secret

_MASK = (1 << 128) - 1
_TWICE = 1 | 1 << 128
_FOUR_TIMES = _TWICE | _TWICE << 256
_ECB = ECB()  # noqa: S305 - Milenage is defined on the bare block cipher


@dataclass(frozen=True, slots=True)
class MilenageConstants:
    """c1..c5, 128 bits each, and r1..r5, 0 to 127 bits to the left; unchanged they are those of TS 35.206 §4.1.

    An operator may choose others (TS 35.206 §5.3), as long as no two of the pairs (c, r) are the same: EncodeError.
    """

    c: tuple[int, int, int, int, int] = (0, 1, 2, 4, 8)
    r: tuple[int, int, int, int, int] = (64, 0, 32, 64, 96)
    blocks: tuple[int, ...] = field(init=False, repr=False, compare=False)
    """For `Milenage.vector`: c1 to c4 side by side, then the window for r1 to r4 and how far it goes to its place."""

    def __post_init__(self) -> None:
        if len(self.c) != 5 or not all(0 <= c <= _MASK for c in self.c):
            raise EncodeError("c1 to c5 are five constants of 16 octets")
        if len(self.r) != 5 or not all(0 <= r < 128 for r in self.r):
            raise EncodeError("r1 to r5 are five rotations by 0 to 127 bits")
        pairs = list(zip(self.c, self.r, strict=True))
        twice = next((place for place, pair in enumerate(pairs) if pair in pairs[:place]), None)
        if twice is not None:
            first = pairs.index(pairs[twice]) + 1
            raise EncodeError(f"c{twice + 1} and r{twice + 1} are c{first} and r{first} again; change one of the four")
        (c1, c2, c3, c4, _), (r1, r2, r3, r4, _) = self.c, self.r
        w1, w2, w3, w4, _ = (_MASK << 128 - r for r in self.r)
        sides = c1 << 384 | c2 << 256 | c3 << 128 | c4
        blocks = (sides, w1, 256 + r1, w2, 128 + r2, w3, r3, w4, 128 - r4)
        object.__setattr__(self, "blocks", blocks)


_USUAL = MilenageConstants()
_NO_KEY = Secret(bytes(16))
_LENGTHS = "Milenage takes K and OP or OPc of 16 octets"


def derive_opc(k: bytes, op: bytes) -> Secret:
    """OPc = OP ⊕ E[OP]_K; 16 octets each (TS 35.206 §4.1)."""
    if len(k) != 16 or len(op) != 16:
        raise EncodeError(_LENGTHS)
    encrypted = Cipher(AES128(bytes(k)), _ECB).encryptor().update(op)
    return Secret((_integer(op) ^ _integer(encrypted)).to_bytes(16, "big"))


def _integer(octets: bytes) -> int:
    return int.from_bytes(octets, "big")


class Milenage:
    """The functions for one subscriber; `k` and `opc` 16 octets each, EncodeError otherwise.

    One cipher context lives as long as the object, because making it costs as much as a vector. `rand` is always 16
    octets, `sqn` 6, `amf` 2.
    """

    __slots__ = ("_constants", "_encrypt", "_opc")

    def __init__(
        self,
        k: Secret,
        opc: Secret,
        constants: MilenageConstants = _USUAL,
        encrypt: Callable[[bytes], bytes] | None = None,
    ) -> None:
        if len(k) != 16 or len(opc) != 16:
            raise EncodeError(_LENGTHS)
        self._encrypt = encrypt or Cipher(AES128(k), _ECB).encryptor().update
        self._opc = int.from_bytes(opc, "big")
        self._constants = constants

    @classmethod
    def over(
        cls, encrypt: Callable[[bytes], bytes], opc: Secret, constants: MilenageConstants | None = None
    ) -> "Milenage":
        """The functions on a block cipher that is elsewhere: `encrypt` takes 16 or 64 octets, as AES-ECB under K."""
        return cls(_NO_KEY, opc, constants or _USUAL, encrypt)

    def vector(self, rand: bytes, sqn: bytes, amf: bytes) -> tuple[bytes, Secret, Secret, Secret, bytes]:
        """(MAC-A 8, XRES 8, CK 16, IK 16, AK 6 octets): all that one vector needs, in two calls of the cipher."""
        opc, encrypt = self._opc, self._encrypt
        sides, w1, to1, w2, to2, w3, to3, w4, to4 = self._constants.blocks
        temp = int.from_bytes(encrypt((int.from_bytes(rand, "big") ^ opc).to_bytes(16, "big")), "big")
        # of a block beside itself, every window of 128 bits is a rotation of it
        in1 = (int.from_bytes((sqn + amf) * 2, "big") ^ opc) * _TWICE
        seed = (temp ^ opc) * _TWICE
        blocks = sides ^ temp << 384 ^ (in1 & w1) << to1 ^ (seed & w2) << to2 ^ (seed & w3) << to3 ^ (seed & w4) >> to4
        encrypted = int.from_bytes(encrypt(blocks.to_bytes(64, "big")), "big")
        out = (encrypted ^ opc * _FOUR_TIMES).to_bytes(64, "big")
        return out[:8], Secret(out[24:32]), Secret(out[32:48]), Secret(out[48:]), out[16:22]

    def f1(self, rand: bytes, sqn: bytes, amf: bytes) -> bytes:
        """MAC-A, 8 octets."""
        return self._out1(rand, sqn, amf)[:8]

    def f1star(self, rand: bytes, sqn: bytes, amf: bytes) -> bytes:
        """MAC-S, 8 octets; in AUTS `amf` is 0000 (TS 33.102 §6.3.3)."""
        return self._out1(rand, sqn, amf)[8:]

    def f2345(self, rand: bytes) -> tuple[Secret, Secret, Secret, bytes]:
        """(RES 8, CK 16, IK 16, AK 6 octets)."""
        _, res, ck, ik, ak = self.vector(rand, bytes(6), bytes(2))
        return res, ck, ik, ak

    def f5star(self, rand: bytes) -> bytes:
        """AK* of 6 octets, which conceals SQN_MS in AUTS."""
        return self._out(self._rotated(self._temp(rand) ^ self._opc, 4))[:6]

    def _temp(self, rand: bytes) -> int:
        return _integer(self._encrypt((_integer(rand) ^ self._opc).to_bytes(16, "big")))

    def _rotated(self, block: int, place: int) -> int:
        constants = self._constants
        return block * _TWICE >> 128 - constants.r[place] & _MASK ^ constants.c[place]

    def _out1(self, rand: bytes, sqn: bytes, amf: bytes) -> bytes:
        return self._out(self._rotated(_integer((sqn + amf) * 2) ^ self._opc, 0) ^ self._temp(rand))

    def _out(self, block: int) -> bytes:
        return (_integer(self._encrypt(block.to_bytes(16, "big"))) ^ self._opc).to_bytes(16, "big")
