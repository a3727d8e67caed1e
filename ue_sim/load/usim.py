"""What the USIMs of a load judge: whether AUTN is genuine and SQN fresh (TS 33.102 §6.3.3, Annex C.2)."""

import hmac
from typing import NamedTuple

from wire.aka.milenage import Milenage
from wire.aka.sqn import IND_BITS, conceal, join_sqn

_INDS = 1 << IND_BITS
_AMF_STAR = bytes(2)


class Forged(Exception):
    """MAC-A of AUTN is wrong."""


class Stale(Exception):
    """SQN is not fresh; `auts` has 14 octets."""

    def __init__(self, auts: bytes) -> None:
        super().__init__("SQN is not fresh")
        self.auts = auts


class Answer(NamedTuple):
    """RES of 8 octets, CK and IK of 16 each, as a USIM gives them out."""

    res: bytes
    ck: bytes
    ik: bytes


class Memory:
    """The highest SEQ that each card has accepted by IND, for all cards of a process; each begins with none.

    A card accepts any SEQ that is higher, also one that is Δ ahead: the load did not see what came before it.
    """

    def __init__(self) -> None:
        self._seqs: dict[int, int] = {}

    def authenticate(self, number: int, functions: Milenage, rand: bytes, autn: bytes) -> Answer:
        """Judge a challenge of 16 octets each for card `number`; Forged or Stale otherwise."""
        amf = autn[6:8]
        _, res, ck, ik, ak = functions.vector(rand, bytes(6), amf)
        sqn = int.from_bytes(autn[:6], "big") ^ int.from_bytes(ak, "big")
        if not hmac.compare_digest(functions.f1(rand, sqn.to_bytes(6, "big"), amf), autn[8:]):
            raise Forged
        seq, place = sqn >> IND_BITS, number * _INDS + sqn % _INDS
        if seq <= self._seqs.get(place, -1):
            raise Stale(self._auts(number, functions, rand))
        self._seqs[place] = seq
        return Answer(res, ck, ik)

    def _auts(self, number: int, functions: Milenage, rand: bytes) -> bytes:
        seq, ind = max((self._seqs.get(number * _INDS + ind, 0), ind) for ind in range(_INDS))
        sqn_ms = join_sqn(seq, ind)
        mac_s = functions.f1star(rand, sqn_ms.to_bytes(6, "big"), _AMF_STAR)
        return conceal(sqn_ms, functions.f5star(rand)) + mac_s
