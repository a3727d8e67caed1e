"""Counters, gauges and histograms, and how many series there may be."""

import os

import pytest
from structlog.testing import capture_logs

from runtime.metrics import families
from runtime.metrics.cells import Cells, shareable
from runtime.metrics.families import Counter, Gauge, Histogram, Registry


def test_each_series_counts_for_itself() -> None:
    registry = Registry()
    counter = Counter("requests", "R.", ("peer",), registry=registry)
    counter.count("a")
    counter.count("a")
    counter.add(2.5, "b")
    assert (counter.value("a"), counter.value("b"), counter.value("c")) == (2, 2.5, 0)


def test_histogram_has_what_is_at_most_its_bound() -> None:
    registry = Registry()
    histogram = Histogram("seconds", "S.", registry=registry)
    for value in (0.001, 0.0011, 99.0):
        histogram.observe(value)
    (one,) = registry.cells.series()
    numbers = list(registry.cells.numbers[one.at : one.at + histogram.length])
    assert numbers[:2] == [1, 1]
    assert numbers[-2:] == [1, pytest.approx(99.0021)]
    assert histogram.value() == 3


def test_gauge_is_what_it_was_last() -> None:
    gauge = Gauge("waiting", "W.", registry=Registry())
    gauge.set(7)
    gauge.set(3)
    assert gauge.value() == 3


def test_number_of_series_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(families, "SERIES", 3)
    registry = Registry()
    counter = Counter("requests", "R.", ("peer", "code"), registry=registry)
    for number in range(1000):
        counter.count(str(number), "x")
    assert [one.labels for one in registry.cells.series()] == [("0", "x"), ("1", "x"), ("2", "x"), ("other", "other")]
    assert counter.value("other", "other") == 997


def test_no_room_is_told_once_and_hurts_nobody_else(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("runtime.metrics.cells.NUMBERS", 33)
    registry = Registry()
    counter = Counter("requests", "R.", ("peer",), registry=registry)
    histogram = Histogram("seconds", "S.", registry=registry)
    with capture_logs() as lines:
        for peer in "abc":
            counter.count(peer)
        histogram.observe(100)
    assert counter.value("a") == 1
    assert [line["at"] for line in lines] == ["requests"]


def test_two_families_of_one_name_and_labels_that_do_not_fit_are_faults() -> None:
    registry = Registry()
    counter = Counter("requests", "R.", ("peer",), registry=registry)
    with pytest.raises(ValueError, match="two families"):
        Gauge("requests", "R.", registry=registry)
    with pytest.raises(ValueError, match="has the labels"):
        counter.count("a", "b")


def test_what_was_counted_comes_along_into_the_memory_of_a_parent() -> None:
    registry, descriptor = Registry(), shareable()
    counter = Counter("requests", "R.", ("peer",), registry=registry)
    histogram = Histogram("seconds", "S.", registry=registry)
    counter.count("a")
    histogram.observe(0.5)
    registry.share(descriptor)
    counter.count("a")
    counter.count("b")
    parent = Cells(descriptor)
    seen = {one.labels: parent.numbers[one.at] for one in parent.series() if one.family == "requests"}
    assert seen == {("a",): 2, ("b",): 1}
    assert histogram.value() == 1
    os.close(descriptor)


def test_sampler_is_asked_until_it_is_forgotten() -> None:
    registry = Registry()
    gauge = Gauge("open", "O.", registry=registry)
    owner = object()
    registry.sample(owner, lambda: gauge.set(gauge.value() + 1))
    registry.take_samples()
    registry.forget(owner)
    registry.take_samples()
    assert gauge.value() == 1
