"""What the figures were measured on."""

import hashlib
import os
import platform
import subprocess
import time
from pathlib import Path
from statistics import median

from tests.postgres import binaries

_TRIES = 200
_BLOCK = bytes(4096)
_PROBES = 20_000


def describe(folder: Path) -> dict[str, str]:
    """The machine; `folder` is on the disk that the stores are on."""
    return {
        "cpu": _cpu_model(),
        "cores": str(len(os.sched_getaffinity(0))),
        "python": platform.python_version(),
        "kernel": platform.release(),
        "postgresql": _postgresql(),
        "fdatasync": f"{fdatasync_us(folder):.0f} us",
    }


def as_line(machine: dict[str, str]) -> str:
    """The machine in one line."""
    return ", ".join(
        (
            machine["cpu"],
            f"{machine['cores']} cores",
            f"Python {machine['python']}",
            f"kernel {machine['kernel']}",
            f"PostgreSQL {machine['postgresql']}",
            f"fdatasync {machine['fdatasync']}",
        )
    )


def fdatasync_us(folder: Path) -> float:
    """How long the disk of `folder` takes to keep 4 KiB that were added to a file, in microseconds."""
    path = folder / "fdatasync"
    times = []
    with path.open("wb", buffering=0) as file:
        for _ in range(_TRIES):
            file.write(_BLOCK)
            began = time.perf_counter()
            os.fdatasync(file.fileno())
            times.append(time.perf_counter() - began)
    path.unlink()
    return median(times) * 1e6


def probe_us() -> float:
    """CPU that a fixed piece of work takes now, in microseconds: neighbours on the same core make it more."""
    began = time.process_time()
    digest = b""
    for number in range(_PROBES):
        digest = hashlib.sha256(digest + number.to_bytes(4, "big")).digest()
    return (time.process_time() - began) * 1e6 / _PROBES


def _cpu_model() -> str:
    for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        name, _, value = line.partition(":")
        if name.strip() == "model name":
            return value.strip()
    return platform.machine()


def _postgresql() -> str:
    found = binaries()
    if found is None:
        return "none"
    said = subprocess.run([found / "postgres", "--version"], capture_output=True, text=True, check=True)
    return said.stdout.split()[2]
