"""Metrics for as long as a daemon lives: over HTTP, or in the memory that a parent reads."""

import asyncio
import resource
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from runtime.metrics.config import MetricsConfig
from runtime.metrics.families import REGISTRY, Counter, Gauge
from runtime.metrics.server import MetricsServer, keep_sampling
from runtime.metrics.tally import Tally
from runtime.worker import Worker

CPU = Counter("akadia_process_cpu_seconds", "CPU time that the processes of this daemon have used.")
MEMORY = Gauge("akadia_process_peak_memory_bytes", "The most memory that the processes of this daemon have had.")
PROCESSES = Gauge("akadia_processes", "Processes that serve.")


@asynccontextmanager
async def exposing(config: MetricsConfig | None, section: str, worker: Worker | None = None) -> AsyncIterator[None]:
    """Answer at the address of `config`, or as a `worker` leave it to the parent. OSError when the port is taken."""
    process = _Process()
    REGISTRY.sample(process, process.sample)
    try:
        if worker is not None:
            sampling = asyncio.create_task(keep_sampling())
            try:
                yield
            finally:
                sampling.cancel()
        elif config is not None:
            server = MetricsServer(config, section, Tally())
            await server.open()
            try:
                yield
            finally:
                await server.close()
        else:
            yield
    finally:
        REGISTRY.forget(process)


class _Process:
    """What this process has used."""

    def __init__(self) -> None:
        self._counted = 0.0

    def sample(self) -> None:
        """Count it."""
        used = time.process_time()
        CPU.add(used - self._counted)
        self._counted = used
        # the kernel counts in units of 1024 octets
        MEMORY.set(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024)
        PROCESSES.set(1)
