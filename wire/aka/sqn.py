"""The sequence number SQN = SEQ‖IND of 48 bits, and how AK conceals it (TS 33.102 §6.3, Annex C.1.1)."""

SQN_BITS = 48
SQN_LIMIT = 1 << SQN_BITS
IND_BITS = 5
"""The usual length of IND (TS 33.102 Annex C.3)."""


def split_sqn(sqn: int, ind_bits: int = IND_BITS) -> tuple[int, int]:
    """(SEQ, IND) of `sqn`; ValueError when it has more than 48 bits."""
    if not 0 <= sqn < SQN_LIMIT:
        raise ValueError("SQN has 48 bits")
    return sqn >> ind_bits, sqn & ((1 << ind_bits) - 1)


def join_sqn(seq: int, ind: int, ind_bits: int = IND_BITS) -> int:
    """SEQ‖IND; ValueError when one of them does not fit."""
    # of a number that is negative or too long, something is left behind its bits
    if ind >> ind_bits:
        raise ValueError(f"IND has {ind_bits} bits")
    if seq >> SQN_BITS - ind_bits:
        raise ValueError(f"SEQ has {SQN_BITS - ind_bits} bits")
    return seq << ind_bits | ind


def conceal(sqn: int, ak: bytes) -> bytes:
    """SQN⊕AK, 6 octets; `ak` is the 6 octets of f5 in AUTN, of f5* in AUTS."""
    return (sqn ^ int.from_bytes(ak, "big")).to_bytes(6, "big")


def reveal(concealed_sqn: bytes, ak: bytes) -> int:
    """SQN out of its 6 concealed octets; the inverse of `conceal`."""
    return int.from_bytes(concealed_sqn, "big") ^ int.from_bytes(ak, "big")
