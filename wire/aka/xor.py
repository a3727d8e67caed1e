"""The authentication test algorithm: f1 to f5* by exclusive or, for laboratories alone (TS 34.108 §8.1.2)."""

from wire.errors import EncodeError
from wire.secret import Secret


class TestAlgorithm:
    """The functions for one subscriber; `k` 16 octets, EncodeError otherwise. There is no OPc.

    XDOUT = K ⊕ RAND and CDOUT = SQN ‖ AMF give everything, and f1* and f5* are f1 and f5. `rand` is always 16 octets,
    `sqn` 6, `amf` 2. Whoever sees a challenge and its answer knows K.
    """

    __slots__ = ("_k",)
    __test__ = False

    def __init__(self, k: Secret) -> None:
        if len(k) != 16:
            raise EncodeError("the test algorithm takes K of 16 octets")
        self._k = int.from_bytes(k, "big")

    def vector(self, rand: bytes, sqn: bytes, amf: bytes) -> tuple[bytes, Secret, Secret, Secret, bytes]:
        """(MAC-A 8, XRES 16, CK 16, IK 16, AK 6 octets)."""
        return self.f1(rand, sqn, amf), *self.f2345(rand)

    def f1(self, rand: bytes, sqn: bytes, amf: bytes) -> bytes:
        """MAC-A, 8 octets: the first of XDOUT ⊕ CDOUT."""
        return (self._xdout(rand) >> 64 ^ int.from_bytes(sqn + amf, "big")).to_bytes(8, "big")

    def f1star(self, rand: bytes, sqn: bytes, amf: bytes) -> bytes:
        """MAC-S, 8 octets; in AUTS `amf` is 0000 (TS 33.102 §6.3.3)."""
        return self.f1(rand, sqn, amf)

    def f2345(self, rand: bytes) -> tuple[Secret, Secret, Secret, bytes]:
        """(RES 16, CK 16, IK 16, AK 6 octets): XDOUT, rotated left by 8 and by 16 bits, and its octets 3 to 8."""
        xdout = self._xdout(rand).to_bytes(16, "big")
        return Secret(xdout), Secret(xdout[1:] + xdout[:1]), Secret(xdout[2:] + xdout[:2]), xdout[3:9]

    def f5star(self, rand: bytes) -> bytes:
        """AK* of 6 octets, which conceals SQN_MS in AUTS."""
        return self._xdout(rand).to_bytes(16, "big")[3:9]

    def _xdout(self, rand: bytes) -> int:
        return self._k ^ int.from_bytes(rand, "big")
