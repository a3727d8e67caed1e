"""SEQ out of the clock: tick plus the subscriber's offset, never the same twice, and nothing written for a vector.

A node (a requesting node at one HSS instance) has its own IND, so two nodes never share an SQN. Within one node:

- It issues only ticks that SQL has granted it (hss.nodes): a process that takes a node over, also after kill -9 and
  with a clock that was set back, begins above everything that its predecessor may have used.
- It remembers the last SEQ of each subscriber until the clock has passed it, so that many vectors in one tick get
  SEQs that follow each other.
- When the clock goes back while it runs, it stays at the highest tick that it has seen, and counts on from there. How
  far it may run ahead of its clock has a limit, RUN_AHEAD_MS: past it the node waits (Refusal.TOO_BUSY) for the clock.

A USIM accepts a SEQ up to Δ ahead (TS 33.102 Annex C.2.1), so a card that is silent for Δ ticks is out of reach,
because SEQ never goes back: with 2^28 and ticks of one second after 8 years, with the 0.1 s of Annex C.3.3 after 310
days. A subscriber that asks for more than a vector in a tick, over a long time, runs ahead of the clock.
"""

from dataclasses import dataclass

EPOCH_MS = 1_767_225_600_000
"""2026-01-01 in milliseconds since 1970: where the ticks begin."""

RUN_AHEAD_MS = 3_600_000
REMEMBERED = 200_000
"""Subscribers whose last SEQ is kept in memory, at most."""


class ClockBehind(Exception):
    """The clock is too far behind what this node has used."""

    def __init__(self, seconds: int) -> None:
        super().__init__(f"the clock is {seconds} s behind what this node has used; set it right, or wait")
        self.seconds = seconds


@dataclass(frozen=True, slots=True)
class NeedsGrant:
    """Nothing is issued yet: moments up to `until_ms` must be granted first."""

    until_ms: int


class TimeBasedSequence:
    """The SEQs of one node for profiles of one `unit_ms`; the moments after `low_ms` up to `high_ms` are its own."""

    def __init__(self, *, unit_ms: int, low_ms: int, high_ms: int) -> None:
        self._unit = unit_ms
        self._low = low_ms // unit_ms + 1
        self._high = high_ms // unit_ms
        self._highest = 0
        # imsi to (last SEQ, the tick that it used up)
        self._last: dict[str, tuple[int, int]] = {}

    def granted(self, high_ms: int) -> None:
        """The node may use the moments up to `high_ms`."""
        self._high = max(self._high, high_ms // self._unit)

    def issue(self, imsi: str, time_offset: int, count: int, now_ms: int) -> int | NeedsGrant:
        """The last of `count` SEQs for `imsi`, which nobody gets again; ClockBehind when there is no room.

        `time_offset` must have been read while this node's epoch was still its own.
        """
        self._highest = max(self._highest, now_ms // self._unit, self._low)
        last_seq, _ = self._last.get(imsi, (-1, 0))
        last = max(self._highest + time_offset, last_seq + 1) + count - 1
        tick = last - time_offset
        ahead = tick * self._unit - now_ms
        if ahead > RUN_AHEAD_MS or (len(self._last) >= REMEMBERED and imsi not in self._last and not self._forget()):
            raise ClockBehind(ahead // 1000)
        if tick > self._high:
            return NeedsGrant(tick * self._unit)
        self._last[imsi] = (last, tick)
        return last

    def _forget(self) -> bool:
        """Drop whoever the clock has passed; whether there is room now."""
        self._last = {imsi: kept for imsi, kept in self._last.items() if kept[1] >= self._highest}
        return len(self._last) < REMEMBERED


def offset_after_resynchronisation(time_offset: int, seq_ms: int, now_ms: int, unit_ms: int) -> int:
    """The subscriber's offset after a genuine AUTS with `seq_ms`: forward when the USIM is ahead, and never back."""
    return max(time_offset, seq_ms + 1 - now_ms // unit_ms)


def offset_for(seq: int, now_ms: int, unit_ms: int) -> int:
    """The offset of a subscriber that moves from a counter at `seq` to the clock: what follows is above `seq`.

    A new card begins with `seq` 0, not with the clock: it would not accept a SEQ that is Δ ahead.
    """
    return seq + 1 - now_ms // unit_ms


def seq_for(time_offset: int, horizon_ms: int, unit_ms: int) -> int:
    """SEQ_HE of a subscriber that moves from the clock to a counter; no node has a horizon beyond `horizon_ms`."""
    return time_offset + horizon_ms // unit_ms
