"""A UE, the gateway and the AAA server in memory, all of Diameter between them: S6b, MIP6I and application 5."""

import asyncio
from collections.abc import Coroutine, Iterator
from dataclasses import dataclass, field
from ipaddress import IPv6Address
from random import Random
from typing import TypeVar

import pytest

from aaa.diameter.front import DiameterFront
from aaa.diameter.gateways import Gateways
from aaa.eap.policy import AkaPolicy
from aaa.messages import Client
from aaa.registrar import Registrar
from aaa.service import EapAuthenticationService
from aaa.sessions import MemoryConversations
from aaa.user_sessions import MemoryUserSessions, UserSession
from hss.api import ApnProfile, Refusal, ServiceRefused
from pdngw_proxy.aaa_link.diameter import DiameterLink
from pdngw_proxy.aaa_link.diameter_messages import DiameterGateway
from pdngw_proxy.aaa_link.port import Marks, RelayAnswer, RelayRequest
from pdngw_proxy.aaa_link.records import EndedBy
from pdngw_proxy.gateway_events import ReauthenticationWanted, SessionAborted, SessionLimited
from tests.aaa.memory_hss import IMSI, MemoryHss, Subscriber, profile
from tests.network import HA_ADDRESS, NETWORK_NAME, Network, assert_nothing_is_left
from ue_sim.ue_events import Step
from wire.diameter.applications import Application
from wire.diameter.command import Identity
from wire.diameter.commands import COMMANDS, name_of
from wire.diameter.grammar import check
from wire.diameter.groups import GROUPS
from wire.diameter.message import Message
from wire.diameter.results import ResultCode

AAA = Identity("aaa.example", "example")
T = TypeVar("T")
PGW = Identity("pgw.example", "example")
STATIC = IPv6Address("2001:db8:7::77")
INTERNET = ApnProfile(1, "internet", home_address=STATIC)
APPLICATIONS = [Application.S6B, Application.MIP6I, Application.EAP]


def over_the_wire(message: Message) -> Message:
    """As it arrives, after it was held against the grammar of its command."""
    command = COMMANDS[message.application, message.command]
    check(command.request if message.is_request else command.answer, message.avps, groups=GROUPS)
    return Message.parse(message.build())


@dataclass
class Site:
    """The AAA server and the gateway's link to it, which is a `Requester` and the server's way back in one."""

    application: Application
    runner: asyncio.Runner
    hss: MemoryHss = field(default_factory=lambda: MemoryHss(Subscriber(profile(INTERNET))))
    said: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.users = MemoryUserSessions()
        service = EapAuthenticationService(
            hss=self.hss,
            conversations=MemoryConversations(random=Random(4072).randbytes),
            node=AAA.origin_host,
            clock=lambda: 0.0,
            random=Random(5778).randbytes,
            policy=AkaPolicy(),
            identities=None,
        )
        registrar = Registrar(self.hss, AAA.origin_host, self.users)
        self.front = DiameterFront(service, AAA, {"pgw": Client("pgw", NETWORK_NAME)}, self.users, registrar)
        gateway = DiameterGateway(
            identity=PGW,
            aaa=AAA,
            home_agent=HA_ADDRESS,
            visited_network="mnc001.mcc001.3gppnetwork.org",
            application=self.application,
        )
        self.link = DiameterLink(self, gateway)
        self.gateways = Gateways(AAA, self._ask_gateway)
        self.network = Network(hss=self.hss, aaa=self._relay)
        self.link.obey(self)

    def run(self, asked: Coroutine[None, None, T]) -> T:
        """What comes of `asked`, and of all that it began."""
        return self.runner.run(asked)

    @property
    def open(self) -> tuple[UserSession, ...]:
        """The sessions that the AAA server has."""
        return self.run(self.users.of_user(IMSI))

    async def ready(self, within: float) -> None:
        """It always is."""

    async def request(self, message: Message, within: float | None = None) -> Message:  # noqa: ARG002 - a Requester
        """To the AAA server and back."""
        number = len(self.said) + 1
        asked = over_the_wire(message.numbered(hop_by_hop=number, end_to_end=number))
        assert asked.application == self.application
        answer = over_the_wire(await self.front.serve("pgw", asked))
        self.said.append(f"{name_of(asked)} {answer.result_code}")
        return answer

    async def close(self) -> None:
        """Nothing is open."""

    def named(self, marks: Marks) -> tuple[str, ...]:
        raise NotImplementedError(marks)

    def holds(self, session: str) -> bool:
        """Whether the gateway has it, as `pdngw_proxy.server` says it."""
        found = self.network.gateway.sessions.of_name(session)
        return found is not None and found.accepted

    def abort(self, session: str, cause: str) -> bool:
        """End it."""
        if held := self.holds(session):
            self.network.tell_gateway(SessionAborted(session, cause))
        return held

    def limit(self, session: str, seconds: int) -> bool:
        """Let it go on for so long."""
        if held := self.holds(session):
            self.network.tell_gateway(SessionLimited(session, seconds))
        return held

    def reauthenticate(self, session: str) -> bool:
        """Ask its UE to authenticate anew."""
        if held := self.holds(session):
            self.network.tell_gateway(ReauthenticationWanted(session))
        return held

    def end_sessions(self) -> None:
        """Tell the AAA server of the sessions that have ended."""
        for session in self.network.ended_sessions:
            self.run(self.link.end_session(session, None, EndedBy.UE))

    def _relay(self, request: RelayRequest) -> RelayAnswer:
        return self.run(self.link.authenticate(request))

    async def _ask_gateway(self, _peer: str, message: Message) -> Message:
        asked = over_the_wire(message.numbered(hop_by_hop=1, end_to_end=1))
        return over_the_wire(await self.link.requests.serve("aaa", asked))


@pytest.fixture(name="site", params=APPLICATIONS, ids=lambda application: application.name)
def _site(request: pytest.FixtureRequest) -> Iterator[Site]:
    with asyncio.Runner() as runner:
        yield Site(request.param, runner)


def test_ue_attaches_and_leaves_over_every_application(site: Site) -> None:
    phone = site.network.attach()
    site.network.run(until=10.0)
    own = phone.attached.home_address
    assert (own == STATIC) == (site.application is not Application.EAP), "application 5 tells no Home Address"
    assert site.said == ["DER 1001", "DER 2001"]
    (session,) = site.open
    assert session.application == site.application
    assert session.pdn_gw == (None if site.application is Application.EAP else HA_ADDRESS)
    phone.detach()
    site.network.run(until=20.0)
    site.end_sessions()
    assert site.said[2:] == ["STR 2001"]
    assert site.open == ()
    assert_nothing_is_left(site.network)


def test_abort_ends_the_session_and_a_second_one_finds_none(site: Site) -> None:
    phone = site.network.attach()
    site.network.run(until=10.0)
    (session,) = site.open
    assert site.run(site.gateways.abort(session)) is ResultCode.SUCCESS
    site.network.run(until=20.0)
    assert "revoked the binding" in phone.detached.cause
    assert site.run(site.gateways.abort(session)) is ResultCode.UNKNOWN_SESSION_ID
    site.end_sessions()
    assert site.said[2:] == ["STR 2001"]


async def _authorized_again(site: Site, session: UserSession) -> ResultCode | None:
    told = await site.gateways.authorize_again(session)
    async with asyncio.timeout(5.0):
        while site.application is Application.S6B and len(site.said) < 3:  # noqa: ASYNC110 - the gateway's AAR is a task of its own
            await asyncio.sleep(0)
    return told


def test_session_is_authorized_anew_where_there_is_an_aar(site: Site) -> None:
    """RFC 4072 and RFC 5778 have none: the UE is asked to authenticate anew, which makes another session."""
    phone = site.network.attach()
    site.network.run(until=10.0)
    (session,) = site.open
    told = site.run(_authorized_again(site, session))
    if site.application is Application.S6B:
        assert (told, site.said[2:]) == (ResultCode.SUCCESS, ["AAR 2001"])
    else:
        assert (told, site.said[2:]) == (ResultCode.SUCCESS, [])
        (held,) = site.network.gateway.sessions.all()
        assert held.until == site.network.now + 60.0
    assert phone.ping(HA_ADDRESS, pings=1).received == 1


@pytest.mark.parametrize(
    ("refusal", "told"),
    [
        (Refusal.SUBSCRIBER_BARRED, "DER 5003"),
        (Refusal.UNAVAILABLE, "DER 5012"),
    ],
)
def test_refusal_reaches_the_ue(site: Site, refusal: Refusal, told: str) -> None:
    site.hss.refuse_vectors = ServiceRefused(refusal)
    phone = site.network.attach()
    site.network.run(until=30.0)
    assert phone.failed.step is Step.EAP
    assert site.said[-1] == told
    (cause,) = site.network.causes()
    assert f"DEA {told.removeprefix('DER ')}" in cause
