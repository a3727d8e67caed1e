"""The clock counts milliseconds from 2026 on."""

from datetime import UTC, datetime

from hss.counting.wall_clock import wall_clock_ms


def test_clock_counts_from_2026() -> None:
    elapsed = (datetime.now(UTC) - datetime(2026, 1, 1, tzinfo=UTC)).total_seconds() * 1000
    assert abs(wall_clock_ms() - elapsed) < 5000
