"""What a measurement gives: rounds, their medians, and a bar that is met or missed. No clock, no process."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any


@dataclass(frozen=True, slots=True)
class Round:
    """One round: `operations` in `seconds`, what they cost (seconds of CPU), and how long each took (milliseconds)."""

    operations: int
    seconds: float
    cpu: float
    database_cpu: float = 0.0
    p50_ms: float | None = None
    p99_ms: float | None = None
    peak_mb: float | None = None
    probe_us: float = 0.0
    """What a fixed piece of work cost just before: it tells how fast the machine was."""
    failed: int = 0
    """Operations that were tried and came to nothing; they are not among `operations`."""

    @property
    def rate(self) -> float:
        """Operations a second."""
        return self.operations / self.seconds


@dataclass(frozen=True, slots=True)
class Bar:
    """What a row has to reach; None where nothing is asked."""

    rate: float | None = None
    p99_ms: float | None = None
    peak_mb: float | None = None
    p50_ms: float | None = None
    cpu_us: float | None = None

    def __str__(self) -> str:
        rate = f"{self.rate:,.0f}/s" if self.rate is not None else ""
        cpu = f"{self.cpu_us:,.0f} us" if self.cpu_us is not None else ""
        p50 = f"p50 {self.p50_ms:g} ms" if self.p50_ms is not None else ""
        p99 = f"p99 {self.p99_ms:g} ms" if self.p99_ms is not None else ""
        peak = f"peak {self.peak_mb:,.0f} MB" if self.peak_mb is not None else ""
        return ", ".join(part for part in (rate, cpu, p50, p99, peak) if part)


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table; every figure is the median of its rounds."""

    name: str
    what: str
    rounds: tuple[Round, ...]
    bar: Bar = Bar()
    remark: str = ""

    @property
    def rate(self) -> float:
        """Operations a second."""
        return median(each.rate for each in self.rounds)

    @property
    def extent(self) -> tuple[float, float]:
        """The slowest round and the fastest."""
        return min(each.rate for each in self.rounds), max(each.rate for each in self.rounds)

    @property
    def cpu_us(self) -> float:
        """Microseconds of CPU for one operation, the database server's apart."""
        return median(each.cpu / each.operations for each in self.rounds) * 1e6

    @property
    def database_cpu_us(self) -> float:
        """Those of the database server."""
        return median(each.database_cpu / each.operations for each in self.rounds) * 1e6

    @property
    def cores(self) -> float:
        """How many cores the process had while it was measured; 1 is all that one Python process can use."""
        return median(each.cpu / each.seconds for each in self.rounds)

    @property
    def p50_ms(self) -> float | None:
        """The median time of one operation."""
        return _median(each.p50_ms for each in self.rounds)

    @property
    def p99_ms(self) -> float | None:
        """What 99 of 100 operations stay below."""
        return _median(each.p99_ms for each in self.rounds)

    @property
    def peak_mb(self) -> float | None:
        """The most memory that the process had at once, of all rounds."""
        return max((each.peak_mb for each in self.rounds if each.peak_mb is not None), default=None)

    @property
    def probe_us(self) -> float:
        """What the fixed piece of work cost."""
        return median(each.probe_us for each in self.rounds)

    @property
    def failed(self) -> int:
        """Operations of all rounds that came to nothing."""
        return sum(each.failed for each in self.rounds)

    @property
    def missed(self) -> tuple[str, ...]:
        """What of the bar is missed, and by how much."""
        found = []
        if self.bar.rate is not None and self.rate < self.bar.rate:
            found.append(f"{1 - self.rate / self.bar.rate:.0%} too slow")
        if self.bar.cpu_us is not None and self.cpu_us > self.bar.cpu_us:
            found.append(f"{self.cpu_us / self.bar.cpu_us - 1:.0%} too much CPU")
        if self.bar.p50_ms is not None and (self.p50_ms or 0) > self.bar.p50_ms:
            found.append(f"p50 {(self.p50_ms or 0) - self.bar.p50_ms:.1f} ms too long")
        if self.bar.p99_ms is not None and (self.p99_ms or 0) > self.bar.p99_ms:
            found.append(f"p99 {(self.p99_ms or 0) - self.bar.p99_ms:.1f} ms too long")
        if self.bar.peak_mb is not None and (self.peak_mb or 0) > self.bar.peak_mb:
            found.append(f"{(self.peak_mb or 0) - self.bar.peak_mb:.0f} MB too much")
        if str(self.bar) and self.failed:
            found.append(f"{self.failed:,} failed")
        return tuple(found)

    @property
    def verdict(self) -> str:
        """Met, missed and by how much, or nothing where there is no bar."""
        return "; ".join(self.missed) or ("met" if str(self.bar) else "")

    def fields(self) -> dict[str, Any]:
        """The row for a program."""
        least, most = self.extent
        return {
            "name": self.name,
            "what": self.what,
            "per_second": self.rate,
            "least_per_second": least,
            "most_per_second": most,
            "rounds": len(self.rounds),
            "operations": sum(each.operations for each in self.rounds),
            "failed": self.failed,
            "cpu_us": self.cpu_us,
            "cores": self.cores,
            "database_cpu_us": self.database_cpu_us,
            "p50_ms": self.p50_ms,
            "p99_ms": self.p99_ms,
            "peak_mb": self.peak_mb,
            "probe_us": self.probe_us,
            "bar": str(self.bar),
            "missed": list(self.missed),
            "remark": self.remark,
        }


def percentile(ordered: Sequence[float], share: float) -> float:
    """The value of `ordered`, which rises and is not empty, that `share` of all do not exceed (nearest rank)."""
    place = -(-len(ordered) * share // 1)
    return ordered[max(int(place), 1) - 1]


def in_ms(seconds: list[float]) -> tuple[float | None, float | None]:
    """p50 and p99 of times in seconds, as milliseconds."""
    if not seconds:
        return None, None
    ordered = sorted(seconds)
    return percentile(ordered, 0.5) * 1e3, percentile(ordered, 0.99) * 1e3


def _median(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return median(known) if known else None
