"""Debian's freeDiameter as a relay between AAA servers, MMEs and our HSS."""

import asyncio
import datetime as dt
import os
import shutil
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
import pytest_asyncio
from sqlalchemy import select
from structlog.testing import capture_logs

from aaa.config import AaaConfig, SwxConfig
from aaa.swx_opening import open_swx
from akadia.pki import Authority
from hss.api import Assignment, AssignmentRequest, VectorRequest
from hss.app import serve
from hss.config import HssConfig
from hss.keys.vault import open_vault, write_master_key
from hss.models import Registration, RequestingNode
from hss.registrations import forget
from hss.store.engines import transaction
from hss.store.schema import upgrade
from hss.telling.notices import tell_deregistered
from runtime.capture import NullCapture
from runtime.config import SocketAddress, read_config
from runtime.diameter.client import DiameterClient
from tests.hss.conftest import Registry
from tests.interop.program import Program
from wire.diameter.applications import Application
from wire.diameter.capabilities import LocalNode, PeerPolicy
from wire.diameter.enumerations import ServerAssignmentType
from wire.diameter.message import Message
from wire.diameter.s6a import AuthenticationInformationRequest, RequestedAuthenticationInfo
from wire.diameter.swx import (
    MultimediaAuthAnswer,
    MultimediaAuthRequest,
    RegistrationTerminationAnswer,
    RegistrationTerminationRequest,
    ServerAssignmentRequest,
    SipAuthDataItem,
)
from wire.identity import EapMethod, Imsi

pytestmark = [pytest.mark.interop, pytest.mark.timeout(120)]

IMSI = "001010000000001"
LIMIT = 20.0
CONFIG = """
[hss]
origin_host = "hss.example"
origin_realm = "example"
swx = "127.0.0.1:0"
[[hss.peer]]
name = "relay"
origin_host = "relay.transit"
origin_realm = "transit"
addresses = ["127.0.0.0/8"]
applications = ["swx", "s6a"]
agent = true
realms = ["visited"]
"""
RELAY = """
Identity = "relay.transit";
Realm = "transit";
Port = {port};
SecPort = 0;
No_SCTP;
No_IPv6;
ListenOn = "127.0.0.1";
TLS_Cred = "{folder}/relay.pem", "{folder}/relay.key";
TLS_CA = "{folder}/ca.pem";
LoadExtension = "acl_wl.fdx" : "{folder}/acl.conf";
ConnectPeer = "hss.example" {{ No_TLS; ConnectTo = "127.0.0.1"; Port = {hss}; Realm = "example"; }};
"""
ACL = "ALLOW_IPSEC *.visited\nALLOW_IPSEC *.foreign\n"


@dataclass
class Node:
    """A client of the relay; it notes what it is asked, and answers with success."""

    name: str
    client: DiameterClient
    told: "asyncio.Queue[Message]"

    async def ask(self, message: Message) -> Message:
        return await self.client.request(message)


@asynccontextmanager
async def node(port: int, host: str, realm: str = "visited") -> AsyncIterator[Node]:
    name, told = f"{host}.{realm}", asyncio.Queue[Message]()

    async def serve(_peer: str, message: Message) -> Message:
        request = RegistrationTerminationRequest.parse(message)
        await told.put(message)
        return RegistrationTerminationAnswer(
            session_id=request.session_id, origin_host=name, origin_realm=realm, result_code=2001
        ).message(message)

    client = DiameterClient(
        local=LocalNode(name, realm, (Application.SWX, Application.S6A)),
        peer=PeerPolicy("relay", "relay.transit", "transit", (), (Application.SWX, Application.S6A), agent=True),
        address=("127.0.0.1", port),
        random=os.urandom,
        handler=serve,
    )
    client.start()
    try:
        await client.ready(LIMIT)
        yield Node(name, client, told)
    finally:
        await client.close()


@pytest.fixture
def config(tmp_path: Path, empty: Path) -> HssConfig:
    path = tmp_path / "akadia.toml"
    path.write_text(CONFIG)
    config = read_config(path).section("hss", HssConfig)
    shutil.copyfile(empty, tmp_path / "akadia.sqlite")
    write_master_key(tmp_path / "master.key", os.urandom)
    Registry(config.database, open_vault(tmp_path / "master.key", os.urandom)).add(IMSI)
    return config


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("freediameter") / "akadia.sqlite"
    upgrade(path)
    return path


@pytest_asyncio.fixture
async def hss(config: HssConfig, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[int]:
    """The port of a running HSS."""
    stop, listening = asyncio.Event(), asyncio.Event()
    monkeypatch.setattr("hss.app.notify_ready", listening.set)
    with capture_logs() as lines:
        task = asyncio.create_task(serve(config, stop))
        await asyncio.wait_for(listening.wait(), LIMIT)
        (ready,) = [line for line in lines if line["event"] == "hss ready"]
        yield int(ready["swx"].rpartition(":")[2])
        stop.set()
        await asyncio.wait_for(task, LIMIT)


@pytest_asyncio.fixture
async def relay(tmp_path: Path, hss: int, foreign_peer: Callable[[str], str]) -> AsyncIterator[int]:
    """The port of a relay that is connected to the HSS."""
    program = foreign_peer("freeDiameterd")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    authority = Authority("test", now=dt.datetime.now(dt.UTC))
    own = authority.issue(names=("relay.transit",))
    for name, octets in (
        ("ca.pem", authority.credential.certificate),
        ("relay.pem", own.certificate),
        ("relay.key", own.key),
        ("acl.conf", ACL.encode()),
        ("relay.conf", RELAY.format(folder=tmp_path, port=port, hss=hss).encode()),
    ):
        (tmp_path / name).write_bytes(octets)
    running = Program(program, "-c", str(tmp_path / "relay.conf"))
    try:
        await asyncio.to_thread(running.wait_for, "'hss.example'.*STATE_OPEN|STATE_OPEN.*hss.example")
        yield port
    finally:
        await asyncio.to_thread(running.end)


def mar(origin: str, realm: str = "visited", imsi: str = IMSI) -> Message:
    return MultimediaAuthRequest(
        session_id=f"{origin};{os.urandom(8).hex()}",
        origin_host=origin,
        origin_realm=realm,
        destination_realm="example",
        user_name=imsi,
        auth_data_item=SipAuthDataItem(authentication_scheme="EAP-AKA"),
        number_auth_items=2,
    ).message()


def sar(origin: str) -> Message:
    return ServerAssignmentRequest(
        session_id=f"{origin};{os.urandom(8).hex()}",
        origin_host=origin,
        origin_realm="visited",
        destination_realm="example",
        destination_host="hss.example",
        user_name=IMSI,
        server_assignment_type=ServerAssignmentType.REGISTRATION,
    ).message()


def air(origin: str) -> Message:
    return AuthenticationInformationRequest(
        session_id=f"{origin};{os.urandom(8).hex()}",
        origin_host=origin,
        origin_realm="visited",
        destination_realm="example",
        user_name=IMSI,
        requested_eutran=RequestedAuthenticationInfo(number_of_requested_vectors=1),
        visited_plmn_id=b"\x00\xf1\x10",
    ).message()


async def ask_as_our_own_aaa_server(config: HssConfig, relay: int) -> None:
    """Vectors, a registration, and the RTR that ends it."""
    told: asyncio.Queue[Message] = asyncio.Queue()

    async def serve(peer: str, message: Message) -> Message:
        assert peer == "relay.transit"
        await told.put(message)
        rtr = RegistrationTerminationRequest.parse(message)
        return RegistrationTerminationAnswer(
            session_id=rtr.session_id, origin_host=aaa.origin_host, origin_realm=aaa.origin_realm, result_code=2001
        ).message(message)

    aaa = AaaConfig(origin_host="aaa.visited", origin_realm="visited", hss="swx")
    swx = SwxConfig(
        hss=SocketAddress("127.0.0.1", relay), hss_origin_host="hss.example", hss_realm="example", agent="relay.transit"
    )
    async with open_swx(aaa, swx, NullCapture(), serve, None) as hss:
        asked = VectorRequest(Imsi(IMSI), aaa.origin_host, EapMethod.AKA, 1)
        assert len(await hss.vectors(asked)) == 1
        assert await hss.assign(AssignmentRequest(Imsi(IMSI), aaa.origin_host, Assignment.REGISTRATION))
        with transaction(config.database) as connection:
            tell_deregistered(connection, IMSI, "barred by the operator")
            forget(connection, IMSI)
        assert (await asyncio.wait_for(told.get(), LIMIT)).text("User-Name") == IMSI


async def test_nodes_behind_the_relay_are_served_and_told(config: HssConfig, relay: int) -> None:
    async with node(relay, "aaa") as aaa, node(relay, "mme") as mme:
        answer = MultimediaAuthAnswer.parse(await aaa.ask(mar(aaa.name)))
        assert (answer.result_code, len(answer.auth_data_items)) == (2001, 2)
        assert answer.origin_host == "hss.example"
        assert (await mme.ask(air(mme.name))).result_code == 2001
        assert (await aaa.ask(sar(aaa.name))).result_code == 2001
        with transaction(config.database) as connection:
            assert set(connection.scalars(select(RequestingNode.name))) == {aaa.name, mme.name}
            assert connection.scalars(select(Registration.aaa_name)).all() == [aaa.name]
            tell_deregistered(connection, IMSI, "barred by the operator")
            forget(connection, IMSI)
        told = await asyncio.wait_for(aaa.told.get(), LIMIT)
        rtr = RegistrationTerminationRequest.parse(told)
        assert told.text("Route-Record") == "hss.example"
        assert (rtr.user_name, rtr.origin_host, rtr.destination_host) == (IMSI, "hss.example", aaa.name)
        assert mme.told.empty()
    await ask_as_our_own_aaa_server(config, relay)


async def test_node_of_another_realm_is_refused_behind_the_relay(relay: int) -> None:
    async with node(relay, "aaa", "foreign") as aaa:
        answer = await aaa.ask(mar(aaa.name, "foreign"))
        assert answer.result_code == 5003
        assert answer.text("Error-Message") == "'foreign' is none of the realms of relay"
        assert answer.text("Origin-Host") == "hss.example"


async def test_relay_answers_for_a_host_that_is_not_there(relay: int) -> None:
    async with node(relay, "aaa") as aaa:
        message = mar(aaa.name)
        lost = MultimediaAuthRequest.parse(message)
        answer = await aaa.ask(
            MultimediaAuthRequest(
                session_id=lost.session_id,
                origin_host=aaa.name,
                origin_realm="visited",
                destination_realm="nowhere",
                user_name=IMSI,
                auth_data_item=lost.auth_data_item,
            ).message()
        )
        assert answer.result_code == 3002
        assert answer.text("Origin-Host") == "relay.transit"
