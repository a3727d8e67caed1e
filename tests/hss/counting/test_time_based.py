"""No SQN twice by the clock: whatever it does, through kills, takeovers, resynchronisations and moves."""

from dataclasses import dataclass, field

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from hss.counting.sqn import DELTA, OutOfReach
from hss.counting.time_based import (
    RUN_AHEAD_MS,
    ClockBehind,
    NeedsGrant,
    NeedsRow,
    NeedsWindow,
    Taken,
    TimeBasedSequence,
    Turns,
)
from hss.counting.windows import ClockRule, Window

RULE = ClockRule("clock", 5, DELTA, 100)
SPAN = 60_000
HOUR = 3_600_000
IMSI = "001010000000001"
YEARS = 1 << 50


class Sequence(TimeBasedSequence):
    """One that is always asked with a row of this moment, unless told otherwise."""

    def __init__(self, low_ms: int = 0, high_ms: int = YEARS, remembered: int = 100) -> None:
        self.turns = Turns()
        super().__init__(low_ms=low_ms, high_ms=high_ms, turns=self.turns, remembered=remembered)

    def ask(
        self, window: Window, count: int, now: int, seq_ms: int | None = None, imsi: str = IMSI
    ) -> int | NeedsGrant | NeedsWindow | NeedsRow:
        outcome = self.issue(imsi, RULE, window, count, now, turn=self.turns.count, seq_ms=seq_ms)
        return outcome.last_seq if isinstance(outcome, Taken) else outcome

    def opened(self, now: int, window: Window | None = None) -> Window:
        outcome = self.ask(window or Window(0, 0), 1, now)
        assert isinstance(outcome, NeedsWindow)
        return outcome.window


def test_first_vector_opens_a_window_above_seq() -> None:
    one = Sequence()
    window = one.opened(10**10, Window(77, 0))
    assert one.ask(window, 1, 10**10) == 78
    assert window.seq == 77 + RULE.width


def test_seq_goes_with_the_clock() -> None:
    one = Sequence()
    window = one.opened(1000)
    assert [one.ask(window, 1, now) for now in (1000, 1099, 1100, 2000)] == [1, 2, 3, 11]


def test_silence_of_years_is_no_jump() -> None:
    one = Sequence()
    assert one.ask(one.opened(1000), 1, 1000) == 1
    later = 1000 + 5 * 365 * 24 * HOUR
    window = one.opened(later, Window(RULE.width, -9))
    assert one.ask(window, 1, later) == RULE.width + 1


def test_only_granted_time_is_used() -> None:
    one = Sequence(5000, 6000)
    window = one.opened(1000)
    assert one.ask(window, 5, 1000) == 5
    assert one.ask(window, 6, 1000) == NeedsGrant(6100)
    one.granted(6100)
    one.granted(0)
    assert one.ask(window, 6, 1000) == 11


def test_clock_that_jumps_back_repeats_nothing() -> None:
    one = Sequence()
    window = one.opened(10 * HOUR)
    assert one.ask(window, 1, 10 * HOUR) == 1
    assert one.ask(window, 1, 10 * HOUR - 1000) == 2
    assert one.ask(window, 1, 10 * HOUR - 1000, imsi="2") == 1
    with pytest.raises(ClockBehind, match="the clock is 7200 s behind what this node has used; set it right, or give"):
        one.ask(window, 1, 8 * HOUR)
    assert one.ask(window, 1, 10 * HOUR) == 3


def test_successor_waits_for_a_clock_far_behind() -> None:
    with pytest.raises(ClockBehind) as caught:
        Sequence(10 * HOUR, 10 * HOUR + SPAN).ask(Window(0, 0), 1, 0)
    assert caught.value.seconds == 36000


def test_one_subscriber_cannot_run_far_ahead() -> None:
    one = Sequence()
    window = one.opened(HOUR)
    ticks = RUN_AHEAD_MS // RULE.unit_ms
    assert one.ask(window, ticks, HOUR) == ticks
    assert one.ask(window, 1, HOUR) == ticks + 1
    with pytest.raises(ClockBehind, match="behind what this subscriber has used; it is asked for too often"):
        one.ask(window, 1, HOUR)
    assert one.ask(window, 1, HOUR, imsi="2") == 1


def test_forgotten_subscriber_does_not_repeat() -> None:
    one = Sequence(remembered=2)
    window = one.opened(HOUR)
    assert one.ask(window, 32, HOUR) == 32
    turn = one.turns.count - 1
    for number in range(5):
        one.ask(window, 1, HOUR, imsi=str(number))
    assert one.issue(IMSI, RULE, window, 1, HOUR, turn=turn) == NeedsRow()
    again = one.ask(window, 1, HOUR)
    assert isinstance(again, int)
    assert again > 32


def test_row_from_before_a_resynchronisation_is_read_again() -> None:
    one = Sequence()
    before, turn = one.opened(HOUR), one.turns.count
    moved = one.ask(before, 1, HOUR, seq_ms=1)
    assert isinstance(moved, NeedsWindow)
    assert one.ask(moved.window, 1, HOUR) == 2
    assert one.issue(IMSI, RULE, before, 1, HOUR, turn=turn) == NeedsRow()
    assert one.ask(moved.window, 1, HOUR) == 3
    assert one.issue(IMSI, RULE, moved.window, 1, HOUR, turn=turn) == Taken(4)


def test_row_from_before_a_resynchronisation_and_another_window_is_read_again() -> None:
    one = Sequence()
    before, turn = one.opened(HOUR), one.turns.count
    moved = one.ask(before, 1, HOUR, seq_ms=RULE.width - 40)
    assert isinstance(moved, NeedsWindow)
    assert one.ask(moved.window, 32, HOUR) == RULE.width - 8
    window = one.opened(HOUR + 10_000, moved.window)
    assert one.ask(window, 1, HOUR + 10_000) == RULE.width + 1
    later = HOUR + (RULE.width - 50) * RULE.unit_ms
    assert one.issue(IMSI, RULE, before, 20, later, turn=turn) == NeedsRow()


def test_subscriber_that_was_put_back_is_served() -> None:
    one = Sequence()
    window = one.opened(HOUR, Window(10**6, 0))
    assert one.ask(window, 1, HOUR) == 10**6 + 1
    assert one.ask(one.opened(HOUR), 1, HOUR) == 1


def test_window_of_a_clock_that_was_far_ahead_is_left() -> None:
    ahead, right = Sequence(), Sequence()
    window = right.opened(HOUR)
    assert right.ask(window, 1, HOUR) == 1
    window = ahead.opened(10**9 * 100, window)
    assert ahead.ask(window, 1, 10**9 * 100) == RULE.width + 1
    assert right.ask(right.opened(HOUR, window), 1, HOUR) == 2 * RULE.width + 1


def test_genuine_auts_leads_above_what_the_usim_has_seen() -> None:
    one = Sequence()
    window = one.opened(HOUR)
    moved = one.ask(window, 1, HOUR, seq_ms=5000)
    assert isinstance(moved, NeedsWindow)
    assert one.ask(moved.window, 1, HOUR, seq_ms=5000) == 5001
    assert one.ask(moved.window, 1, HOUR, seq_ms=3) == 5002
    far = one.ask(window, 1, HOUR, seq_ms=1 << 40)
    assert isinstance(far, NeedsWindow)
    with pytest.raises(OutOfReach):
        one.ask(far.window, 1, HOUR, seq_ms=5)


@dataclass
class Usim:
    """Freshness by Annex C.2: highest SEQ for each IND, and Δ."""

    seqs: dict[int, int] = field(default_factory=dict)

    def accepts(self, seq: int, ind: int) -> bool:
        fresh = self.seqs.get(ind, 0) < seq <= max(self.seqs.values(), default=0) + NARROW.delta
        if fresh:
            self.seqs[ind] = seq
        return fresh


NARROW = ClockRule("narrow", 5, 1 << 14, 100)
NODES = st.integers(min_value=0, max_value=1)


class Process:
    """An HSS process: its part of a node, and the rows that it has read and not yet used."""

    def __init__(self, epoch: int, low_ms: int) -> None:
        self.epoch = epoch
        self.turns = Turns()
        self.sequence = TimeBasedSequence(low_ms=low_ms, high_ms=low_ms + SPAN, turns=self.turns, remembered=1)
        self.read: list[tuple[Window, int, int]] = []


class Network(RuleBasedStateMachine):
    """Two nodes, their clocks, processes that die, and one subscriber; SQL is `row`, `horizons` and `epochs`."""

    @initialize()
    def begin(self) -> None:
        self.row = Window(0, 0)
        self.horizons, self.epochs = [0, 0], [0, 0]
        self.clocks, self.latest = [10 * HOUR, 10 * HOUR], [0, 0]
        self.processes: list[list[Process]] = [[], []]
        self.issued: set[tuple[int, int]] = set()
        self.usim = Usim()
        for node in (0, 1):
            self.start(node)

    @rule(node=NODES)
    def start(self, node: int) -> None:
        """A process takes the node over, whether the one before is dead or not."""
        low = max(self.horizons[node], self.clocks[node])
        self.horizons[node], self.epochs[node] = low + SPAN, self.epochs[node] + 1
        self.processes[node] = [*self.processes[node][-1:], Process(self.epochs[node], low)]

    @rule(node=NODES, by=st.integers(-2 * HOUR, 2 * HOUR) | st.integers(-2000, 5000))
    def jump(self, node: int, by: int) -> None:
        self.clocks[node] = max(HOUR, self.clocks[node] + by)

    @rule(days=st.integers(1, 1000))
    def silence(self, days: int) -> None:
        self.clocks = [clock + days * 24 * HOUR for clock in self.clocks]

    @rule(node=NODES, which=st.integers(0, 1))
    def read(self, node: int, which: int) -> None:
        """A request gets its row, and has not yet issued anything."""
        process = self.processes[node][which % len(self.processes[node])]
        process.read.append((self.row, self.epochs[node], process.turns.count))

    @rule(
        node=NODES, which=st.integers(0, 1), count=st.integers(1, 5), auts=st.booleans(), early=st.booleans(),
        reaches=st.booleans(),
    )  # fmt: skip
    def ask(self, node: int, which: int, count: int, auts: bool, early: bool, reaches: bool) -> None:
        """A request is served, by a row that was read early or now; with `auts` the USIM was out of step."""
        process = self.processes[node][which % len(self.processes[node])]
        seq_ms = max(self.usim.seqs.values(), default=0) if auts else None
        if not (early and process.read):
            self.read(node, which)
        row, epoch, turn = process.read.pop(0 if early else -1)
        self.latest[node] = max(self.latest[node], self.clocks[node])
        # a row read again, a window, a grant, and there are SEQs
        for _ in range(4):
            if epoch != process.epoch:
                return
            try:
                outcome = process.sequence.issue(IMSI, NARROW, row, count, self.clocks[node], turn=turn, seq_ms=seq_ms)
            except ClockBehind:
                used = max(self.latest[node], self.horizons[node])
                assert used + NARROW.unit_ms - self.clocks[node] > RUN_AHEAD_MS
                return
            except OutOfReach:
                assert self.row.seq - max(self.usim.seqs.values(), default=0) > NARROW.delta - NARROW.width
                return
            match outcome:
                case Taken(last):
                    self.record(node, last, count, reaches and not early and process is self.processes[node][-1])
                    return
                case NeedsGrant(until):
                    if process.epoch != self.epochs[node]:
                        return
                    self.horizons[node] = max(self.horizons[node], until) + SPAN
                    process.sequence.granted(self.horizons[node])
                    continue
                case NeedsWindow(window) if self.row == row:
                    self.row = window
            row, epoch, turn = self.row, self.epochs[node], process.turns.count
        raise AssertionError("a process asks for ever")

    def record(self, node: int, last: int, count: int, reaches: bool) -> None:
        for seq in range(last - count + 1, last + 1):
            assert (node, seq) not in self.issued
            self.issued.add((node, seq))
            if reaches:
                assert self.usim.accepts(seq, node)

    @rule(ahead=st.integers(1, 3000))
    def usim_saw_more(self, ahead: int) -> None:
        """SQL was put back from a backup, as far as this USIM can tell: it is ahead of all that was issued."""
        self.usim.seqs[30] = max([self.row.seq, *self.usim.seqs.values()]) + ahead

    @rule()
    def counted_for_a_while(self) -> None:
        """The subscriber moves to the counter scheme, has a vector, and comes back."""
        self.row = Window(self.row.seq + 1, 0)

    @invariant()
    def sql_knows_all(self) -> None:
        assert all(seq <= self.row.seq for _, seq in self.issued)


TestNetwork = Network.TestCase


def test_auts_at_a_clock_behind_the_window_is_served_at_once() -> None:
    """A node whose last window is over, whose clock went back, and whose subscriber was served by the other since."""
    network = Network()
    network.begin()
    network.ask(node=1, which=0, count=1, auts=False, early=False, reaches=False)
    network.silence(days=1)
    network.jump(node=1, by=-153_501)
    network.ask(node=0, which=0, count=1, auts=False, early=False, reaches=True)
    network.ask(node=1, which=0, count=1, auts=True, early=False, reaches=True)
    width = NARROW.width
    assert network.issued == {(1, 1), (0, width + 1), (1, width + 2)}
