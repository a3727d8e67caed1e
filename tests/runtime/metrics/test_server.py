"""Metrics over HTTP, on a real socket."""

import asyncio
import http.client
from collections.abc import AsyncIterator

import pytest
from structlog.testing import capture_logs

from runtime.metrics.config import MetricsConfig
from runtime.metrics.families import Counter, Gauge, Registry
from runtime.metrics.server import MetricsServer, keep_sampling
from runtime.metrics.tally import Tally
from runtime.taps import Address
from tests.runtime.metrics.exposed import Scraped

pytestmark = pytest.mark.stack


@pytest.fixture(name="registry")
def _registry() -> Registry:
    return Registry()


@pytest.fixture(name="address")
async def _address(registry: Registry) -> AsyncIterator[Address]:
    config = MetricsConfig.model_validate({"listen": "127.0.0.1:0", "connections": 2})
    server = MetricsServer(config, "aaa.metrics", Tally(registry))
    yield await server.open()
    await server.close()


def asked(address: Address, method: str, path: str, **headers: str) -> tuple[int, str, str]:
    connection = http.client.HTTPConnection(*address, timeout=10)
    try:
        connection.request(method, path, headers=headers)
        answer = connection.getresponse()
        return answer.status, answer.headers["content-type"], answer.read().decode()
    finally:
        connection.close()


async def test_both_formats_are_what_their_parsers_take(registry: Registry, address: Address) -> None:
    counter = Counter("requests", 'With "quotes", a \\ and a\nline end.', ("peer",), registry=registry)
    counter.count('a "b"\\\n')
    status, kind, text = await asyncio.to_thread(asked, address, "GET", "/metrics")
    assert (status, kind.split(";")[0]) == (200, "text/plain")
    assert Scraped(text).value("requests_total", peer='a "b"\\\n') == 1
    accept = "application/openmetrics-text; version=1.0.0"
    status, kind, text = await asyncio.to_thread(asked, address, "GET", "/metrics", Accept=accept)
    assert (status, kind.split(";")[0]) == (200, "application/openmetrics-text")
    assert Scraped(text, openmetrics=True).value("requests_total", peer='a "b"\\\n') == 1


async def test_gauges_are_of_the_moment_of_the_question(registry: Registry, address: Address) -> None:
    gauge, waiting = Gauge("waiting", "W.", registry=registry), [1, 2, 3]
    registry.sample("waiting", lambda: gauge.set(len(waiting)))
    _, _, text = await asyncio.to_thread(asked, address, "GET", "/metrics")
    assert Scraped(text).value("waiting") == 3


@pytest.mark.parametrize(
    ("method", "path", "status"), [("GET", "/", 404), ("POST", "/metrics", 405), ("HEAD", "/metrics", 200)]
)
async def test_nothing_else_is_served(address: Address, method: str, path: str, status: int) -> None:
    assert (await asyncio.to_thread(asked, address, method, path))[0] == status


async def test_one_connection_too_many_is_closed_with_a_line(address: Address) -> None:
    with capture_logs() as lines:
        kept = [await asyncio.open_connection(*address) for _ in range(2)]
        reader, writer = await asyncio.open_connection(*address)
        assert await asyncio.wait_for(reader.read(), 5) == b""
        writer.close()
    assert [line["cause"] for line in lines] == ["too many connections: 2 are there"]
    for _, each in kept:
        each.close()


async def test_what_fails_is_answered_and_told(
    registry: Registry, address: Address, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken() -> None:
        raise LookupError("no such pool")

    registry.sample("broken", broken)
    with capture_logs() as lines:
        status, _, _ = await asyncio.to_thread(asked, address, "GET", "/metrics")
    assert status == 500
    assert [line["event"] for line in lines] == ["metrics not given"]


async def test_worker_samples_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("runtime.metrics.server.SAMPLED_EVERY", 0.01)
    registry, samples = Registry(), asyncio.Semaphore(0)
    registry.sample("s", samples.release)
    sampling = asyncio.create_task(keep_sampling(registry))
    for _ in range(3):
        await asyncio.wait_for(samples.acquire(), 5)
    sampling.cancel()
