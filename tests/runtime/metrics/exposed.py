"""What a process would show at /metrics, read back by the parser of prometheus_client."""

from collections.abc import Iterable, Mapping

from prometheus_client.core import Metric
from prometheus_client.openmetrics.parser import text_string_to_metric_families as openmetrics_families
from prometheus_client.parser import text_string_to_metric_families

from runtime.metrics.tally import Tally


class Snapshot:
    """A registry of prometheus_client's."""

    def __init__(self, tally: Tally | None = None) -> None:
        self.families = (tally or Tally()).families()

    def collect(self) -> Iterable[Metric]:
        """All of them."""
        return self.families


class Scraped:
    """One answer; the parser refuses what is not in the format."""

    def __init__(self, text: str, *, openmetrics: bool = False) -> None:
        parse = openmetrics_families if openmetrics else text_string_to_metric_families
        self.samples = [sample for family in parse(text) for sample in family.samples]

    def value(self, name: str, **labels: str) -> float:
        """The sum of all samples of that name that have these labels among theirs."""
        return sum(
            sample.value for sample in self.samples if sample.name == name and labels.items() <= sample.labels.items()
        )

    def names(self) -> set[str]:
        """Of every sample."""
        return {sample.name for sample in self.samples}

    def series(self, name: str) -> list[Mapping[str, str]]:
        """The labels of every sample of that name."""
        return [sample.labels for sample in self.samples if sample.name == name]
