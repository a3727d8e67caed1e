"""SEQ out of the clock: which tick each vector of one node takes, without IO (TS 33.102 Annex C.1.1.3).

A node (a requesting node at one HSS instance) has its own IND, so two nodes never share an SQN. Within one node:

- It issues only ticks that SQL has granted it (hss.counting.nodes): a process that takes a node over, also after
  kill -9 and with a clock that was set back, begins above everything that its predecessor may have used.
- When the clock goes back while it runs, it stays at the highest tick that it has seen, and counts on from there. How
  far it may run ahead of its clock has a limit, RUN_AHEAD_MS: past it the node waits (Refusal.TOO_BUSY) for the clock.
- It remembers each subscriber's last tick, and the window that it was taken out of: whoever read the row before that,
  and an earlier window in it, reads it again. Who is forgotten, because there are too many, comes back with a later
  tick, and with a row that was read after that.

A window is chosen by the moment at which its first SEQ will be taken, and that moment never depends on the window.
So whoever asks alone is served or refused after one row read again, two windows (the one that an AUTS leads to may end
while it is written) and one grant.

What a subscriber's ticks become is hss.counting.windows.
"""

from hss.counting import windows
from hss.counting.windows import ClockRule, Window
from wire.frozen import dataclass

EPOCH_MS = 1_767_225_600_000
"""2026-01-01 in milliseconds since 1970: where the ticks begin."""

RUN_AHEAD_MS = 3_600_000
REMEMBERED = 200_000
"""Subscribers whose last SEQ is kept in memory, at most."""


class ClockBehind(Exception):
    """The clock is too far behind what this node has used."""

    def __init__(self, seconds: int, *, of_node: bool) -> None:
        helps = "set it right, or give this HSS another hss.instance" if of_node else "it is asked for too often"
        whom = "this node" if of_node else "this subscriber"
        super().__init__(f"the clock is {seconds} s behind what {whom} has used; {helps}")
        self.seconds = seconds


@dataclass(frozen=True, slots=True)
class Taken:
    """SEQs that end with `last_seq`, given out for ever."""

    last_seq: int


@dataclass(frozen=True, slots=True)
class NeedsGrant:
    """Nothing is issued yet: moments up to `until_ms` must be granted first."""

    until_ms: int


@dataclass(frozen=True, slots=True)
class NeedsWindow:
    """Nothing is issued yet: `window` must be the subscriber's in SQL first, and be read from there."""

    window: Window


@dataclass(frozen=True, slots=True)
class NeedsRow:
    """Nothing is issued yet: the subscriber's row has changed since it was read, or may have."""


Outcome = Taken | NeedsGrant | NeedsWindow | NeedsRow


@dataclass(slots=True)
class Turns:
    """How often ticks were taken: it tells a row that was read before from one that was read after."""

    count: int = 0


@dataclass(frozen=True, slots=True)
class _Last:
    unit_ms: int
    tick: int
    window: Window
    turn: int


class TimeBasedSequence:
    """The SEQs of one node; the moments after `low_ms` up to `high_ms` are its own."""

    def __init__(self, *, low_ms: int, high_ms: int, turns: Turns, remembered: int = REMEMBERED) -> None:
        self._above_ms = low_ms
        self._high_ms = high_ms
        self._highest_ms = 0
        self._turns = turns
        self._forgotten = 0
        self._remembered = remembered
        self._last: dict[tuple[str, str], _Last] = {}

    def granted(self, high_ms: int) -> None:
        """The node may use the moments up to `high_ms`."""
        self._high_ms = max(self._high_ms, high_ms)

    def issue(
        self,
        imsi: str,
        rule: ClockRule,
        window: Window,
        count: int,
        now_ms: int,
        *,
        turn: int,
        seq_ms: int | None = None,
    ) -> Outcome:
        """The last of `count` SEQs for `imsi`, which nobody gets again, or what is missing: supply it, ask again.

        `window` must have been read while this node's epoch was still its own; `turn` is `Turns.count` from before
        that. After a genuine AUTS `seq_ms` is what the USIM has seen. ClockBehind when there is no room, OutOfReach
        and SequenceExhausted as hss.counting.windows.
        """
        last = self._last.get((rule.profile, imsi))
        if turn < self._forgotten or (last is not None and turn < last.turn and window < last.window):
            return NeedsRow()
        self._highest_ms = max(self._highest_ms, now_ms)
        unit = rule.unit_ms
        base = max(self._highest_ms // unit, self._above_ms // unit + 1)
        first = base if last is None else max(base, -(-last.tick * last.unit_ms // unit) + 1)
        if first * unit - now_ms > RUN_AHEAD_MS:
            raise ClockBehind((first * unit - now_ms) // 1000, of_node=base * unit - now_ms > RUN_AHEAD_MS)
        lowest = window.seq - rule.width + 1 - window.offset
        far_ahead = lowest * unit - now_ms > RUN_AHEAD_MS
        tick = max(first, lowest) + count - 1
        if window.offset == 0 or far_ahead or tick + window.offset > window.seq:
            return NeedsWindow(windows.opened(max(window.seq, seq_ms or 0), first, rule))
        if seq_ms is not None:
            changed = windows.resynchronised(window, seq_ms, first, count, rule)
            if changed is not None:
                return NeedsWindow(changed)
        if tick * unit > self._high_ms:
            return NeedsGrant(tick * unit)
        self._remember(imsi, rule, tick, window)
        return Taken(tick + window.offset)

    def _remember(self, imsi: str, rule: ClockRule, tick: int, window: Window) -> None:
        self._turns.count += 1
        self._last.pop((rule.profile, imsi), None)
        self._last[rule.profile, imsi] = _Last(rule.unit_ms, tick, window, self._turns.count)
        while len(self._last) > self._remembered:
            forgotten = self._last.pop(next(iter(self._last)))
            self._forgotten = max(self._forgotten, forgotten.turn)
            self._above_ms = max(self._above_ms, forgotten.tick * forgotten.unit_ms)
