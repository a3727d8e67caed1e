"""Debian's freeDiameter, with its dictionaries of EAP and MIP6I, as a relay between PDN GWs and our AAA server.

It reads every message by its dictionaries and says what it has read; a relay holds none against a command's grammar.
"""

import asyncio
import datetime as dt
import json
import os
import random
import socket
import subprocess
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from ipaddress import IPv6Address, ip_network
from pathlib import Path

import pytest
import pytest_asyncio

from aaa.diameter.config import DiameterConfig, DiameterPeerConfig
from aaa.diameter.gateways import Gateways
from aaa.diameter.server import AaaDiameterServer
from aaa.radius.proxy.config import RealmConfig
from aaa.radius.translation.agent import TranslationAgent
from aaa.radius.translation.config import DiameterServerConfig
from aaa.registrar import Registrar
from aaa.service import EapAuthenticationService
from aaa.sessions import MemoryConversations
from aaa.swx_requests import SwxRequests
from aaa.user_sessions import MemoryUserSessions
from akadia.pki import Authority
from hss.api import Ambr, Assignment
from hss.telling.swx_profile import user_data
from pdngw_proxy.aaa_link.config import ApplicationName, DiameterLinkConfig
from pdngw_proxy.aaa_link.diameter import DiameterLink
from pdngw_proxy.aaa_link.port import RelayAccept, RelayChallenge, RelayRequest
from pdngw_proxy.aaa_link.records import EndedBy
from runtime.capture import Capture
from runtime.config import SocketAddress
from runtime.diameter.client import DiameterClient
from tests.aaa.memory_hss import IMSI, INTERNET, PLMN, REALM, MemoryHss, Subscriber, profile, usim
from tests.aaa.radius.samples import CLIENT, asked
from tests.interop.program import Program
from tests.pdngw_proxy.aaa_link.test_diameter_requests import Keeper
from tests.runtime.diameter.pipe import eventually
from tests.wire.diameter.samples import PPR, RTR, numbered
from ue_sim.eap_peer import AkaPeer, EapArrived, SendEap
from wire.diameter.applications import Application
from wire.diameter.avp import Avp
from wire.diameter.capabilities import LocalNode, PeerPolicy
from wire.diameter.command import Identity
from wire.diameter.message import Message
from wire.diameter.mip6i import Mip6iEapAnswer, Mip6iEapRequest
from wire.diameter.profile import Mip6AgentInfo
from wire.diameter.sessions import AbortSessionAnswer, AbortSessionRequest
from wire.eap.packet import identity_response
from wire.identity import EapMethod
from wire.radius.codec import parse_packet
from wire.radius.eap import join_eap
from wire.radius.packet import Attribute, Code

pytestmark = [pytest.mark.interop, pytest.mark.timeout(120)]

LIMIT = 20.0
AAA, PGW, HA = Identity("aaa.example", "example"), Identity("pgw.visited", "visited"), Identity("ha.visited", "visited")
NAI = f"0{IMSI}@{REALM}"
HOME_AGENT = IPv6Address("2001:db8::1")
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
LoadExtension = "dict_nasreq.fdx";
LoadExtension = "dict_eap.fdx";
LoadExtension = "dict_rfc5777.fdx";
LoadExtension = "dict_mip6i.fdx";
LoadExtension = "dbg_msg_dumps.fdx" : "0x8888";
LoadExtension = "acl_wl.fdx" : "{folder}/acl.conf";
ConnectPeer = "aaa.example" {{ No_TLS; ConnectTo = "127.0.0.1"; Port = {aaa}; Realm = "example"; }};
"""


@dataclass
class Aaa:
    """Our AAA server on a socket, with its HSS in memory."""

    port: int
    hss: MemoryHss
    users: MemoryUserSessions
    requests: SwxRequests
    registrar: Registrar


@pytest.fixture
def captured(tmp_path: Path) -> Path:
    return tmp_path / "aaa.pcapng"


@pytest_asyncio.fixture
async def aaa(captured: Path) -> AsyncIterator[Aaa]:
    chance = random.Random(5778)
    hss, users, gateways = MemoryHss(), MemoryUserSessions(), Gateways(AAA)
    registrar = Registrar(hss, AAA.origin_host, users)
    loop = asyncio.get_running_loop()
    service = EapAuthenticationService(
        hss=hss,
        conversations=MemoryConversations(random=chance.randbytes),
        node=AAA.origin_host,
        clock=loop.time,
        random=chance.randbytes,
    )
    relay = DiameterPeerConfig(
        name="relay",
        origin_host="relay.transit",
        origin_realm="transit",
        addresses=(ip_network("127.0.0.0/8"),),
        applications=("eap", "mip6i", "s6b"),
        agent=True,
    )
    config = DiameterConfig(address=SocketAddress("127.0.0.1", 0), peer=(relay,))
    with captured.open("wb", buffering=0) as file:
        server = AaaDiameterServer(
            config,
            service,
            AAA,
            users=users,
            registrar=registrar,
            gateways=gateways,
            capture=Capture(file, "aaa", lambda: 0),
        )
        plain, _ = await server.listen()
        assert plain is not None
        yield Aaa(plain[1], hss, users, SwxRequests(AAA, users, gateways, registrar), registrar)
        await server.close()


@pytest_asyncio.fixture
async def relay(tmp_path: Path, aaa: Aaa, foreign_peer: Callable[[str], str]) -> AsyncIterator[tuple[int, Program]]:
    """The port of a relay that is connected to the AAA server."""
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
        ("acl.conf", b"ALLOW_IPSEC *.visited\n"),
        ("relay.conf", RELAY.format(folder=tmp_path, port=port, aaa=aaa.port).encode()),
    ):
        (tmp_path / name).write_bytes(octets)
    running = Program(program, "-c", str(tmp_path / "relay.conf"))
    try:
        await asyncio.to_thread(running.wait_for, "'aaa.example'.*STATE_OPEN|STATE_OPEN.*aaa.example")
        yield port, running
    finally:
        await asyncio.to_thread(running.end)


@asynccontextmanager
async def gateway(port: int, application: ApplicationName = "s6b") -> AsyncIterator[DiameterLink]:
    config = DiameterLinkConfig(
        aaa=SocketAddress("127.0.0.1", port),
        agent="relay.transit",
        aaa_origin_host=AAA.origin_host,
        aaa_realm=AAA.origin_realm,
        origin_host=PGW.origin_host,
        origin_realm=PGW.origin_realm,
        application=application,
    )
    link = DiameterLink.of(config, home_agent=HOME_AGENT, visited_network="mnc001.mcc001.3gppnetwork.org")
    try:
        yield link
    finally:
        await link.close()


def phone() -> AkaPeer:
    return AkaPeer(usim=usim(), imsi=IMSI, plmn=PLMN, methods=(EapMethod.AKA,))


def said(ue: AkaPeer, eap: bytes) -> bytes:
    (sent,) = [effect for effect in ue.handle(EapArrived(eap), 0.0) if isinstance(effect, SendEap)]
    return sent.packet


async def attach(link: DiameterLink, session: str = "7;1") -> RelayAccept:
    ue = phone()
    request = RelayRequest(session=session, eap=identity_response(1, NAI.encode()), identity=NAI, apn="internet")
    while True:
        answer = await link.authenticate(request)
        if isinstance(answer, RelayAccept):
            return answer
        assert isinstance(answer, RelayChallenge), answer
        request = replace(request, eap=said(ue, answer.eap), state=answer.state)


@pytest.mark.parametrize("application", ["s6b", "mip6i", "eap"])
async def test_gateway_behind_the_relay_is_served_and_its_session_ended(
    aaa: Aaa, relay: tuple[int, Program], application: ApplicationName
) -> None:
    async with gateway(relay[0], application) as link:
        accepted = await attach(link)
        assert len(accepted.msk) == 64
        (session,) = await aaa.users.of_user(IMSI)
        named = None if application == "eap" else HOME_AGENT
        assert (session.peer, session.origin_host, session.pdn_gw) == ("relay", PGW.origin_host, named)
        await link.end_session("7;1", accepted.user_name, EndedBy.UE)
        await aaa.registrar.close()
        assert await aaa.users.of_user(IMSI) == ()
        assert aaa.hss.assignments[-1].assignment is Assignment.USER_DEREGISTRATION


async def test_rtr_ends_the_session_at_the_gateway_behind_the_relay(aaa: Aaa, relay: tuple[int, Program]) -> None:
    async with gateway(relay[0]) as link:
        keeper = Keeper("7;1")
        link.obey(keeper)
        await attach(link)
        answer = await aaa.requests.serve("hss", numbered(replace(RTR, user_name=str(IMSI)).message()))
        assert answer.result_code == 2001
        assert keeper.aborted == [("7;1", "the AAA server ended it")]
        await link.end_session("7;1", NAI, EndedBy.UE)
        await aaa.registrar.close()
        assert await aaa.users.of_user(IMSI) == ()
        assert aaa.hss.assignments[-1].assignment is not Assignment.USER_DEREGISTRATION


async def test_ppr_makes_the_gateway_behind_the_relay_ask_anew(aaa: Aaa, relay: tuple[int, Program]) -> None:
    async with gateway(relay[0]) as link:
        keeper = Keeper("7;1")
        link.obey(keeper)
        await attach(link)
        new = profile(replace(INTERNET, ambr=Ambr(1, 2)))
        aaa.hss.subscribers[IMSI] = Subscriber(new)
        push = replace(PPR, user_name=str(IMSI), non_3gpp_user_data=user_data(new))
        assert (await aaa.requests.serve("hss", numbered(push.message()))).result_code == 2001
        asked = [one.assignment for one in aaa.hss.assignments]
        await eventually(lambda: Assignment.USER_DATA_REQUEST in [one.assignment for one in aaa.hss.assignments])
        assert Assignment.USER_DATA_REQUEST not in asked or keeper.aborted == []
        (session,) = await aaa.users.of_user(IMSI)
        assert session.profile == new


class HomeAgent:
    """A home agent of RFC 5778, which speaks MIP6I through the relay."""

    def __init__(self, port: int) -> None:
        self.aborted: list[str] = []
        self.client = DiameterClient(
            local=LocalNode(HA.origin_host, HA.origin_realm, (Application.MIP6I,)),
            peer=PeerPolicy("relay", "relay.transit", "transit", (), (Application.MIP6I,), agent=True),
            address=("127.0.0.1", port),
            random=os.urandom,
            handler=self.serve,
        )

    async def serve(self, _peer: str, message: Message) -> Message:
        request = AbortSessionRequest.parse(message)
        self.aborted.append(request.session_id)
        return AbortSessionAnswer(
            session_id=request.session_id,
            origin_host=HA.origin_host,
            origin_realm=HA.origin_realm,
            result_code=2001,
        ).message(message)

    def der(self, eap: bytes, states: tuple[bytes, ...]) -> Message:
        return Mip6iEapRequest(
            session_id="ha.visited;7;1",
            origin_host=HA.origin_host,
            origin_realm=HA.origin_realm,
            destination_realm=AAA.origin_realm,
            user_name=NAI,
            eap_payload=eap,
            states=states,
            service_selection="internet",
            mip6_feature_vector=1,
            mip6_agent_info=Mip6AgentInfo(home_agent_addresses=(HOME_AGENT,)),
            mobile_node_addresses=(IPv6Address("2001:db8:1::10"),),
        ).message()


async def test_home_agent_bootstraps_by_mip6i_through_a_relay_that_knows_it(
    aaa: Aaa, relay: tuple[int, Program], captured: Path, foreign_peer: Callable[[str], str]
) -> None:
    port, _ = relay
    agent, ue = HomeAgent(port), phone()
    agent.client.start()
    await agent.client.ready(LIMIT)
    eap, states = identity_response(1, NAI.encode()), tuple[bytes, ...]()
    while True:
        answer = Mip6iEapAnswer.parse(await agent.client.request(agent.der(eap, states)))
        if answer.succeeded:
            break
        assert (answer.result_code, len(answer.states)) == (1001, 1)
        eap, states = said(ue, answer.eap_payload or b""), answer.states
    assert (answer.service_selection, answer.mip6_feature_vector) == ("internet", 1)
    assert len(answer.eap_master_session_key or b"") == 64
    rtr = replace(RTR, user_name=str(IMSI)).message()
    assert (await aaa.requests.serve("hss", numbered(rtr))).result_code == 2001
    assert agent.aborted == ["ha.visited;7;1"]
    await agent.client.close()
    await asyncio.to_thread(relay[1].wait_for, "'MIP-Mobile-Node-Address'.*2001:db8:1::10")
    assert_readable(captured, aaa.port, foreign_peer("tshark"))


async def test_what_breaks_the_grammar_of_mip6i_is_refused_through_the_relay(
    aaa: Aaa, relay: tuple[int, Program]
) -> None:
    port, _ = relay
    agent = HomeAgent(port)
    agent.client.start()
    await agent.client.ready(LIMIT)
    good = agent.der(identity_response(1, NAI.encode()), ())
    twice = good.with_avps((*good.avps, Avp(1, 0, 0x40, b"another")))
    assert (await agent.client.request(twice)).result_code == 5009
    unknown = good.with_avps((*good.avps, Avp(4_000_000, 0, 0x40, b"?")))
    assert (await agent.client.request(unknown)).result_code == 5001
    assert (await agent.client.request(good)).result_code == 1001
    await agent.client.close()


def assert_readable(capture: Path, port: int, tshark: str) -> None:
    command = [tshark, "-d", f"tcp.port=={port},diameter", "-r", str(capture), "-T", "json", "--no-duplicate-keys"]
    done = subprocess.run(command, capture_output=True, check=True, timeout=60)
    packets = [packet["_source"]["layers"] for packet in json.loads(done.stdout)]
    read = [packet for packet in packets if "diameter" in packet]
    assert len(read) >= 8
    assert "malformed" not in done.stdout.decode().lower()
    assert "_ws.expert" not in json.dumps(read)


async def test_radius_user_behind_the_relay_gets_in_and_leaves(aaa: Aaa, relay: tuple[int, Program]) -> None:
    where = SocketAddress("127.0.0.1", relay[0])
    server = DiameterServerConfig(
        name="relay", address=where, origin_host="relay.transit", realm=AAA.origin_realm, agent=True
    )
    realm = RealmConfig(realm=REALM, diameter=("relay",))
    agent = TranslationAgent.of([realm], [server], identity=Identity("proxy.visited", "visited"))
    assert agent is not None
    ue, eap = phone(), identity_response(1, NAI.encode())
    state: tuple[Attribute, ...] = ()
    while True:
        octets = asked(Attribute(1, NAI.encode()), *state, eap=eap)
        request = replace(parse_packet(octets), attributes=parse_packet(octets).attributes[2:])
        answer = parse_packet(await agent.forward(realm, request, CLIENT))
        if answer.code != Code.ACCESS_CHALLENGE:
            break
        state, eap = (Attribute(24, answer.octets("State") or b""),), said(ue, join_eap(answer) or b"")
    assert answer.code == Code.ACCESS_ACCEPT
    (session,) = await aaa.users.of_user(IMSI)
    assert (session.peer, session.origin_host) == ("relay", "proxy.visited")
    await agent.end(realm, answer, CLIENT)
    await agent.close()
    assert await aaa.users.of_user(IMSI) == ()
