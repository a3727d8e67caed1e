"""What came of a load: successes by kind with their times, failures by cause, and what else happened."""

from collections import Counter
from dataclasses import dataclass, field

from ue_sim.load.latencies import Latencies
from ue_sim.load.peer import Peer

MOST_CAUSES = 32
"""So many causes are told apart; a server must not grow the list."""


@dataclass(slots=True)
class AccountingTally:
    """What came of the records of sessions; a record counts when its answer was verified."""

    records: int = 0
    retransmissions: int = 0
    discarded: int = 0
    failures: Counter[str] = field(default_factory=Counter)
    times: Latencies = field(default_factory=Latencies)

    def kept(self, seconds: float) -> None:
        """A record that took so long."""
        self.records += 1
        self.times.add(seconds)

    def lost(self, cause: str) -> None:
        """A record that no server has."""
        _count(self.failures, cause)

    def update(self, other: "AccountingTally") -> None:
        """Add what another process counted at the same time."""
        self.records += other.records
        self.retransmissions += other.retransmissions
        self.discarded += other.discarded
        self.failures.update(other.failures)
        self.times.update(other.times)


@dataclass(slots=True)
class Tally:
    """The counts of one process; `rounds` are answers that were verified, `seconds` how long it counted."""

    full: int = 0
    fast: int = 0
    rounds: int = 0
    retransmissions: int = 0
    resynchronisations: int = 0
    discarded: int = 0
    failures: Counter[str] = field(default_factory=Counter)
    full_times: Latencies = field(default_factory=Latencies)
    fast_times: Latencies = field(default_factory=Latencies)
    seconds: float = 0.0
    cpu_seconds: float = 0.0
    cpu_of: dict[int, float] = field(default_factory=dict)
    accounting: AccountingTally = field(default_factory=AccountingTally)

    @property
    def successes(self) -> int:
        """Of both kinds."""
        return self.full + self.fast

    @property
    def times(self) -> Latencies:
        """Of both kinds."""
        both = Latencies(self.full_times.buckets)
        both.update(self.fast_times)
        return both

    def succeeded(self, peer: Peer, seconds: float) -> None:
        """An authentication that took so long."""
        self.resynchronisations += peer.resynchronisations
        if peer.fast:
            self.fast += 1
            self.fast_times.add(seconds)
        else:
            self.full += 1
            self.full_times.add(seconds)

    def failed(self, cause: str) -> None:
        """An authentication that came to nothing."""
        _count(self.failures, cause)

    def update(self, other: "Tally") -> None:
        """Add what another process counted at the same time."""
        self.full += other.full
        self.fast += other.fast
        self.rounds += other.rounds
        self.retransmissions += other.retransmissions
        self.resynchronisations += other.resynchronisations
        self.discarded += other.discarded
        self.failures.update(other.failures)
        self.full_times.update(other.full_times)
        self.fast_times.update(other.fast_times)
        self.seconds = max(self.seconds, other.seconds)
        self.cpu_seconds += other.cpu_seconds
        self.cpu_of.update(other.cpu_of)
        self.accounting.update(other.accounting)


def _count(failures: Counter[str], cause: str) -> None:
    known = cause in failures or len(failures) < MOST_CAUSES
    failures[cause if known else "other causes"] += 1
