"""Metrics for as long as a daemon lives."""

import asyncio
import http.client
from urllib.parse import urlsplit

import pytest
from structlog.testing import capture_logs

from runtime.metrics.config import MetricsConfig
from runtime.metrics.exposing import CPU, MEMORY, exposing
from runtime.metrics.families import REGISTRY
from runtime.worker import Worker
from tests.runtime.metrics.exposed import Scraped

pytestmark = pytest.mark.stack


def read(port: int) -> Scraped:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request("GET", "/metrics")
    text = connection.getresponse().read().decode()
    connection.close()
    return Scraped(text)


async def test_daemon_shows_its_own_processes() -> None:
    config = MetricsConfig.model_validate({"listen": "127.0.0.1:0"})
    with capture_logs() as lines:
        async with exposing(config, "aaa.metrics"):
            port = urlsplit(lines[0]["listen"]).port or 0
            found = await asyncio.to_thread(read, port)
    assert found.value("akadia_processes") == 1
    assert found.value("akadia_process_cpu_seconds_total") > 0
    assert found.value("akadia_process_peak_memory_bytes") > 10_000_000
    assert [line["event"] for line in lines] == ["metrics ready"]
    with pytest.raises(OSError, match="refused"):
        await asyncio.to_thread(read, port)


async def test_worker_samples_for_its_parent_and_listens_nowhere() -> None:
    MEMORY.set(0)
    async with exposing(None, "aaa.metrics", Worker(1, 1)):
        await asyncio.sleep(0)
        assert MEMORY.value() > 0


async def test_without_a_section_nothing_is_shown() -> None:
    async with exposing(None, "aaa.metrics"):
        REGISTRY.take_samples()
        counted = CPU.value()
    REGISTRY.take_samples()
    assert CPU.value() == counted > 0
