"""The REST API put together: the store, the gate before it, and the socket before that."""

import asyncio
import os
from collections.abc import Callable
from datetime import UTC, datetime

from hss.opened_store import OpenedStore
from hss.rest.app import build
from hss.rest.config import ApiConfig
from hss.rest.gate import Gate
from hss.rest.import_desk import ImportDesk, Place
from hss.rest.server import ApiServer
from hss.rest.transactions import Transactions
from hss.store.location import Location

_MEGABYTE = 1 << 20


def api_server(
    config: ApiConfig, store: OpenedStore, location: Location, *, default_apn: str, changed: Callable[[], None]
) -> ApiServer:
    """The API on `store`, which is open; inside a running loop. `changed` hears of every change."""
    transactions = Transactions(store.database, store.custodian, _now, changed)
    place = Place(location, store.custodian.keyring.master, config.imports, config.mappings, default_apn)
    desk = ImportDesk(place, _now, changed)
    gate = Gate(
        build(transactions, store.service, desk, location, os.urandom),
        transactions,
        rate=config.requests_per_second,
        strangers=config.strangers_per_second,
        file_max=config.import_megabytes * _MEGABYTE,
        clock=asyncio.get_running_loop().time,
    )
    return ApiServer(config, gate, desk)


def _now() -> datetime:
    return datetime.now(UTC)
