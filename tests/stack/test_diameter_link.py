"""The gateway's Diameter link against a Diameter server, on real sockets."""

import random
from collections.abc import AsyncIterator
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

import pytest
import pytest_asyncio
from structlog.testing import capture_logs

from pdngw_proxy.aaa_link.config import DiameterLinkConfig
from pdngw_proxy.aaa_link.diameter import DiameterLink
from pdngw_proxy.aaa_link.port import RelayAccept, RelayChallenge, RelayRequest, RelayUnavailable
from pdngw_proxy.aaa_link.records import EndedBy
from runtime.config import SocketAddress
from runtime.diameter.server import DiameterServer
from runtime.taps import Address
from tests.runtime.diameter.pipe import messages
from wire.diameter.applications import Application
from wire.diameter.capabilities import LocalNode, PeerPolicy
from wire.diameter.enumerations import AuthRequestType
from wire.diameter.message import Message
from wire.diameter.peering import CapabilitiesExchangeRequest
from wire.diameter.results import ResultCode
from wire.diameter.s6b import S6bEapAnswer, S6bEapRequest
from wire.diameter.sessions import SessionCommand, SessionTerminationAnswer, SessionTerminationRequest
from wire.secret import Secret

pytestmark = pytest.mark.stack

CHANCE = random.Random(6733)
MSK = Secret(bytes(range(64)))
NOON = 0x1_6A00_0000
AAA = LocalNode("aaa.example", "example", (Application.S6B,))
PGW = PeerPolicy("pgw", "pgw.example", "example", (ip_network("127.0.0.0/8"),), (Application.S6B,))


class Aaa:
    """Challenges whoever brings no State, accepts the rest, and remembers whose sessions have ended."""

    def __init__(self) -> None:
        self.ended: list[str] = []

    async def serve(self, _peer: str, message: Message) -> Message:
        if message.command == SessionCommand.SESSION_TERMINATION:
            session = SessionTerminationRequest.parse(message).session_id
            self.ended.append(session)
            return SessionTerminationAnswer(
                session_id=session, origin_host=AAA.origin_host, origin_realm=AAA.origin_realm, result_code=2001
            ).message(message)
        asked = S6bEapRequest.parse(message)
        is_last = bool(asked.states)
        return S6bEapAnswer(
            session_id=asked.session_id,
            auth_application_id=Application.S6B,
            auth_request_type=AuthRequestType.AUTHORIZE_AUTHENTICATE,
            origin_host=AAA.origin_host,
            origin_realm=AAA.origin_realm,
            result_code=ResultCode.SUCCESS if is_last else ResultCode.MULTI_ROUND_AUTH,
            eap_payload=bytes.fromhex("03080004") if is_last else bytes.fromhex("0102000517"),
            eap_master_session_key=MSK if is_last else None,
            states=() if is_last else (b"sealed",),
        ).message(message)


@pytest_asyncio.fixture
async def aaa() -> AsyncIterator[tuple[Aaa, SocketAddress]]:
    served = Aaa()
    server = DiameterServer(local=AAA, peers=[PGW], handler=served.serve, random=CHANCE.randbytes, wall_clock=0.0)
    host, port = await server.listen("127.0.0.1", 0)
    yield served, SocketAddress(host, port)
    await server.close()


@dataclass
class Tap:
    """Keeps the octets that went to `server`."""

    server: SocketAddress
    heard: bytes = b""
    listening = True

    def tcp(self, *, source: Address, destination: Address, payload: bytes) -> None:  # noqa: ARG002
        self.heard += payload if destination == tuple(self.server) else b""


def link_to(
    address: SocketAddress,
    limit: float = 5.0,
    own: IPv4Address | IPv6Address | None = None,
    capture: Tap | None = None,
) -> DiameterLink:
    config = DiameterLinkConfig(
        aaa=address,
        aaa_origin_host="aaa.example",
        aaa_realm="example",
        origin_host="pgw.example",
        origin_realm="example",
        limit=limit,
    )
    return DiameterLink.of(
        config,
        home_agent=IPv6Address("2001:db8::1"),
        visited_network="mnc001.mcc001.3gppnetwork.org",
        address=own,
        capture=capture,
        since=NOON,
    )


def asked(state: bytes | None = None) -> RelayRequest:
    return RelayRequest(session="7;1", eap=b"\x02\x01\x00\x05\x01", identity="ue@example", apn="internet", state=state)


async def test_ue_is_challenged_and_accepted_and_its_session_ended(aaa: tuple[Aaa, SocketAddress]) -> None:
    served, address = aaa
    link = link_to(address)
    challenged = await link.authenticate(asked())
    assert challenged == RelayChallenge(bytes.fromhex("0102000517"), b"sealed")
    accepted = await link.authenticate(asked(b"sealed"))
    assert accepted == RelayAccept(bytes.fromhex("03080004"), MSK)
    await link.end_session("7;1", "ue@example", EndedBy.UE)
    assert served.ended == ["pgw.example;7;1"]
    await link.close()


async def test_link_says_since_when_it_has_had_its_sessions(aaa: tuple[Aaa, SocketAddress]) -> None:
    tap = Tap(aaa[1])
    link = link_to(aaa[1], capture=tap)
    assert isinstance(await link.authenticate(asked()), RelayChallenge)
    await link.close()
    cer = CapabilitiesExchangeRequest.parse(messages(tap.heard)[0])
    assert cer.origin_state_id == NOON & 0xFFFFFFFF


@pytest.mark.parametrize(("own", "seen"), [("127.44.0.4", "127.44.0.4"), ("2001:db8::4", "127.0.0.1")])
async def test_link_comes_from_the_gateways_address_where_its_version_allows(
    aaa: tuple[Aaa, SocketAddress], own: str, seen: str
) -> None:
    link = link_to(aaa[1], own=ip_address(own))
    with capture_logs() as lines:
        assert isinstance(await link.authenticate(asked()), RelayChallenge)
    assert ("pgw", seen) in {(line["peer"], line["remote"]) for line in lines if line["event"] == "peer connected"}
    await link.close()


async def test_nobody_at_the_address_ends_within_the_limit() -> None:
    link = link_to(SocketAddress("127.0.0.1", 1), limit=0.3)
    answer = await link.authenticate(asked())
    assert isinstance(answer, RelayUnavailable)
    assert "aaa is not connected: no connection to 127.0.0.1:1" in answer.cause
    await link.close()
