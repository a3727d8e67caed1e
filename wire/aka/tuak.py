"""TUAK: f1, f1*, f2, f3, f4, f5, f5* on Keccak-f[1600] (TS 35.231 §6, §7).

Every field stands in the state with its last octet first.
"""

import hashlib

from wire.aka.keccak import STATE_LENGTH, permute
from wire.errors import EncodeError
from wire.frozen import dataclass
from wire.secret import Secret

TOP_LENGTH = 32
"""Octets of TOP and TOPc."""
K_LENGTHS = (16, 32)
"""Octets that K may have."""

_NAME = b"TUAK1.0"[::-1]
_F2345_AND_F5STAR = 0x40
_STARRED = 0x80
_CK_256, _IK_256, _K_256 = 0x04, 0x02, 0x01
_MACS = {8: 0x08, 16: 0x10, 32: 0x20}
_RESULTS = {4: 0x00, 8: 0x08, 16: 0x10, 32: 0x20}
_KEYS = (16, 32)
# TS 35.231 §6: ones at 768 to 772 and at 1087, which is how SHAKE256 pads 96 octets
_PADDING = (b"\x1f".ljust(39, b"\0") + b"\x80").ljust(STATE_LENGTH - 96, b"\0")
_USED = 102


@dataclass(frozen=True, slots=True)
class TuakParameters:
    """What an operator chooses: octets of MAC, RES, CK and IK, and how often Keccak is applied (TS 35.231 §5).

    EncodeError for what TUAK has not.
    """

    mac: int = 8
    res: int = 8
    ck: int = 16
    ik: int = 16
    iterations: int = 1

    def __post_init__(self) -> None:
        for name, value, allowed in (
            ("mac", self.mac, _MACS),
            ("res", self.res, _RESULTS),
            ("ck", self.ck, _KEYS),
            ("ik", self.ik, _KEYS),
        ):
            if value not in allowed:
                raise EncodeError(f"{name} has {' or '.join(map(str, allowed))} octets")
        if self.iterations < 1:
            raise EncodeError("iterations is 1 or more")


_USUAL = TuakParameters()


def derive_topc(k: bytes, top: bytes, iterations: int = 1) -> Secret:
    """TOPc, 32 octets, from `k` of 16 or 32 octets and `top` of 32 (TS 35.231 §6.2)."""
    _check_lengths(k, top)
    instance = bytes([_k_bit(k)])
    octets = top[::-1] + instance + _NAME + bytes(24) + _padded(k)
    return Secret(_keccak(octets, iterations)[TOP_LENGTH - 1 :: -1])


def _check_lengths(k: bytes, top: bytes) -> None:
    if len(k) not in K_LENGTHS or len(top) != TOP_LENGTH:
        raise EncodeError("TUAK takes K of 16 or 32 octets and TOP or TOPc of 32")


def _k_bit(k: bytes) -> int:
    return _K_256 if len(k) == 32 else 0


def _padded(k: bytes) -> bytes:
    return k[::-1].ljust(32, b"\0")


def _keccak(octets: bytes, iterations: int) -> bytes:
    """The first 102 octets of the state that began with these 96."""
    if iterations == 1:
        return hashlib.shake_256(octets).digest(_USED)
    return permute(octets + _PADDING, iterations)[:_USED]


class Tuak:
    """The functions for one subscriber: `k` 16 or 32 octets, `topc` 32; EncodeError otherwise.

    `rand` is always 16 octets, `sqn` 6, `amf` 2.
    """

    __slots__ = ("_k", "_k_bit", "_parameters", "_topc")

    def __init__(self, k: Secret, topc: Secret, parameters: TuakParameters = _USUAL) -> None:
        _check_lengths(k, topc)
        self._topc = topc[::-1]
        self._k = _padded(k)
        self._k_bit = _k_bit(k)
        self._parameters = parameters

    def vector(self, rand: bytes, sqn: bytes, amf: bytes) -> tuple[bytes, Secret, Secret, Secret, bytes]:
        """(MAC-A, XRES, CK, IK as long as the parameters say, AK 6 octets)."""
        return self.f1(rand, sqn, amf), *self.f2345(rand)

    def f1(self, rand: bytes, sqn: bytes, amf: bytes) -> bytes:
        """MAC-A, as long as the parameters say."""
        return self._mac(0, rand, sqn, amf)

    def f1star(self, rand: bytes, sqn: bytes, amf: bytes) -> bytes:
        """MAC-S, as long as MAC-A; in AUTS `amf` is 0000 (TS 33.102 §6.3.3)."""
        return self._mac(_STARRED, rand, sqn, amf)

    def f2345(self, rand: bytes) -> tuple[Secret, Secret, Secret, bytes]:
        """(RES, CK, IK as long as the parameters say, AK 6 octets)."""
        lengths = self._parameters
        instance = _F2345_AND_F5STAR | _RESULTS[lengths.res]
        instance |= (_CK_256 if lengths.ck == 32 else 0) | (_IK_256 if lengths.ik == 32 else 0)
        out = self._out(instance, rand, bytes(6), bytes(2))
        return (
            Secret(out[: lengths.res][::-1]),
            Secret(out[32 : 32 + lengths.ck][::-1]),
            Secret(out[64 : 64 + lengths.ik][::-1]),
            out[96:][::-1],
        )

    def f5star(self, rand: bytes) -> bytes:
        """AK* of 6 octets, which conceals SQN_MS in AUTS."""
        return self._out(_STARRED | _F2345_AND_F5STAR, rand, bytes(6), bytes(2))[96:][::-1]

    def _mac(self, star: int, rand: bytes, sqn: bytes, amf: bytes) -> bytes:
        length = self._parameters.mac
        return self._out(star | _MACS[length], rand, sqn, amf)[:length][::-1]

    def _out(self, instance: int, rand: bytes, sqn: bytes, amf: bytes) -> bytes:
        head = self._topc + bytes([instance | self._k_bit]) + _NAME
        return _keccak(head + rand[::-1] + amf[::-1] + sqn[::-1] + self._k, self._parameters.iterations)
