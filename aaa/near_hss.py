"""The HSS in this process, and what else its store is asked for here: a composition root."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from aaa.ledger import SharedStore
from hss.api import HomeSubscriberServer
from hss.config import HssConfig
from hss.explaining.examiner import Examiner
from hss.explaining.operator_keys import read_operator_keys
from hss.failure_api import Retention
from hss.opened_store import OpenedStore, open_store
from hss.telling.near_server import telling
from runtime.config import RawConfig
from runtime.diameter.settings import Handler
from runtime.worker import Worker
from wire.diameter.command import Identity

INSTANCE_LENGTH = 60
"""Characters of an HSS instance's name, which the number of a worker follows."""


@dataclass(frozen=True, slots=True)
class NearHss:
    """On `store`, which is open; `config` is what [hss] says."""

    store: OpenedStore
    config: HssConfig

    @property
    def service(self) -> HomeSubscriberServer:
        """The HSS itself."""
        return self.store.service

    def shared(self, retention: Retention) -> SharedStore:
        """What the processes of the AAA server share, where it is in the same database: it has the same commits."""
        return SharedStore.on(self.store.database, retention)

    def witness(self) -> Examiner:
        """Who says by the keys why an authentication has failed; ConfigError when the operator's cannot be read."""
        return Examiner(self.store.database, self.store.custodian, read_operator_keys(self.config.operator_keys))


@asynccontextmanager
async def open_near_hss(raw: RawConfig, aaa: Identity, serve: Handler, worker: Worker | None) -> AsyncIterator[NearHss]:
    """The HSS of [hss]; what it has to tell the AAA server, which is `aaa`, is told to `serve`."""
    config = instance_of(raw.section("hss", HssConfig), worker)
    hss = Identity(config.origin_host, config.origin_realm)
    async with open_store(config, raw.path) as store, telling(store.database, hss, aaa, serve):
        yield NearHss(store, config)


def instance_of(hss: HssConfig, worker: Worker | None) -> HssConfig:
    """Each process is an instance of its own: no two may issue by one clock, or from one reservation."""
    if worker is None or not hss.instance:
        return hss
    return hss.model_copy(update={"instance": f"{hss.instance[:INSTANCE_LENGTH]}-{worker.slot}"})
