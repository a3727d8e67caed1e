"""Two sites: the first is lost in the middle of a load, the second takes over, and no SQN is used twice."""

import asyncio
import os
from collections.abc import Callable
from random import Random

import pytest

from hss.api import ServiceRefused, VectorRequest
from hss.config import HssConfig
from hss.keys.custody import Custodian
from hss.keys.vault import Vault
from hss.service import HssService
from hss.store.database import Database, Limits
from hss.store.engines import transaction
from hss.store.schema import upgrade
from tests.hss.conftest import MASTER_KEY, Known, Registry, now_ms
from tests.postgres import PostgresServer, running_server, running_standby
from wire.aka.milenage import Milenage
from wire.aka.sqn import reveal
from wire.aka.vector import Autn

pytestmark = [pytest.mark.interop, pytest.mark.timeout(180)]

ASKERS, BEFORE, AFTER = 16, 400, 400


def both(first: PostgresServer, second: PostgresServer, database: str) -> str:
    """The URL that an operator writes: both hosts, of which the one that can be written to is taken."""
    return f"postgresql://postgres@/{database}?host={first.folder},{second.folder}&target_session_attrs=read-write"


async def test_second_site_takes_over_without_using_an_sqn_again(foreign_peer: Callable[[str], str]) -> None:
    with running_server(foreign_peer) as first:
        first.execute("CREATE DATABASE site")
        upgrade(first.url("site"))
        vault = Vault({1: MASTER_KEY}, random=Random(1).randbytes)
        known = Registry(first.url("site"), vault).add()
        with running_standby(first) as second:
            raw = {"database": both(first, second, "site"), "origin_host": "a", "origin_realm": "b", "swx": "c:1"}
            database = Database(HssConfig.model_validate(raw).database, Limits(seconds=2.0))
            await database.open()
            service = HssService(database, Custodian(vault), os.urandom, now_ms)
            given: list[int] = []
            lost = asyncio.Event()

            async def lose_the_first() -> None:
                await lost.wait()
                await asyncio.to_thread(first.stop)
                await asyncio.to_thread(second.promote)

            askers = [ask(service, known, given, lost) for _ in range(ASKERS)]
            async with asyncio.timeout(120):
                await asyncio.gather(lose_the_first(), *askers)
            await database.close()
            with transaction(second.url("site"), read_only=True) as connection:
                assert connection.dialect.name == "postgresql"
            assert len(given) >= BEFORE + AFTER
            assert len(set(given)) == len(given), "an SQN that was committed at the first site is known at the second"
        first.start()


async def ask(service: HssService, known: Known, given: list[int], lost: asyncio.Event) -> None:
    """Ask again and again, through the loss of the first site."""
    functions = Milenage(known.keys.k, known.keys.opc)
    while len(given) < BEFORE + AFTER:
        try:
            (vector,) = await service.vectors(VectorRequest(known.imsi, "aaa"))
        except ServiceRefused:
            await asyncio.sleep(0.05)
            continue
        given.append(reveal(Autn.parse(vector.autn).concealed_sqn, functions.f2345(vector.rand)[3]))
        if len(given) >= BEFORE:
            lost.set()
