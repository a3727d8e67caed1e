"""Vectors in this process: without SQL, and by `hss.service` on a store."""

import asyncio
import os
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from functools import partial
from random import Random

from sqlalchemy import select

from hss.algorithms import AlgorithmSettings
from hss.api import VectorRequest
from hss.auc import quintuplet
from hss.counting.rows import KEYS, sealed
from hss.counting.wall_clock import wall_clock_ms
from hss.keys.custody import Custodian, SealedKeys
from hss.keys.master_key import open_master
from hss.service import HssService
from hss.store.database import Database
from hss.store.engines import transaction
from runtime.process import notify_ready
from tests.bench.cards import imsi_of
from tests.bench.processes import family_cpu_seconds
from tests.bench.rows import Bar, Round, Row, in_ms
from tests.bench.site import Site
from tests.bench.verifying import require_genuine
from tests.bench.workplace import Engine, Workplace
from wire.identity import EapMethod, Imsi

NODE = "aaa1.example"
IN_FLIGHT = 128
SAMPLE = 97
"""Of so many vectors one is verified with the keys of its subscriber."""

_KEYS_AT_HAND = 1000
_SECONDS_BEFORE = 0.5


def without_sql(workplace: Workplace) -> Iterator[Row]:
    """Unsealing K and OPc, RAND, Milenage: what one core can do, whatever else happens on the others."""
    site = workplace.site("sqlite", workplace.effort.usual)
    custodian = Custodian(open_master(site.settings.master_key, os.urandom))
    with transaction(site.settings.database, read_only=True) as connection:
        custodian.keyring.load(connection)
        keys = [sealed(row) for row in connection.execute(select(*KEYS).limit(_KEYS_AT_HAND))]
    _settle()
    what = "vectors in process, no SQL"
    compute = partial(_compute, custodian, keys, workplace.effort.seconds)
    remark = "per second of CPU on one core, another subscriber each time"
    yield Row("vectors-no-sql", what, workplace.measured(what, compute), Bar(rate=40_000), remark)


def _compute(custodian: Custodian, keys: list[SealedKeys], seconds: float) -> Round:
    settings = AlgorithmSettings("milenage")
    times = 0
    began = time.process_time()
    while time.process_time() - began < seconds:
        for each in keys:
            quintuplet(custodian.functions(each, settings), 32, os.urandom(16), each.amf, EapMethod.AKA)
        times += 1
    cpu = time.process_time() - began
    return Round(times * len(keys), cpu, cpu)


def on_sqlite(workplace: Workplace) -> Iterator[Row]:
    """Durable: every SEQ is on disk before its vector is there."""
    yield _row(workplace, "vectors-sqlite", "SQLite, durable", "sqlite", "milenage", Bar(rate=10_000))


def on_postgresql(workplace: Workplace) -> Iterator[Row]:
    """The same on PostgreSQL."""
    yield _row(workplace, "vectors-postgresql", "PostgreSQL, durable", "postgresql", "milenage", Bar(rate=10_000))


def by_the_clock(workplace: Workplace) -> Iterator[Row]:
    """Time-based: a vector only reads."""
    yield _row(workplace, "vectors-time-based", "SQLite, time-based", "sqlite", "clock", Bar())


def in_a_token(workplace: Workplace) -> Iterator[Row]:
    """K in the custody of a PKCS#11 token."""
    yield _row(workplace, "vectors-token", "SQLite, K in SoftHSM", "sqlite", "token", Bar())


def _row(workplace: Workplace, name: str, how: str, engine: Engine, profile: str, bar: Bar) -> Row:
    site = workplace.site(engine, workplace.effort.usual, profile)
    what = f"vectors in process, {how}"
    _settle()
    rounds = workplace.measured(what, lambda: asyncio.run(_serve(site, profile, workplace.effort.seconds)))
    return Row(name, what, rounds, bar, f"{IN_FLIGHT} in flight, {site.subscribers:,} subscribers")


def _settle() -> None:
    # as a daemon does before it serves
    notify_ready()


async def _serve(site: Site, profile: str, seconds: float) -> Round:
    async with _service(site) as service:
        if profile == "clock":
            # each subscriber's first vector opens its window: once in days
            await asyncio.gather(*(_walk(service, range(task, site.subscribers, 64)) for task in range(64)))
        await _ask_all(service, site.subscribers, _SECONDS_BEFORE)
        cpu, database_cpu = time.process_time(), family_cpu_seconds(site.postmaster)
        began = time.perf_counter()
        times = await _ask_all(service, site.subscribers, seconds)
        took = time.perf_counter() - began
        cpu, database_cpu = time.process_time() - cpu, family_cpu_seconds(site.postmaster) - database_cpu
        return Round(len(times), took, cpu, database_cpu, *in_ms(times))


@asynccontextmanager
async def _service(site: Site) -> AsyncIterator[HssService]:
    settings = site.settings
    database = Database(settings.database)
    await database.open()
    try:
        custodian = Custodian(open_master(settings.master_key, os.urandom))
        yield HssService(database, custodian, os.urandom, wall_clock_ms, "bench")
    finally:
        await database.close()


async def _walk(service: HssService, numbers: range) -> None:
    for number in numbers:
        await service.vectors(VectorRequest(Imsi(imsi_of(number)), NODE))


async def _ask_all(service: HssService, subscribers: int, seconds: float) -> list[float]:
    times: list[float] = []
    until = time.perf_counter() + seconds
    askers = (_ask(service, Random(task), subscribers, until, times) for task in range(IN_FLIGHT))
    await asyncio.gather(*askers)
    return times


async def _ask(service: HssService, random: Random, subscribers: int, until: float, times: list[float]) -> None:
    while (began := time.perf_counter()) < until:
        imsi = imsi_of(random.randrange(subscribers))
        (vector,) = await service.vectors(VectorRequest(Imsi(imsi), NODE))
        times.append(time.perf_counter() - began)
        if len(times) % SAMPLE == 0:
            require_genuine(imsi, vector.rand, vector.autn, vector.xres)
