"""What is read back from /metrics."""

import asyncio
import socket
from collections.abc import AsyncIterator

import pytest
from prometheus_client.exposition import generate_latest

from runtime.config import ConfigError, SocketAddress
from runtime.metrics.config import MetricsConfig
from runtime.metrics.families import Counter, Histogram, Registry
from runtime.metrics.reading import Readings, read
from runtime.metrics.server import MetricsServer
from runtime.metrics.tally import Tally
from tests.runtime.metrics.exposed import Snapshot

pytestmark = pytest.mark.stack


def readings(registry: Registry) -> Readings:
    return Readings(generate_latest(Snapshot(Tally(registry))).decode())


def test_sums_are_by_the_labels_that_are_asked_for() -> None:
    registry = Registry()
    counter = Counter("rounds", "R.", ("client", "answer"), registry=registry)
    for client, answer, count in (("a", "accept", 1), ("b", "accept", 5), ("b", "reject", 2)):
        counter.add(count, client, answer)
    found = readings(registry)
    assert found.value("rounds_total", answer="accept") == 6
    assert found.by("rounds_total", "client") == {"b": 7, "a": 1}
    assert list(found.by("rounds_total", "client")) == ["b", "a"]
    assert found.by("nothing_total", "client") == {}


@pytest.mark.parametrize(
    ("observed", "share", "wanted"),
    [
        ((), 0.5, None),
        ((0.0005, 0.0005), 0.5, 0.0005),
        ((0.003, 0.003, 0.003, 0.003), 0.5, 0.00375),
        ((0.0005, 0.0005, 0.003, 0.003), 0.75, 0.00375),
        ((99.0,), 0.99, 10.0),
    ],
)
def test_quantile_is_that_of_prometheus(observed: tuple[float, ...], share: float, wanted: float | None) -> None:
    registry = Registry()
    histogram = Histogram("seconds", "S.", ("request",), registry=registry)
    for value in observed:
        histogram.observe(value, "vectors")
    found = readings(registry).quantile("seconds", share, request="vectors")
    assert found == (None if wanted is None else pytest.approx(wanted))
    assert readings(registry).quantile("seconds", share, request="other") is None


@pytest.fixture(name="server")
async def _server() -> AsyncIterator[tuple[Registry, SocketAddress]]:
    registry = Registry()
    server = MetricsServer(MetricsConfig.model_validate({"listen": "127.0.0.1:0"}), "aaa.metrics", Tally(registry))
    yield registry, SocketAddress("0.0.0.0", (await server.open())[1])
    await server.close()


async def test_daemon_is_asked(server: tuple[Registry, SocketAddress]) -> None:
    registry, address = server
    Counter("rounds", "R.", registry=registry).count()
    assert (await asyncio.to_thread(read, address)).value("rounds_total") == 1

    def broken() -> None:
        raise LookupError("no such pool")

    registry.sample("broken", broken)
    with pytest.raises(ConfigError, match="answers 500: the log of the daemon says why"):
        await asyncio.to_thread(read, address)


def test_nobody_there_is_told() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with pytest.raises(ConfigError, match=r"does not answer: .*refused; does the daemon run"):
        read(SocketAddress("127.0.0.1", port))


@pytest.mark.parametrize("body", [b"<html>hello</html>", b"\xff\xfe", b"a b c d"])
def test_another_program_there_is_told(monkeypatch: pytest.MonkeyPatch, body: bytes) -> None:
    class Answer:
        status = 200

        def read(self) -> bytes:
            return body

    monkeypatch.setattr("http.client.HTTPConnection.request", lambda *_: None)
    monkeypatch.setattr("http.client.HTTPConnection.getresponse", lambda _: Answer())
    with pytest.raises(ConfigError, match="answers with no metrics; see which program listens there"):
        read(SocketAddress("127.0.0.1", 9))
