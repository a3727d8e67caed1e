"""The counts of all processes of one daemon together, those of processes that have ended among them."""

import os
from collections.abc import Mapping, Sequence
from math import inf

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric

from runtime.metrics.cells import Cells, shareable
from runtime.metrics.families import REGISTRY, Family, Registry

Series = dict[tuple[str, ...], list[float]]

Sources = Sequence[Mapping[str, Series]]

METRICS_FD = "AKADIA_METRICS_FD"
"""The environment variable that names the inherited memory in which a worker counts."""


class Tally:
    """What `registry` knows, counted by this process and by all that it keeps memory for."""

    def __init__(self, registry: Registry = REGISTRY) -> None:
        self._registry = registry
        self._open: dict[int, Cells] = {}
        self._ended: dict[str, Series] = {}

    def open(self) -> int:
        """A descriptor for a process to be started; OSError when there can be none."""
        descriptor = shareable()
        self._open[descriptor] = Cells(descriptor)
        return descriptor

    def close(self, descriptor: int) -> None:
        """That process has ended: its counts are kept, its gauges are not."""
        cells = self._open.pop(descriptor, None)
        if cells is None:
            return
        for name, series in self._read(cells).items():
            if self._registry.families[name].kind != "gauge":
                _join(self._registry.families[name], self._ended.setdefault(name, {}), series)
        cells.close()
        os.close(descriptor)

    def sources(self) -> Sources:
        """The numbers of this moment, of each process and of all that have ended; quick, and for the loop's thread."""
        self._registry.take_samples()
        ended = {
            name: {labels: [*numbers] for labels, numbers in series.items()} for name, series in self._ended.items()
        }
        return [ended, *(self._read(cells) for cells in (self._registry.cells, *self._open.values()))]

    def families(self, sources: Sources | None = None) -> list[Metric]:
        """Every family, also one of which nothing has been counted yet; with `sources` any thread may ask."""
        found = self.sources() if sources is None else sources
        return [_exposed(family, _together(family, found)) for family in tuple(self._registry.families.values())]

    def _read(self, cells: Cells) -> dict[str, Series]:
        found: dict[str, Series] = {}
        for one in cells.series():
            family = self._registry.families.get(one.family)
            if family is not None:
                numbers = list(cells.numbers[one.at : one.at + family.length])
                found.setdefault(one.family, {})[one.labels] = numbers
        return found


def share_with_parent(environment: Mapping[str, str] = os.environ, registry: Registry = REGISTRY) -> None:
    """Count where the parent reads, if there is one that does."""
    text = environment.get(METRICS_FD, "")
    if text.isdecimal():
        registry.share(int(text))


def _together(family: Family, sources: Sources) -> Series:
    found: Series = {}
    for source in sources:
        _join(family, found, source.get(family.name, {}))
    if not found and not family.labels:
        found[()] = [0.0] * family.length
    return found


def _join(family: Family, into: Series, series: Series) -> None:
    for labels, numbers in series.items():
        known = into.get(labels)
        if known is None:
            into[labels] = numbers
        elif family.together == "sum":
            into[labels] = [a + b for a, b in zip(known, numbers, strict=True)]
        else:
            into[labels] = [(min if family.together == "min" else max)(known[0], numbers[0])]


def _exposed(family: Family, series: Series) -> Metric:
    if family.kind == "histogram":
        histogram = HistogramMetricFamily(family.name, family.documentation, labels=family.labels)
        for labels, numbers in series.items():
            histogram.add_metric(labels, _cumulative(family.bounds, numbers), numbers[-1])
        return histogram
    kind = CounterMetricFamily if family.kind == "counter" else GaugeMetricFamily
    metric = kind(family.name, family.documentation, labels=family.labels)
    for labels, (value,) in series.items():
        metric.add_metric(labels, value)
    return metric


def _cumulative(bounds: tuple[float, ...], numbers: list[float]) -> list[tuple[str, float]]:
    total, buckets = 0.0, []
    for bound, number in zip((*bounds, inf), numbers, strict=False):
        total += number
        buckets.append(("+Inf" if bound == inf else repr(bound), total))
    return buckets
