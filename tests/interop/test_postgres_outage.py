"""PostgreSQL that is down, frozen or slow: a bounded wait, the protocol's own refusal, and no SQN used twice."""

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from ipaddress import ip_network
from random import Random

import pytest
from sqlalchemy import URL, text

from hss.api import Refusal, ServiceRefused, VectorRequest
from hss.faces.swx_server import SwxServer
from hss.keys.custody import Custodian
from hss.keys.vault import Vault
from hss.service import HssService
from hss.store.database import Database, Limits
from hss.store.engines import transaction
from hss.store.postgres import _SETTINGS
from hss.store.schema import upgrade
from runtime.diameter.client import DiameterClient
from runtime.diameter.server import DiameterServer
from tests.hss.conftest import MASTER_KEY, Known, Registry, now_ms
from tests.postgres import PostgresServer, running_server
from wire.aka.milenage import Milenage
from wire.aka.sqn import reveal
from wire.aka.vector import AuthVector, Autn
from wire.diameter.applications import Application
from wire.diameter.capabilities import LocalNode, PeerPolicy
from wire.diameter.results import ResultCode
from wire.diameter.swx import MultimediaAuthAnswer, MultimediaAuthRequest, SipAuthDataItem

pytestmark = [pytest.mark.interop, pytest.mark.timeout(120)]

WAIT = 1.0
"""How long a request waits for the store in these tests."""
BOUND = 8.0
"""Seconds within which there is an answer, whatever happens to the server."""
STORE_REFUSALS = {Refusal.TOO_BUSY, Refusal.UNAVAILABLE}


@pytest.fixture(scope="module")
def server(foreign_peer: Callable[[str], str]) -> Iterator[PostgresServer]:
    with running_server(foreign_peer) as one:
        one.execute("CREATE DATABASE empty")
        upgrade(one.url("empty"))
        yield one


@dataclass
class Site:
    """A service on a server that the test may stop."""

    server: PostgresServer
    location: URL
    service: HssService
    known: Known

    async def ask(self) -> int:
        """The SQN of one vector."""
        (vector,) = await self.service.vectors(VectorRequest(self.known.imsi, "aaa"))
        return self.sqn(vector)

    def sqn(self, vector: AuthVector) -> int:
        """The SQN of a vector."""
        ak = Milenage(self.known.keys.k, self.known.keys.opc).f2345(vector.rand)[3]
        return reveal(Autn.parse(vector.autn).concealed_sqn, ak)

    async def refused(self) -> Refusal:
        """Ask, and be refused in bounded time."""
        start = time.monotonic()
        with pytest.raises(ServiceRefused) as caught:
            await self.ask()
        assert time.monotonic() - start < BOUND
        return caught.value.refusal

    async def resumed(self) -> int:
        """The SQN of the first vector that there is again."""
        async with asyncio.timeout(60):
            while True:
                try:
                    return await self.ask()
                except ServiceRefused as refused:
                    assert refused.refusal in STORE_REFUSALS
                    await asyncio.sleep(0.1)


@pytest.fixture
async def site(server: PostgresServer, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Site]:
    monkeypatch.setitem(_SETTINGS, "lock_timeout", "300")
    location = server.new_database("empty")
    vault = Vault({1: MASTER_KEY}, random=Random(1).randbytes)
    known = Registry(location, vault).add()
    database = Database(location, Limits(seconds=WAIT))
    await database.open()
    yield Site(server, location, HssService(database, Custodian(vault), os.urandom, now_ms), known)
    await database.close()


async def test_server_that_crashes_is_survived(site: Site) -> None:
    before = [await site.ask() for _ in range(5)]
    site.server.stop()
    assert {await site.refused() for _ in range(3)} <= STORE_REFUSALS
    site.server.start()
    after = [await site.resumed()] + [await site.ask() for _ in range(5)]
    assert len(set(before + after)) == 11
    assert min(after) > max(before), "what was committed before the crash is not given out again"


async def test_server_that_crashes_under_load_loses_no_sqn(site: Site) -> None:
    given: list[int] = []

    async def keep_asking() -> None:
        while len(given) < 400:
            try:
                given.append(await site.ask())
            except ServiceRefused as refused:
                assert refused.refusal in STORE_REFUSALS
                await asyncio.sleep(0.05)

    async def crash() -> None:
        await asyncio.sleep(0.3)
        await asyncio.to_thread(site.server.stop)
        await asyncio.to_thread(site.server.start)

    await asyncio.gather(crash(), *(keep_asking() for _ in range(16)))
    assert len(set(given)) == len(given) >= 400


async def test_server_that_is_frozen_is_waited_for_so_long(site: Site) -> None:
    before = await site.ask()
    site.server.signal(signal.SIGSTOP)
    try:
        assert {await site.refused() for _ in range(2)} == {Refusal.TOO_BUSY}
    finally:
        site.server.signal(signal.SIGCONT)
    assert await site.resumed() > before


async def test_row_that_somebody_holds_is_waited_for_so_long(site: Site) -> None:
    before = await site.ask()
    with transaction(site.location) as connection:
        connection.execute(text("SELECT * FROM subscriber FOR UPDATE"))
        assert await site.refused() is Refusal.TOO_BUSY
    assert await site.resumed() > before


async def test_aaa_server_hears_the_protocols_own_refusal(site: Site) -> None:
    hss = LocalNode("hss.example", "example", (Application.SWX,))
    aaa = LocalNode("aaa.example", "example", (Application.SWX,))
    loopback = (ip_network("127.0.0.0/8"),)
    node = DiameterServer(
        local=hss,
        peers=[
            PeerPolicy(
                name="aaa",
                origin_host="aaa.example",
                origin_realm="example",
                networks=loopback,
                applications=(Application.SWX,),
            )
        ],
        handler=SwxServer(site.service, hss.identity).serve,
        random=os.urandom,
        wall_clock=time.time(),
    )
    address = await node.listen("127.0.0.1", 0)
    client = DiameterClient(
        local=aaa,
        peer=PeerPolicy(
            name="hss",
            origin_host="hss.example",
            origin_realm="example",
            networks=loopback,
            applications=(Application.SWX,),
        ),
        address=address,
        random=os.urandom,
    )
    client.start()
    await client.ready(5.0)
    mar = MultimediaAuthRequest(
        session_id="aaa.example;1;1",
        origin_host="aaa.example",
        origin_realm="example",
        destination_realm="example",
        user_name=str(site.known.imsi),
        auth_data_item=SipAuthDataItem(authentication_scheme="EAP-AKA"),
    )
    try:
        site.server.stop()
        refused = MultimediaAuthAnswer.parse(await client.request(mar.message(), BOUND))
        assert refused.result_code in {ResultCode.TOO_BUSY, ResultCode.UNABLE_TO_DELIVER}
        site.server.start()
        await site.resumed()
        served = MultimediaAuthAnswer.parse(await client.request(mar.message(), BOUND))
        assert served.result_code == ResultCode.SUCCESS
    finally:
        await client.close()
        await node.close()
