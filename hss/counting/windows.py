"""SEQ by the clock: a subscriber's window of SEQ, and the offset from ticks into it (TS 33.102 Annex C.1.1.3).

SEQ = tick + offset. A clock that runs on while a subscriber is silent would carry SEQ more than Δ ahead of the USIM,
which then refuses for ever; and SQL would not know what was given out. So SEQs are given out of a window alone,
(seq - width, seq], whose end SQL knows: one write for a subscriber in `width` ticks, none for a vector. When the clock
has left the window, the next one begins where the last one ended, however long the silence was.
"""

from hss.counting.sqn import OutOfReach, SequenceExhausted, seq_max
from wire.frozen import dataclass

COUNT_MAX = 32
"""No request takes more SEQs than that, and each window has room for as many."""
_WINDOWS_IN_DELTA = 64


@dataclass(frozen=True, slots=True, order=True)
class Window:
    """A subscriber's columns seq and time_offset; offset 0 says that there is no window yet.

    Of two windows of a subscriber the later one is the greater: seq rises when one opens, and while it stays only a
    resynchronisation changes the offset, upwards.
    """

    seq: int
    offset: int


@dataclass(frozen=True, slots=True)
class ClockRule:
    """How the USIMs of one profile count by the clock: `unit_ms` milliseconds make one tick."""

    profile: str
    ind_bits: int
    delta: int
    unit_ms: int

    @property
    def width(self) -> int:
        """SEQs of one window: a 64th of Δ, 4.8 days of 0.1 s each in the usual profile."""
        return max(COUNT_MAX, self.delta // _WINDOWS_IN_DELTA)


def opened(seq: int, tick: int, rule: ClockRule) -> Window:
    """The window above `seq`, which begins at `tick`. SequenceExhausted at the end of the SEQs."""
    if seq + rule.width > seq_max(rule.ind_bits):
        raise SequenceExhausted(f"SEQ {seq} leaves no room for another {rule.width}")
    return Window(seq + rule.width, seq + 1 - tick or 1)


def resynchronised(window: Window, seq_ms: int, tick: int, count: int, rule: ClockRule) -> Window | None:
    """The window for `count` SEQs from `tick` on, after a genuine AUTS with `seq_ms`; None when it stays as it is.

    TS 33.102 §6.3.5: it stays when the USIM would accept what comes next. OutOfReach when that is more than Δ ahead
    of the USIM, SequenceExhausted as `opened`. `tick` is the same whichever window comes: were it another in the
    window that is returned, that one would miss `seq_ms` as well.
    """
    # a clock behind the one that opened the window waits at its beginning
    following = max(tick + window.offset, window.seq - rule.width + 1)
    if following > seq_ms:
        if following + count - 1 - seq_ms > rule.delta:
            raise OutOfReach(f"SEQ {following} is more than {rule.delta} ahead of the USIM")
        return None
    if seq_ms + count <= window.seq and seq_ms + 1 != tick:
        return Window(window.seq, seq_ms + 1 - tick)
    return opened(max(seq_ms, window.seq), tick, rule)
