"""A UE at a RADIUS client of one AAA server, authenticated by another AAA server over Diameter EAP."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from ipaddress import ip_network
from pathlib import Path

import pytest

from aaa.diameter.config import DiameterConfig, DiameterPeerConfig
from aaa.diameter.gateways import Gateways
from aaa.diameter.server import AaaDiameterServer
from aaa.errands import ErrandDesk
from aaa.ledger import SharedStore
from aaa.messages import AccessAnswer, AccessRequest
from aaa.radius.config import RadiusClientConfig, RadiusConfig
from aaa.radius.opening import Surroundings, open_radius
from aaa.radius.proxy.config import RealmConfig
from aaa.radius.translation.config import DiameterServerConfig
from aaa.radius.translation.conversation import Conversations
from aaa.registrar import Registrar
from aaa.service import EapAuthenticationService
from aaa.sessions import MemoryConversations
from aaa.user_sessions import MemoryUserSessions
from hss.session_api import SessionLedger
from runtime.capture import NullCapture
from runtime.config import SocketAddress
from runtime.taps import Address
from tests.aaa.conftest import _empty_database, database_path, shared
from tests.aaa.memory_hss import IMSI, PLMN, REALM, MemoryHss, usim
from tests.aaa.radius.accounting.reports import MemoryLedger
from tests.aaa.radius.samples import SECRET, StubService
from tests.aaa.radius.test_dynamic import Nas
from tests.hss.sessions.events import start
from tests.interop.radius_ue import RadiusUe
from wire.diameter.command import Identity
from wire.diameter.results import ResultCode
from wire.identity import EapMethod
from wire.radius.packet import Code

__all__ = ["_empty_database", "database_path", "shared"]

pytestmark = [pytest.mark.stack, pytest.mark.timeout(60)]

HOME, PROXY = Identity("aaa.home.example", "home.example"), Identity("aaa.visited.example", "visited.example")


@asynccontextmanager
async def home_server(users: MemoryUserSessions, gateways: Gateways | None = None) -> AsyncIterator[SocketAddress]:
    """The AAA server that knows the user, and whom the other one may ask."""
    hss = MemoryHss()
    service = EapAuthenticationService(
        hss=hss,
        conversations=MemoryConversations(random=os.urandom),
        node=HOME.origin_host,
        clock=asyncio.get_running_loop().time,
        random=os.urandom,
    )
    peer = DiameterPeerConfig(
        name="visited",
        origin_host=PROXY.origin_host,
        origin_realm=PROXY.origin_realm,
        addresses=(ip_network("127.0.0.0/8"),),
        applications=("eap",),
        network_name="WLAN",
    )
    server = AaaDiameterServer(
        DiameterConfig(address=SocketAddress("127.0.0.1", 0), peer=(peer,)),
        service,
        HOME,
        users=users,
        registrar=Registrar(hss, HOME.origin_host, users),
        gateways=gateways or Gateways(HOME),
    )
    plain, _ = await server.listen()
    assert plain is not None
    try:
        yield SocketAddress(*plain)
    finally:
        await server.close()


def radius_config(folder: Path, home: SocketAddress, coa: Address | None = None) -> RadiusConfig:
    secret = folder / "secret"
    secret.write_bytes(SECRET)
    secret.chmod(0o600)
    return RadiusConfig(
        auth=SocketAddress("127.0.0.1", 0),
        acct=None if coa is None else SocketAddress("127.0.0.1", 0),
        client=(
            RadiusClientConfig(
                name="ap",
                network=ip_network("127.0.0.0/8"),
                secret_file=secret,
                coa=None if coa is None else SocketAddress(*coa),
            ),
        ),
        diameter_server=(
            DiameterServerConfig(name="lost", address=SocketAddress("127.0.0.1", 1), origin_host="l", realm=REALM),
            DiameterServerConfig(name="home", address=home, origin_host=HOME.origin_host, realm=HOME.origin_realm),
        ),
        realm=(RealmConfig(realm=f"*.{REALM.partition('.')[2]}", diameter=("home",)),),
    )


@asynccontextmanager
async def memory() -> AsyncIterator[MemoryLedger]:
    yield MemoryLedger()


def nobody_is_ours(_request: AccessRequest) -> AccessAnswer:
    raise AssertionError("the user's realm is another's")


@pytest.mark.parametrize("method", [EapMethod.AKA, EapMethod.AKA_PRIME])
async def test_user_of_a_realm_over_diameter_gets_in(tmp_path: Path, method: EapMethod) -> None:
    users = MemoryUserSessions()
    async with home_server(users) as home, AsyncExitStack() as stack:
        around = Surroundings(PROXY, memory, stack, [], NullCapture())
        address = await open_radius(radius_config(tmp_path, home), StubService(nobody_is_ours), around)
        ue = RadiusUe(address, SECRET, usim=usim(), imsi=IMSI, plmn=PLMN, method=method, result_ind=False)
        assert await ue.authenticate()
        assert await ue.authenticate()
    assert len(await users.of_user(IMSI)) == 2


async def test_home_server_reaches_the_nas_of_a_session(tmp_path: Path, shared: SharedStore) -> None:
    users, gateways = MemoryUserSessions(), Gateways(HOME)
    nas = Nas("127.0.0.1")

    @asynccontextmanager
    async def ledger() -> AsyncIterator[SessionLedger]:
        yield shared.ledger

    async with home_server(users, gateways) as home, AsyncExitStack() as stack:
        errands = ErrandDesk(shared.errands, lambda: datetime.now(UTC))
        around = Surroundings(PROXY, ledger, stack, [], NullCapture(), errands=errands)
        config = radius_config(tmp_path, home, nas.endpoint.local)
        address = await open_radius(config, StubService(nobody_is_ours), around)
        ue = RadiusUe(address, SECRET, usim=usim(), imsi=IMSI, plmn=PLMN, method=EapMethod.AKA, result_ind=False)
        assert await ue.authenticate()
        (session,) = await users.of_user(IMSI)
        assert await gateways.abort(session) is ResultCode.UNKNOWN_SESSION_ID, "no accounting has begun"
        conversation = Conversations.of_session_id(session.session_id, PROXY.origin_host)
        assert conversation is not None
        named = Conversations([one.origin_host for one in config.diameter_server], os.urandom)
        radius_class = named.class_of(replace(conversation, server=HOME.origin_host))
        await shared.ledger.record(start(client="ap", radius_class=radius_class))
        nas.code = Code.COA_ACK
        assert await gateways.authorize_again(session) is ResultCode.SUCCESS
        nas.code = Code.DISCONNECT_ACK
        assert await gateways.abort(session) is ResultCode.SUCCESS
    assert [octets[0] for octets in nas.asked] == [Code.COA_REQUEST, Code.DISCONNECT_REQUEST]
    nas.endpoint.close()
