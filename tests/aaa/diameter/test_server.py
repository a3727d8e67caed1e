"""The Diameter front on real sockets: TCP, TLS, IPv6, and peers that are not named."""

import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from random import Random

import pytest

from aaa.diameter.config import APPLICATIONS, DiameterConfig, DiameterPeerConfig
from aaa.diameter.gateways import Gateways
from aaa.diameter.server import AaaDiameterServer
from aaa.messages import AccessAnswer, AccessRequest
from aaa.registrar import Registrar
from aaa.user_sessions import MemoryUserSessions
from akadia.pki import Authority
from runtime.config import ConfigError, SocketAddress
from runtime.diameter.client import DiameterClient
from runtime.diameter.settings import DiameterUnavailable, Handler
from runtime.taps import Address
from runtime.tls import client_context
from tests.aaa.diameter.samples import AAA, ACCEPT, CHALLENGE, PGW, der, der_of, s6b_der
from tests.aaa.memory_hss import MemoryHss
from wire.diameter.applications import Application
from wire.diameter.capabilities import LocalNode, PeerPolicy
from wire.diameter.eap import DiameterEapAnswer
from wire.diameter.eap_applications import ANSWERS
from wire.diameter.message import Message
from wire.diameter.results import ResultCode
from wire.diameter.sessions import AbortSessionAnswer, AbortSessionRequest

pytestmark = pytest.mark.stack

PEER = DiameterPeerConfig(
    name="pgw",
    origin_host=PGW.origin_host,
    origin_realm=PGW.origin_realm,
    addresses=(IPv4Network("127.0.0.0/8"), IPv6Network("::1/128")),
    applications=("eap", "s6b"),
)


class Service:
    """A challenge first, then an acceptance."""

    async def authenticate(self, request: AccessRequest) -> AccessAnswer:
        return CHALLENGE if request.state is None else ACCEPT


@pytest.fixture(name="certificates", scope="module")
def _certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with ca.pem, aaa.pem and aaa.key."""
    folder = tmp_path_factory.mktemp("pki")
    authority = Authority("Test CA", now=datetime.now(UTC))
    server = authority.issue(names=(AAA.origin_host,))
    (folder / "ca.pem").write_bytes(authority.credential.certificate)
    (folder / "aaa.pem").write_bytes(server.certificate)
    (folder / "aaa.key").write_bytes(server.key)
    return folder


USERS = "nai.epc.mnc001.mcc001.3gppnetwork.org"


@asynccontextmanager
async def listening(config: DiameterConfig) -> AsyncIterator[tuple[Address | None, Address | None]]:
    users = MemoryUserSessions()
    registrar, gateways = Registrar(MemoryHss(), AAA.origin_host, users), Gateways(AAA)
    server = AaaDiameterServer(
        config, Service(), AAA, users=users, registrar=registrar, gateways=gateways, realms=(USERS,)
    )
    try:
        yield await server.listen()
    finally:
        await server.close()


@asynccontextmanager
async def connected(
    address: Address,
    *,
    host: str = PGW.origin_host,
    tls: ssl.SSLContext | None = None,
    within: float = 5.0,
    applications: tuple[Application, ...] = (Application.EAP, Application.S6B),
    handler: Handler | None = None,
) -> AsyncIterator[DiameterClient]:
    client = DiameterClient(
        local=LocalNode(host, PGW.origin_realm, applications),
        peer=PeerPolicy("aaa", AAA.origin_host, AAA.origin_realm, applications=applications),
        address=address,
        random=Random(5).randbytes,
        tls=tls,
        handler=handler,
    )
    client.start()
    try:
        await client.ready(within)
        yield client
    finally:
        await client.close()


async def results(client: DiameterClient) -> list[int | None]:
    answers = [await client.request(message) for message in (der(), der(states=(CHALLENGE.state,)), s6b_der())]
    return [DiameterEapAnswer.parse(answer).result_code for answer in answers]


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
async def test_server_serves_both_applications_over_tcp(host: str) -> None:
    config = DiameterConfig(address=SocketAddress(host, 0), peer=(PEER,))
    async with listening(config) as (plain, tls):
        assert tls is None
        assert plain is not None
        async with connected(plain) as client:
            assert await results(client) == [1001, 2001, 1001]


async def test_server_serves_at_every_address(certificates: Path, unused_tcp_port_factory: Callable[[], int]) -> None:
    more, more_tls = unused_tcp_port_factory(), unused_tcp_port_factory()
    config = DiameterConfig(
        address=SocketAddress("127.0.0.1", 0),
        more_addresses=(SocketAddress("::1", more),),
        tls_address=SocketAddress("127.0.0.1", 0),
        more_tls_addresses=(SocketAddress("::1", more_tls),),
        certificate=certificates / "aaa.pem",
        key=certificates / "aaa.key",
        peer=(PEER,),
    )
    async with listening(config) as (plain, tls):
        assert plain is not None
        assert tls is not None
        secured = client_context(ca=certificates / "ca.pem")
        for address, context in ((plain, None), (("::1", more), None), (tls, secured), (("::1", more_tls), secured)):
            async with connected(address, tls=context) as client:
                assert await results(client) == [1001, 2001, 1001]


async def test_server_serves_the_realm_of_its_users_and_no_other() -> None:
    config = DiameterConfig(address=SocketAddress("127.0.0.1", 0), peer=(PEER,))
    async with listening(config) as (plain, _):
        assert plain is not None
        async with connected(plain) as client:
            answers = [await client.request(der(realm=realm)) for realm in (USERS, "other.example")]
    assert [answer.result_code for answer in answers] == [1001, 3003]


async def test_peer_of_several_processes_has_a_connection_for_each_and_no_more() -> None:
    config = DiameterConfig(address=SocketAddress("127.0.0.1", 0), peer=(PEER.model_copy(update={"connections": 2}),))
    async with listening(config) as (plain, _), AsyncExitStack() as stack:
        assert plain is not None
        clients = [await stack.enter_async_context(connected(plain)) for _ in range(2)]
        assert [await results(client) for client in clients] == [[1001, 2001, 1001]] * 2
        with pytest.raises(DiameterUnavailable):
            await stack.enter_async_context(connected(plain, within=0.5))
        assert [client.connected for client in clients] == [True, True]


async def test_server_serves_every_application_and_reaches_its_gateways() -> None:
    every = tuple(APPLICATIONS.values())
    peer = PEER.model_copy(update={"applications": tuple(APPLICATIONS)})
    config = DiameterConfig(address=SocketAddress("127.0.0.1", 0), peer=(peer,))
    users, aborted = MemoryUserSessions(), list[int]()
    registrar, gateways = Registrar(MemoryHss(), AAA.origin_host, users), Gateways(AAA)
    server = AaaDiameterServer(config, Service(), AAA, users=users, registrar=registrar, gateways=gateways)

    async def gateway(_peer: str, message: Message) -> Message:
        aborted.append(message.application)
        request = AbortSessionRequest.parse(message)
        return AbortSessionAnswer(
            session_id=request.session_id,
            origin_host=PGW.origin_host,
            origin_realm=PGW.origin_realm,
            result_code=2001,
        ).message(message)

    plain, _ = await server.listen()
    assert plain is not None
    async with connected(plain, applications=every, handler=gateway) as client:
        for application in every:
            answer = await client.request(der_of(application, states=(CHALLENGE.state,)))
            assert ANSWERS[application].parse(answer).result_code == 2001
            (session,) = await users.of_user(ACCEPT.imsi)
            assert await gateways.abort(session) is ResultCode.SUCCESS
    assert aborted == list(every)
    await server.close()


async def test_server_serves_over_tls(certificates: Path) -> None:
    config = DiameterConfig(
        tls_address=SocketAddress("127.0.0.1", 0),
        certificate=certificates / "aaa.pem",
        key=certificates / "aaa.key",
        ca=certificates / "ca.pem",
        peer=(PEER,),
    )
    async with listening(config) as (plain, tls):
        assert plain is None
        assert tls is not None
        async with connected(tls, tls=client_context(ca=certificates / "ca.pem")) as client:
            assert await results(client) == [1001, 2001, 1001]


async def test_server_refuses_a_peer_that_is_not_named() -> None:
    config = DiameterConfig(address=SocketAddress("127.0.0.1", 0), peer=(PEER,))
    async with listening(config) as (plain, _):
        assert plain is not None
        with pytest.raises(DiameterUnavailable):
            async with connected(plain, host="stranger.example", within=0.3):
                pass


async def test_server_refuses_an_application_that_a_peer_may_not_ask() -> None:
    peer = PEER.model_copy(update={"applications": ("eap",)})
    config = DiameterConfig(address=SocketAddress("127.0.0.1", 0), peer=(peer,))
    async with listening(config) as (plain, _):
        assert plain is not None
        async with connected(plain) as client:
            assert (await client.request(der())).result_code == 1001
            assert (await client.request(s6b_der())).result_code == 3007


async def test_server_names_a_certificate_that_it_cannot_read(tmp_path: Path) -> None:
    config = DiameterConfig(
        tls_address=SocketAddress("127.0.0.1", 0),
        certificate=tmp_path / "none.pem",
        key=tmp_path / "none.key",
        peer=(PEER,),
    )
    with pytest.raises(ConfigError, match=r"none\.pem"):
        async with listening(config):
            pass
