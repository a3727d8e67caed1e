"""Buckets of one per cent beside the exact answer."""

from random import Random

import pytest

from tests.bench.rows import percentile
from ue_sim.load.latencies import Latencies


def test_percentiles_are_right_within_one_per_cent() -> None:
    chance, times = Random(1), Latencies()
    exact = sorted(chance.lognormvariate(-5, 2) for _ in range(10_000))
    for seconds in exact:
        times.add(seconds)
    for share in (0.0, 0.5, 0.99, 0.999, 1.0):
        assert times.percentile_ms(share) == pytest.approx(percentile(exact, share) * 1e3, rel=0.01)
    assert len(times.buckets) < 2_000


def test_times_of_several_processes_are_one() -> None:
    one, other = Latencies(), Latencies()
    one.add(0.001)
    other.add(0.003)
    other.add(0.004)
    one.update(other)
    assert one.percentile_ms(0.5) == pytest.approx(3, rel=0.01)
    assert Latencies(one.buckets).percentile_ms(0.3) == pytest.approx(1, rel=0.01)


def test_nothing_has_no_percentile_and_no_time_is_a_time() -> None:
    times = Latencies()
    assert times.percentile_ms(0.5) is None
    times.add(0.0)
    assert times.percentile_ms(0.5) == pytest.approx(1e-6, rel=0.01)
