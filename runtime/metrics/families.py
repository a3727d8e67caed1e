"""Counters, gauges and histograms: what is counted, under which name, with which labels.

Counting is an addition in memory, three to seven times cheaper than prometheus_client's, and only from the thread of
the event loop. A label is a name of the configuration or one of few words; a family has at most `SERIES` series, and
what comes beyond those is counted in one whose labels are all "other".
"""

from bisect import bisect_left
from collections.abc import Callable, Sequence
from typing import Literal

from runtime.logs import get_logger
from runtime.metrics.cells import NOWHERE, Cells

log = get_logger("runtime.metrics")

SERIES = 5_000
OTHER = "other"

SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""Upper bounds of a histogram of latencies."""

Kind = Literal["counter", "gauge", "histogram"]
Together = Literal["sum", "min", "max"]
"""What the gauges of several processes make together."""


class Registry:
    """The families of a process and the cells that they count in."""

    def __init__(self) -> None:
        self.cells = Cells()
        self.families: dict[str, Family] = {}
        self._samplers: dict[object, Callable[[], None]] = {}
        self._is_full = False

    def add(self, family: "Family") -> None:
        """Know `family`; ValueError when there is one of its name."""
        if family.name in self.families:
            raise ValueError(f"two families are called {family.name}")
        self.families[family.name] = family

    def share(self, descriptor: int) -> None:
        """Count in memory that a parent reads, from now on; what was counted comes along."""
        before, self.cells = self.cells, Cells(descriptor)
        moved = {(one.family, one.labels): one.at for one in before.series()}
        for family in self.families.values():
            family.move(self.cells, before, moved)
        before.close()

    def place(self, family: "Family", labels: tuple[str, ...]) -> int:
        """Where a new series of `family` begins; NOWHERE, with one line in the log, when there is no more room."""
        at = self.cells.allocate(family.name, labels, family.length)
        if at == NOWHERE and not self._is_full:
            self._is_full = True
            log.error("not everything is counted", cause="there are too many clients, peers and causes", at=family.name)
        return at

    def sample(self, owner: object, sampler: Callable[[], None]) -> None:
        """Have `sampler` set gauges whenever somebody may look, until `forget(owner)`."""
        self._samplers[owner] = sampler

    def forget(self, owner: object) -> None:
        """The sampler of `owner` is heard no more."""
        self._samplers.pop(owner, None)

    def take_samples(self) -> None:
        """Set every gauge that is sampled."""
        for sampler in tuple(self._samplers.values()):
            sampler()


REGISTRY = Registry()
"""Of this process."""


class Family:
    """One name; `name` as Prometheus wants it, without the _total of counters."""

    kind: Kind
    together: Together = "sum"
    bounds: tuple[float, ...] = ()

    def __init__(
        self, name: str, documentation: str, labels: Sequence[str] = (), *, registry: Registry | None = None
    ) -> None:
        self.name = name
        self.documentation = documentation
        self.labels = tuple(labels)
        self._registry = registry or REGISTRY
        self._registry.add(self)
        self._numbers = self._registry.cells.numbers
        self._at: dict[tuple[str, ...], int] = {}

    @property
    def length(self) -> int:
        """How many numbers a series has."""
        return 1

    def value(self, *labels: str) -> float:
        """The number of a series, of a histogram how often it was observed; 0 when there is none yet."""
        at = self._at.get(labels)
        return 0.0 if at is None else sum(self._numbers[at : at + max(self.length - 1, 1)])

    def move(self, cells: Cells, before: Cells, moved: dict[tuple[str, tuple[str, ...]], int]) -> None:
        """Count in `cells` from now on, where every series of `before` goes on."""
        self._numbers = cells.numbers
        self._at.clear()
        for labels in [labels for name, labels in moved if name == self.name]:
            at, old = self._place(labels), moved[self.name, labels]
            self._numbers[at : at + self.length] = before.numbers[old : old + self.length]

    def _place(self, labels: tuple[str, ...]) -> int:
        """Where a series begins that was not there: its own, or where there are too many the one for all others."""
        if len(labels) != len(self.labels):
            raise ValueError(f"{self.name} has the labels {self.labels}, not {len(labels)}")
        other = (OTHER,) * len(labels)
        if labels != other and len(self._at) >= SERIES:
            at = self._at.get(other)
            return self._place(other) if at is None else at
        at = self._at[labels] = self._registry.place(self, labels)
        return at


class Counter(Family):
    """How often something was so, ever since."""

    kind = "counter"

    def count(self, *labels: str) -> None:
        """Once more."""
        try:
            self._numbers[self._at[labels]] += 1
        except KeyError:
            self._numbers[self._place(labels)] += 1

    def add(self, amount: float, *labels: str) -> None:
        """`amount` more, which is not negative."""
        at = self._at.get(labels)
        self._numbers[self._place(labels) if at is None else at] += amount


class Gauge(Family):
    """How it is now; of several processes the sum, unless it is said otherwise."""

    kind = "gauge"

    def __init__(
        self,
        name: str,
        documentation: str,
        labels: Sequence[str] = (),
        *,
        together: Together = "sum",
        registry: Registry | None = None,
    ) -> None:
        super().__init__(name, documentation, labels, registry=registry)
        self.together = together

    def set(self, value: float, *labels: str) -> None:
        """It is `value`."""
        at = self._at.get(labels)
        self._numbers[self._place(labels) if at is None else at] = value


class Histogram(Family):
    """How long things took, in seconds."""

    kind = "histogram"
    bounds = SECONDS

    def __init__(
        self, name: str, documentation: str, labels: Sequence[str] = (), *, registry: Registry | None = None
    ) -> None:
        super().__init__(name, documentation, labels, registry=registry)
        self._series: dict[tuple[str, ...], memoryview[float]] = {}

    @property
    def length(self) -> int:
        """One for each bound, one for what is above all of them, and the sum."""
        return len(self.bounds) + 2

    def observe(self, value: float, *labels: str) -> None:
        """One more, of `value`."""
        try:
            numbers = self._series[labels]
        except KeyError:
            numbers = self._begun(labels)
        numbers[bisect_left(SECONDS, value)] += 1
        numbers[-1] += value

    def move(self, cells: Cells, before: Cells, moved: dict[tuple[str, tuple[str, ...]], int]) -> None:
        """As `Family.move`."""
        self._series.clear()
        super().move(cells, before, moved)

    def _begun(self, labels: tuple[str, ...]) -> "memoryview[float]":
        """The numbers of a series alone, so that each observation does not look for them among all."""
        at = self._place(labels) if labels not in self._at else self._at[labels]
        numbers = self._numbers[at : at + self.length]
        if labels in self._at:
            self._series[labels] = numbers
        return numbers
