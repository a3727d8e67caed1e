"""The authentication vector and the tokens AUTN and AUTS (TS 33.102 §6.3.2, §6.3.3)."""

from wire.buffer import Reader
from wire.errors import EncodeError
from wire.frozen import dataclass
from wire.secret import Secret

AMF_SEPARATION_BIT = 0x8000
"""Bit 0 of AMF: the vector is for EPS or EAP-AKA' alone (TS 33.102 Annex H)."""


@dataclass(frozen=True, slots=True)
class AuthVector:
    """One challenge with all that its answer must match.

    `rand` and `autn` 16 octets, `xres` 4 to 16, `ck` and `ik` 16 each (CK' and IK' in a vector for EAP-AKA').
    EncodeError for any other length.
    """

    rand: bytes
    autn: bytes
    xres: Secret
    ck: Secret
    ik: Secret

    def __post_init__(self) -> None:
        if (len(self.rand), len(self.autn), len(self.ck), len(self.ik)) != (16, 16, 16, 16):
            raise EncodeError("RAND, AUTN, CK and IK have 16 octets each")
        if not 4 <= len(self.xres) <= 16:
            raise EncodeError("XRES has 4 to 16 octets")


@dataclass(frozen=True, slots=True)
class EpsVector:
    """One challenge for E-UTRAN (TS 33.401 §6.1.2): `kasme`, 32 octets, is in the place of CK and IK.

    EncodeError as for `AuthVector`.
    """

    rand: bytes
    autn: bytes
    xres: Secret
    kasme: Secret

    def __post_init__(self) -> None:
        if (len(self.rand), len(self.autn), len(self.kasme)) != (16, 16, 32):
            raise EncodeError("RAND and AUTN have 16 octets each, KASME has 32")
        if not 4 <= len(self.xres) <= 16:
            raise EncodeError("XRES has 4 to 16 octets")


@dataclass(frozen=True, slots=True)
class Autn:
    """AUTN: SQN⊕AK (6 octets), AMF (2), MAC-A (8) (TS 33.102 §6.3.2)."""

    concealed_sqn: bytes
    amf: bytes
    mac_a: bytes

    @classmethod
    def parse(cls, octets: bytes) -> "Autn":
        """The token in exactly 16 `octets`; DecodeError otherwise."""
        reader = Reader(octets)
        autn = cls(reader.take(6), reader.take(2), reader.take(8))
        reader.finish()
        return autn

    def build(self) -> bytes:
        """The 16 octets; EncodeError when a field has a wrong length."""
        if (len(self.concealed_sqn), len(self.amf), len(self.mac_a)) != (6, 2, 8):
            raise EncodeError("AUTN is SQN of 6, AMF of 2 and MAC-A of 8 octets")
        return self.concealed_sqn + self.amf + self.mac_a

    @property
    def separation(self) -> bool:
        """Whether the AMF separation bit is 1 (TS 33.102 Annex H)."""
        return bool(int.from_bytes(self.amf, "big") & AMF_SEPARATION_BIT)


@dataclass(frozen=True, slots=True)
class Auts:
    """AUTS: SQN_MS⊕AK* (6 octets), MAC-S (8) (TS 33.102 §6.3.3)."""

    concealed_sqn: bytes
    mac_s: bytes

    @classmethod
    def parse(cls, octets: bytes) -> "Auts":
        """The token in exactly 14 `octets`; DecodeError otherwise."""
        reader = Reader(octets)
        auts = cls(reader.take(6), reader.take(8))
        reader.finish()
        return auts

    def build(self) -> bytes:
        """The 14 octets; EncodeError when a field has a wrong length."""
        if (len(self.concealed_sqn), len(self.mac_s)) != (6, 8):
            raise EncodeError("AUTS is SQN of 6 and MAC-S of 8 octets")
        return self.concealed_sqn + self.mac_s
