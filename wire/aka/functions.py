"""What every set of AKA functions offers, whichever algorithm it is and wherever K is (TS 33.102 §6.3)."""

from typing import Protocol

from wire.secret import Secret


class AkaFunctions(Protocol):
    """f1 to f5* for one subscriber. `rand` is 16 octets, `sqn` 6, `amf` 2."""

    def vector(self, rand: bytes, sqn: bytes, amf: bytes) -> tuple[bytes, Secret, Secret, Secret, bytes]:
        """(MAC-A 8, XRES 4 to 16, CK 16, IK 16, AK 6 octets): all that one vector needs."""

    def f1star(self, rand: bytes, sqn: bytes, amf: bytes) -> bytes:
        """MAC-S, 8 octets; in AUTS `amf` is 0000 (TS 33.102 §6.3.3)."""

    def f5star(self, rand: bytes) -> bytes:
        """AK* of 6 octets, which conceals SQN_MS in AUTS."""
