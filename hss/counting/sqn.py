"""How the HSS counts: SEQ_HE, an IND for each requesting node, and resynchronisation (TS 33.102 §6.3.5, Annex C).

These functions are the rule; `hss.counting.allocation` says the same in SQL, where it is atomic.
"""

from collections.abc import Collection

from wire.aka.sqn import IND_BITS, SQN_BITS, join_sqn

DELTA = 1 << 28
"""How far ahead of what it has seen a USIM accepts SEQ (TS 33.102 Annex C.2.1, profile of C.3)."""


class SequenceExhausted(Exception):
    """This subscriber has used every SEQ; it needs a new K."""


class OutOfReach(Exception):
    """SEQ_HE is further ahead of the USIM than the USIM accepts, and SEQ_HE never goes back."""


class NodesExhausted(Exception):
    """Every IND belongs to a node already."""


def seq_max(ind_bits: int = IND_BITS) -> int:
    """The last SEQ there is; the HSS stops there: a USIM never accepts what comes round again (Annex C.1.2)."""
    return (1 << SQN_BITS - ind_bits) - 1


SEQ_MAX = seq_max()
"""The last SEQ beside an IND of the usual length."""


def allocated(seq_he: int, count: int, ind_bits: int = IND_BITS) -> int:
    """SEQ_HE after `count` vectors: theirs are the last `count` values up to it. SequenceExhausted past the end."""
    if seq_he + count > seq_max(ind_bits):
        raise SequenceExhausted(f"SEQ {seq_he} leaves no room for {count} more")
    return seq_he + count


def resynchronised(seq_he: int, seq_ms: int, count: int, ind_bits: int = IND_BITS, delta: int = DELTA) -> int:
    """SEQ_HE after a genuine AUTS with `seq_ms` and `count` vectors upon it.

    TS 33.102 §6.3.5: SEQ_HE stays when the USIM would accept what follows it, and else becomes SEQ_MS. A USIM also
    refuses what is more than Δ ahead; going back would then repeat SEQs, so that is OutOfReach instead.
    """
    following = allocated(max(seq_he, seq_ms), count, ind_bits)
    if following - seq_ms > delta:
        raise OutOfReach(f"SEQ {seq_he} is more than {delta} ahead of the USIM")
    return following


def sqns(last_seq: int, count: int, ind: int, ind_bits: int = IND_BITS) -> tuple[int, ...]:
    """The `count` SQNs of one node that end with `last_seq`, lowest first."""
    last = join_sqn(last_seq, ind, ind_bits)
    if count == 1:
        return (last,)
    return tuple(range(join_sqn(last_seq - count + 1, ind, ind_bits), last + 1, 1 << ind_bits))


def moved(seq_he: int, old_ind_bits: int, new_ind_bits: int) -> int:
    """SEQ_HE of a subscriber whose IND changes its length: every SQN to come is above every SQN before.

    SequenceExhausted when the longer IND leaves no SEQ.
    """
    highest_sqn = join_sqn(seq_he, (1 << old_ind_bits) - 1, old_ind_bits)
    seq = highest_sqn >> new_ind_bits
    if seq >= seq_max(new_ind_bits):
        raise SequenceExhausted(f"SEQ {seq_he} leaves none beside an IND of {new_ind_bits} bits")
    return seq


def free_ind(taken: Collection[int], ind_bits: int = IND_BITS) -> int:
    """The lowest IND that no node has (TS 33.102 Annex C.1.2); NodesExhausted when there is none."""
    for ind in range(1 << ind_bits):
        if ind not in taken:
            return ind
    helps = "free that of one that is gone (akadia node --help), or give cards with a longer one a profile of their own"
    raise NodesExhausted(f"{1 << ind_bits} nodes have an IND of {ind_bits} bits each; {helps}")
