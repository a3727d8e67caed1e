"""The HSS as a daemon: SWx for AAA servers and S6a for MMEs, and the same service for an AAA server in this process."""

import asyncio
from contextlib import AsyncExitStack
from pathlib import Path

from hss.config import HssConfig
from hss.faces.diameter import Faces
from hss.opened_store import open_store
from hss.rest.config import ApiConfig
from hss.rest.opening import api_server
from hss.store.location import describe
from runtime.config import CaptureConfig, NetworkConfig, SocketAddress, read_config
from runtime.log_setup import set_up
from runtime.logs import get_logger
from runtime.metrics.config import MetricsConfig
from runtime.metrics.exposing import exposing
from runtime.process import notify_ready, run

log = get_logger("hss.app")


def main(path: Path) -> int:
    """`akadia hss serve`: serve until told to stop; the exit code."""
    config = read_config(path)
    set_up(config)
    hss = config.section("hss", HssConfig)
    api = config.optional("hss.api", ApiConfig)
    apn = config.section("network", NetworkConfig).apn if api is not None else ""
    folder = config.section("capture", CaptureConfig).folder
    metrics = config.optional("hss.metrics", MetricsConfig)
    return run(
        lambda stop: serve(
            hss, stop, config_path=path, capture_folder=folder, api=api, default_apn=apn, metrics=metrics
        ),
        hangup_stops=False,
    )


async def serve(
    config: HssConfig,
    stop: asyncio.Event,
    *,
    config_path: Path | str = "FILE",
    capture_folder: Path | None = None,
    api: ApiConfig | None = None,
    default_apn: str = "",
    metrics: MetricsConfig | None = None,
) -> None:
    """Serve SWx and S6a, and the REST API and metrics if they are wanted, until `stop` is set.

    Then let every peer know and commit what waits.
    """
    async with open_store(config, config_path) as store, AsyncExitStack() as stack:
        await stack.enter_async_context(exposing(metrics, "hss.metrics"))
        faces = Faces(
            config, store.database, store.service, capture_folder=capture_folder, config_path=Path(config_path)
        )
        stack.push_async_callback(faces.close)
        host, port = await faces.open()
        listening = {"swx": f"{host}:{port}"}
        if api is not None:
            server = api_server(api, store, config.database, default_apn=default_apn, changed=faces.wake)
            stack.push_async_callback(server.close)
            host, port = await server.open()
            listening["api"] = f"https://{SocketAddress(host, port)}"
        log.info("hss ready", **listening, peers=len(config.peer), database=describe(config.database))
        notify_ready()
        await stop.wait()
