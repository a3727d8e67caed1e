"""The HSS as a daemon: SWx for AAA servers and S6a for MMEs, and the same service for an AAA server in this process."""

import asyncio
import os
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from hss import schema
from hss.api import ServiceRefused
from hss.config import APPLICATIONS, HssConfig
from hss.custody import Custodian
from hss.database import Database
from hss.location import describe
from hss.master_key import open_master
from hss.s6a_server import S6aServer
from hss.service import HssService
from hss.store_errors import StoreUnavailable
from hss.swx_server import SwxServer
from hss.wall_clock import wall_clock_ms
from runtime.capture import open_capture
from runtime.config import CaptureConfig, LogConfig, PeerConfig, read_config
from runtime.diameter.server import DiameterServer
from runtime.diameter.settings import Handler
from runtime.logs import configure, get_logger
from runtime.process import notify_ready, run
from wire.diameter.applications import Application
from wire.diameter.avp import AvpFault
from wire.diameter.capabilities import LocalNode, PeerPolicy
from wire.diameter.message import Message
from wire.diameter.results import ResultCode

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
    """The HSS of `config`, for as long as it is needed.

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
        yield service
    finally:
        await database.close()


async def serve(
    config: HssConfig, stop: asyncio.Event, *, config_path: Path | str = "FILE", capture_folder: Path | None = None
) -> None:
    """Serve SWx and S6a until `stop` is set; then let every peer know and commit what waits."""
    async with open_service(config, config_path) as service:
        local = LocalNode(
            config.origin_host,
            config.origin_realm,
            tuple(APPLICATIONS.values()),
            origin_state_id=int(time.time()) & 0xFFFFFFFF,
        )
        tap = open_capture(capture_folder, "hss")
        server = DiameterServer(
            local=local,
            peers=[_policy(peer) for peer in config.peer],
            handler=_handler(service, local),
            random=os.urandom,
            wall_clock=time.time(),
            capture=tap,
        )
        try:
            host, port = await server.listen(*config.swx)
            log.info("hss ready", swx=f"{host}:{port}", peers=len(config.peer), database=describe(config.database))
            notify_ready()
            await stop.wait()
        finally:
            await server.close()
            tap.close()


def _handler(service: HssService, local: LocalNode) -> Handler:
    """Each request to the face of its application."""
    faces: dict[int, Handler] = {
        Application.SWX: SwxServer(service, local.identity).serve,
        Application.S6A: S6aServer(service, local.identity).serve,
    }

    async def serve(peer: str, message: Message) -> Message:
        face = faces.get(message.application)
        if face is None:
            reason = f"the HSS serves no command {message.command} of application {message.application}"
            raise AvpFault(5, reason, ResultCode.COMMAND_UNSUPPORTED)
        return await face(peer, message)

    return serve


def _policy(peer: PeerConfig) -> PeerPolicy:
    return PeerPolicy(
        name=peer.name,
        origin_host=peer.origin_host,
        origin_realm=peer.origin_realm,
        networks=peer.addresses,
        applications=tuple(APPLICATIONS[name] for name in peer.applications),
    )
