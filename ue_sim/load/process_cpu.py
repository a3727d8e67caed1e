"""How much CPU a process has used with all that it has begun, as Linux tells it in /proc."""

import os
from contextlib import suppress
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")


def family_cpu_seconds(pid: int) -> float:
    """CPU of a process, its descendants and its children that have ended; 0 when there is no such process."""
    children = ""
    with suppress(OSError):
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="utf-8")
    return _used(pid) + sum(family_cpu_seconds(int(child)) for child in children.split())


def _used(pid: int) -> float:
    with suppress(OSError):
        # the name in parentheses may hold blanks
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
        return sum(map(int, fields[11:15])) / _TICKS
    return 0.0
