"""The counts of several processes together, and of those that have ended."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from prometheus_client.exposition import generate_latest

from runtime.metrics.families import Counter, Gauge, Histogram, Registry
from runtime.metrics.tally import METRICS_FD, Tally, share_with_parent
from tests.runtime.metrics.exposed import Scraped, Snapshot

ROOT = Path(__file__).resolve().parents[3]

WORKER = """
import os, signal, sys
sys.path.insert(0, sys.argv[1])
from runtime.metrics.families import REGISTRY, Counter
from runtime.metrics.tally import share_with_parent
requests = Counter("requests", "R.", ("peer",))
share_with_parent()
for _ in range(int(sys.argv[2])):
    requests.count("a")
os.kill(os.getpid(), signal.SIGKILL)
"""


class Process:
    """A registry with the same families in each."""

    def __init__(self) -> None:
        self.registry = Registry()
        self.requests = Counter("requests", "R.", ("peer",), registry=self.registry)
        self.seconds = Histogram("seconds", "S.", registry=self.registry)
        self.waiting = Gauge("waiting", "W.", registry=self.registry)
        self.up = Gauge("up", "U.", ("server",), together="min", registry=self.registry)


def scraped(tally: Tally) -> Scraped:
    return Scraped(generate_latest(Snapshot(tally)).decode())


def test_processes_are_summed_and_those_that_ended_still_count() -> None:
    parent = Process()
    tally = Tally(parent.registry)
    workers, descriptors = [Process(), Process()], [tally.open(), tally.open()]
    for worker, descriptor, up in zip(workers, descriptors, (1, 0), strict=True):
        share_with_parent({METRICS_FD: str(descriptor)}, worker.registry)
        worker.requests.count("a")
        worker.seconds.observe(0.002)
        worker.waiting.set(4)
        worker.up.set(up, "s")
    found = scraped(tally)
    assert found.value("requests_total", peer="a") == 2
    assert found.value("seconds_bucket", le="0.001") == 0
    assert found.value("seconds_bucket", le="0.0025") == found.value("seconds_bucket", le="+Inf") == 2
    assert found.value("seconds_count") == 2
    assert found.value("seconds_sum") == pytest.approx(0.004)
    assert (found.value("waiting"), found.value("up", server="s")) == (8, 0)
    tally.close(descriptors[1])
    found = scraped(tally)
    assert (found.value("requests_total", peer="a"), found.value("seconds_count")) == (2, 2)
    assert (found.value("waiting"), found.value("up", server="s")) == (4, 1)
    tally.close(descriptors[0])
    tally.close(descriptors[0])
    assert scraped(tally).value("requests_total") == 2


def test_family_that_nothing_was_counted_of_is_shown_as_zero_where_it_has_no_labels() -> None:
    found = scraped(Tally(Process().registry))
    assert {"waiting", "seconds_count"} <= found.names()
    assert "requests_total" not in found.names()


def test_nothing_that_a_killed_process_counted_is_lost() -> None:
    registry = Registry()
    Counter("requests", "R.", ("peer",), registry=registry)
    tally = Tally(registry)
    descriptor = tally.open()
    ended = subprocess.run(
        [sys.executable, "-c", WORKER, str(ROOT), "1234"],
        env={**os.environ, METRICS_FD: str(descriptor)},
        pass_fds=(descriptor,),
        check=False,
    )
    assert ended.returncode == -9
    tally.close(descriptor)
    assert scraped(tally).value("requests_total", peer="a") == 1234


def test_process_without_a_parent_counts_for_itself() -> None:
    one = Process()
    before = one.registry.cells
    share_with_parent({}, one.registry)
    assert one.registry.cells is before
