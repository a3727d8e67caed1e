"""What a daemon shows at /metrics, read back: for people at a terminal, who have no Prometheus at hand."""

import http.client
from collections.abc import Mapping

from prometheus_client.parser import text_string_to_metric_families

from runtime.config import ConfigError, SocketAddress

LIMIT = 5.0
"""Seconds for an answer."""

_ANYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}


class Readings:
    """The samples of one answer."""

    def __init__(self, text: str) -> None:
        self._samples = [sample for family in text_string_to_metric_families(text) for sample in family.samples]

    def value(self, name: str, **labels: str) -> float:
        """The sum of all samples of that name that have these labels among theirs."""
        return sum(
            sample.value for sample in self._samples if sample.name == name and labels.items() <= sample.labels.items()
        )

    def by(self, name: str, label: str) -> Mapping[str, float]:
        """The sums of that name by the values of one label, the largest first."""
        found = {sample.labels[label] for sample in self._samples if sample.name == name and label in sample.labels}
        sums = {value: self.value(name, **{label: value}) for value in found}
        return dict(sorted(sums.items(), key=lambda item: (-item[1], item[0])))

    def quantile(self, name: str, share: float, **labels: str) -> float | None:
        """Seconds within which `share` of all was done, as Prometheus's histogram_quantile says it; None of nothing."""
        bounds = sorted((float(bound), count) for bound, count in self._buckets(name, labels).items())
        total = bounds[-1][1] if bounds else 0.0
        if not total:
            return None
        below, before = 0.0, 0.0
        for bound, count in bounds:
            if count >= share * total:
                # of what is above all bounds nothing is known but that
                within = (share * total - before) / (count - before)
                return below if bound == float("inf") else below + (bound - below) * within
            below, before = bound, count
        return below

    def _buckets(self, name: str, labels: Mapping[str, str]) -> dict[str, float]:
        sums: dict[str, float] = {}
        for sample in self._samples:
            if sample.name == f"{name}_bucket" and labels.items() <= sample.labels.items():
                sums[sample.labels["le"]] = sums.get(sample.labels["le"], 0.0) + sample.value
        return sums


def read(address: SocketAddress) -> Readings:
    """Ask the daemon that listens at `address`; ConfigError when nobody answers there, or another program does."""
    connection = http.client.HTTPConnection(_ANYWHERE.get(address.host, address.host), address.port, timeout=LIMIT)
    try:
        connection.request("GET", "/metrics")
        answer = connection.getresponse()
        text = answer.read().decode(errors="replace")
    except (OSError, http.client.HTTPException) as error:
        raise ConfigError(f"http://{address}/metrics does not answer: {error}; does the daemon run?") from None
    finally:
        connection.close()
    if answer.status != 200:
        raise ConfigError(f"http://{address}/metrics answers {answer.status}: {text.strip()}")
    try:
        return Readings(text)
    except ValueError:
        raise ConfigError(
            f"http://{address}/metrics answers with no metrics; see which program listens there"
        ) from None
