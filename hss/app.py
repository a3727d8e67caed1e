"""The HSS as a daemon: SWx for AAA servers and S6a for MMEs, and the same service for an AAA server in this process."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from hss import schema
from hss.api import ServiceRefused
from hss.config import HssConfig
from hss.custody import Custodian
from hss.database import Database
from hss.faces import Faces
from hss.location import describe
from hss.master_key import open_master
from hss.service import HssService
from hss.store_errors import StoreUnavailable
from hss.wall_clock import wall_clock_ms
from runtime.config import CaptureConfig, LogConfig, read_config
from runtime.logs import configure, get_logger
from runtime.process import notify_ready, run

log = get_logger("hss.app")


def main(path: Path) -> int:
    """`akadia hss serve`: serve until told to stop; the exit code."""
    config = read_config(path)
    settings = config.section("log", LogConfig)
    configure(settings.level, settings.format)
    hss = config.section("hss", HssConfig)
    folder = config.section("capture", CaptureConfig).folder
    return run(lambda stop: serve(hss, stop, config_path=path, capture_folder=folder))


@asynccontextmanager
async def open_service(config: HssConfig, config_path: Path | str = "FILE") -> AsyncIterator[HssService]:
    """The HSS of `config`, for as long as it is needed; raises as `open_store`."""
    async with open_store(config, config_path) as (_, service):
        yield service


@asynccontextmanager
async def open_store(config: HssConfig, config_path: Path | str = "FILE") -> AsyncIterator[tuple[Database, HssService]]:
    """The store of `config` and the HSS on it, for as long as they are needed.

    SchemaOutdated, MasterKeyRefused or StoreUnavailable, a line each that says what to do, when it cannot serve.
    """
    schema.check(config.database, config_path)
    database = Database(config.database)
    custodian = Custodian(open_master(config.master_key, os.urandom))
    await database.open()
    try:
        service = HssService(database, custodian, os.urandom, wall_clock_ms, config.instance)
        try:
            await service.check_keys()
        except ServiceRefused as refused:
            raise StoreUnavailable(refused.detail) from None
        yield database, service
    finally:
        await database.close()


async def serve(
    config: HssConfig, stop: asyncio.Event, *, config_path: Path | str = "FILE", capture_folder: Path | None = None
) -> None:
    """Serve SWx and S6a until `stop` is set; then let every peer know and commit what waits."""
    async with open_store(config, config_path) as (database, service):
        faces = Faces(config, database, service, capture_folder=capture_folder, config_path=Path(config_path))
        try:
            host, port = await faces.open()
            log.info("hss ready", swx=f"{host}:{port}", peers=len(config.peer), database=describe(config.database))
            notify_ready()
            await stop.wait()
        finally:
            await faces.close()
