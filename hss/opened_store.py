"""The HSS's store while it is open: the database, whoever keeps its keys, and the service on both."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from hss.api import ServiceRefused
from hss.config import HssConfig
from hss.counting.wall_clock import wall_clock_ms
from hss.keys.custody import Custodian
from hss.keys.master_key import open_master
from hss.service import HssService
from hss.store import schema
from hss.store.database import Database
from hss.store.errors import StoreUnavailable
from runtime.entropy import entropy


@dataclass(frozen=True, slots=True)
class OpenedStore:
    """Everything that faces stand on."""

    database: Database
    custodian: Custodian
    service: HssService


@asynccontextmanager
async def open_service(config: HssConfig, config_path: Path | str = "FILE") -> AsyncIterator[HssService]:
    """The HSS of `config`, for as long as it is needed; raises as `open_store`."""
    async with open_store(config, config_path) as store:
        yield store.service


@asynccontextmanager
async def open_store(config: HssConfig, config_path: Path | str = "FILE") -> AsyncIterator[OpenedStore]:
    """The store of `config` and the HSS on it, for as long as they are needed.

    SchemaOutdated, MasterKeyRefused or StoreUnavailable, a line each that says what to do, when it cannot serve.
    """
    schema.check(config.database, config_path)
    database = Database(config.database)
    custodian = Custodian(open_master(config.master_key, os.urandom))
    await database.open()
    try:
        service = HssService(
            database, custodian, entropy, wall_clock_ms, config.instance, vectors_max=config.vectors_max
        )
        try:
            await service.check_keys()
        except ServiceRefused as refused:
            raise StoreUnavailable(refused.detail) from None
        yield OpenedStore(database, custodian, service)
    finally:
        await database.close()
