"""A USIM in software: f1 to f5*, and SQN freshness by an array over IND (TS 33.102 §6.3.3, Annex C.2)."""

import hmac
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from wire.aka.functions import AkaFunctions
from wire.aka.milenage import Milenage
from wire.aka.sqn import IND_BITS, SQN_BITS, conceal, join_sqn, reveal, split_sqn
from wire.aka.vector import Autn, Auts
from wire.secret import Secret

DELTA = 1 << 28
"""By how much SEQ may jump ahead of the highest accepted one (TS 33.102 Annex C.3)."""

CardAlgorithm = Callable[[Secret, Secret], AkaFunctions]
"""What makes the functions of a card from K and OPc."""

# TS 33.102 §6.3.3: AMF* of a synchronisation failure message.
_AMF_STAR = bytes(2)


@dataclass(frozen=True, slots=True)
class Answer:
    """The network is genuine and SQN fresh: RES of 4 to 16 octets, CK and IK of 16 each."""

    res: Secret
    ck: Secret
    ik: Secret


@dataclass(frozen=True, slots=True)
class OutOfSync:
    """The network is genuine but SQN is not fresh; `auts` 14 octets."""

    auts: bytes


@dataclass(frozen=True, slots=True)
class Forged:
    """MAC-A of AUTN is wrong: whoever made it does not know K."""


Outcome = Answer | OutOfSync | Forged


class Usim(Protocol):
    """A USIM, in software or behind a card reader."""

    def authenticate(self, rand: bytes, autn: bytes) -> Outcome:
        """Judge a challenge of 16 octets each (TS 31.102 §7.1.1)."""


class SoftwareUsim:
    """A USIM that holds its own K and OPc, as long as `algorithm` takes them: 16 octets each for Milenage.

    `state` holds, for every IND, the highest SEQ accepted so far; a new card has accepted none. Whoever makes the
    object keeps `state` between two lives of it. ValueError when `state` is not one SEQ for each IND.
    """

    def __init__(
        self,
        k: Secret,
        opc: Secret,
        state: tuple[int, ...] = (),
        *,
        ind_bits: int = IND_BITS,
        algorithm: CardAlgorithm = Milenage,
    ) -> None:
        if state and len(state) != 1 << ind_bits:
            raise ValueError(f"the state of this USIM is {1 << ind_bits} numbers")
        if not all(0 <= seq < 1 << (SQN_BITS - ind_bits) for seq in state):
            raise ValueError("a SEQ in the state of this USIM is out of range")
        self._functions = algorithm(k, opc)
        self._ind_bits = ind_bits
        self._seqs = list(state) or [0] * (1 << ind_bits)

    @property
    def state(self) -> tuple[int, ...]:
        """The highest accepted SEQ by IND."""
        return tuple(self._seqs)

    @property
    def sqn_ms(self) -> int:
        """The highest SQN accepted in the whole array, 0 when there is none (TS 33.102 Annex C.2.2)."""
        seq = max(self._seqs)
        if seq == 0:
            return 0
        ind = max(ind for ind, accepted in enumerate(self._seqs) if accepted == seq)
        return join_sqn(seq, ind, self._ind_bits)

    def authenticate(self, rand: bytes, autn: bytes) -> Outcome:
        """Check MAC-A, then freshness, in this order (TS 33.102 §6.3.3); DecodeError for an AUTN of a wrong length."""
        token = Autn.parse(autn)
        _, res, ck, ik, ak = self._functions.vector(rand, bytes(6), token.amf)
        sqn = reveal(token.concealed_sqn, ak)
        xmac, *_ = self._functions.vector(rand, sqn.to_bytes(6, "big"), token.amf)
        if not hmac.compare_digest(xmac, token.mac_a):
            return Forged()
        if not self._accept(sqn):
            return OutOfSync(self._auts(rand))
        return Answer(res, ck, ik)

    def _accept(self, sqn: int) -> bool:
        seq, ind = split_sqn(sqn, self._ind_bits)
        # TS 33.102 Annex C.2.2: a jump beyond Δ would let one vector use up the sequence numbers of the card.
        if seq - max(self._seqs) > DELTA or seq <= self._seqs[ind]:
            return False
        self._seqs[ind] = seq
        return True

    def _auts(self, rand: bytes) -> bytes:
        sqn_ms = self.sqn_ms
        mac_s = self._functions.f1star(rand, sqn_ms.to_bytes(6, "big"), _AMF_STAR)
        return Auts(conceal(sqn_ms, self._functions.f5star(rand)), mac_s).build()
