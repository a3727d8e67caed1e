"""Metrics over HTTP: GET /metrics, in the text format of Prometheus or as OpenMetrics, whichever is asked for."""

import asyncio
import time
from collections.abc import Iterable
from dataclasses import dataclass

from prometheus_client.core import Metric
from prometheus_client.exposition import choose_encoder
from starlette.types import Receive, Scope, Send
from uvicorn import Config
from uvicorn.server import ServerState

from runtime.http_connections import FIRST_REQUEST, protocol
from runtime.listening import naming
from runtime.logs import get_logger
from runtime.metrics.config import MetricsConfig
from runtime.metrics.families import REGISTRY, Histogram, Registry
from runtime.metrics.tally import Tally
from runtime.taps import Address

log = get_logger("runtime.metrics")

IDLE_SECONDS = 75
"""How long a connection may be there between two requests: longer than the minute between two looks of Prometheus."""
HEAD_MAX = 8192
"""Octets of a request's head."""
SAMPLED_EVERY = 1.0
"""Seconds between two samples of a worker's gauges; its parent reads what they were."""

_TEXT = ((b"content-type", b"text/plain; charset=utf-8"),)

SCRAPES = Histogram("akadia_metrics_scrape_seconds", "How long it took to put together what was asked for here.")


class MetricsServer:
    """Listens from `open` to `close`, inside a running loop; `section` is where the file has `config`."""

    def __init__(self, config: MetricsConfig, section: str, tally: Tally) -> None:
        self._config = config
        self._section = section
        self._tally = tally
        self._state = ServerState()
        self._listener: asyncio.Server | None = None

    async def open(self) -> Address:
        """Listen; the address. OSError when the port is taken."""
        settings = Config(
            self._serve,
            interface="asgi3",
            http="h11",
            proxy_headers=False,
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            timeout_keep_alive=IDLE_SECONDS,
            h11_max_incomplete_event_size=HEAD_MAX,
        )
        settings.load()
        made = protocol(self._config, self._section, log)
        with naming(self._config.listen):
            self._listener = await asyncio.get_running_loop().create_server(
                lambda: made(settings, self._state, {}), *self._config.listen
            )
        bound = self._listener.sockets[0].getsockname()
        address = str(bound[0]), int(bound[1])
        log.info("metrics ready", listen=f"http://{self._config.listen.host}:{address[1]}/metrics")
        return address

    async def close(self) -> None:
        """Answer what was asked, then end."""
        if self._listener is not None:
            self._listener.close()
        for connection in list(self._state.connections):
            connection.shutdown()
        if self._state.tasks:
            await asyncio.wait(list(self._state.tasks), timeout=FIRST_REQUEST)

    async def _serve(self, scope: Scope, _receive: Receive, send: Send) -> None:
        try:
            await self._answer(scope, send)
        except Exception as error:
            log.exception("metrics not given", cause=repr(error))
            await _answer(send, 500, _TEXT, b"the log of the daemon says why\n")

    async def _answer(self, scope: Scope, send: Send) -> None:
        if scope["path"] != "/metrics":
            await _answer(send, 404, _TEXT, b"metrics are at /metrics\n")
        elif scope["method"] not in {"GET", "HEAD"}:
            await _answer(send, 405, (*_TEXT, (b"allow", b"GET, HEAD")), b"only GET and HEAD are answered\n")
        else:
            accept = b",".join(value for name, value in scope["headers"] if name == b"accept").decode("latin-1")
            await _answer(send, 200, *await self._written(accept))

    async def _written(self, accept: str) -> tuple[tuple[tuple[bytes, bytes], ...], bytes]:
        began = time.perf_counter()
        encode, kind = choose_encoder(accept)
        sources = self._tally.sources()
        # thousands of series take their time to be written, in which the loop serves others
        body = await asyncio.to_thread(lambda: encode(_Snapshot(self._tally.families(sources))))
        SCRAPES.observe(time.perf_counter() - began)
        return ((b"content-type", kind.encode()),), body


@dataclass(frozen=True, slots=True)
class _Snapshot:
    """A registry to prometheus_client."""

    families: list[Metric]

    def collect(self) -> Iterable[Metric]:
        """What there is."""
        return self.families


async def _answer(send: Send, status: int, headers: tuple[tuple[bytes, bytes], ...], body: bytes) -> None:
    length = (b"content-length", str(len(body)).encode())
    await send({"type": "http.response.start", "status": status, "headers": [*headers, length]})
    await send({"type": "http.response.body", "body": body})


async def keep_sampling(registry: Registry = REGISTRY) -> None:
    """Set the gauges of a process that a parent reads, until it is cancelled."""
    while True:
        registry.take_samples()
        await asyncio.sleep(SAMPLED_EVERY)
