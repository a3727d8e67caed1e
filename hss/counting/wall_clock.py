"""The clock on the wall, as time-based SEQs count it."""

import time

from hss.counting.time_based import EPOCH_MS


def wall_clock_ms() -> int:
    """Milliseconds since 2026-01-01 UTC."""
    return time.time_ns() // 1_000_000 - EPOCH_MS
