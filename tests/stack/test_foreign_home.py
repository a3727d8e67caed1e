"""python-diameter's node as the server of another realm: it lets a user in, and hears what he has used, and his end."""

import asyncio
import socket
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from aaa.radius.accounting.record import to_record
from aaa.radius.translation.agent import TranslationAgent
from aaa.radius.translation.config import DiameterServerConfig
from runtime.config import SocketAddress
from tests.aaa.radius.accounting.reports import MOMENT, packet
from tests.aaa.radius.samples import AUTHENTICATOR, CLIENT, MSK, SECRET
from tests.aaa.radius.translation.home import AAA, CHALLENGE, REALM, SUCCESS
from tests.aaa.radius.translation.test_agent import ALONE, answered, state_of
from wire.radius.accounting import AcctStatusType
from wire.radius.mppe import msk_of
from wire.radius.packet import Attribute, Code, RadiusPacket

pytestmark = [pytest.mark.stack, pytest.mark.timeout(60)]

HOST = "a.partner.example"
ADDRESS = "127.83.14.9"
INPUT, OUTPUT = (2 << 32) + 7, 9


class ForeignHome:
    """Challenges whoever brings no State and accepts the rest; whatever it hears is in `heard`, as it read it."""

    def __init__(self) -> None:
        from diameter.node import Node
        from diameter.node.application import SimpleThreadingApplication

        self.heard: list[Any] = []
        with socket.create_server((ADDRESS, 0)) as free:
            self.port = free.getsockname()[1]
        self.node = Node(HOST, REALM, ip_addresses=[ADDRESS], tcp_port=self.port)
        self.node.wakeup_interval = 0.2
        peer = self.node.add_peer(f"aaa://{AAA.origin_host}", AAA.origin_realm)
        for application, kind in ((5, "is_auth_application"), (3, "is_acct_application")):
            served = SimpleThreadingApplication(application, request_handler=self.serve, **{kind: True})
            self.node.add_application(served, [peer], realms=[REALM])
        self.node.start()

    def serve(self, application: Any, request: Any) -> Any:  # noqa: ANN401
        self.heard.append(request)
        answer = application.generate_answer(request)
        answer.result_code = 2001
        if request.header.command_code == 268:
            self._authenticate(request, answer)
        elif request.header.command_code == 271:
            answer.accounting_record_type = request.accounting_record_type
            answer.accounting_record_number = request.accounting_record_number
        return answer

    def _authenticate(self, request: Any, answer: Any) -> None:  # noqa: ANN401
        answer.auth_application_id = 5
        answer.auth_request_type = request.auth_request_type
        if request.state:
            answer.eap_payload, answer.eap_master_session_key = SUCCESS, MSK
        else:
            answer.result_code, answer.eap_payload, answer.state = 1001, CHALLENGE, [b"foreign"]

    def commands(self) -> list[int]:
        return [request.header.command_code for request in self.heard]


@pytest_asyncio.fixture
async def home() -> AsyncIterator[ForeignHome]:
    home = ForeignHome()
    yield home
    await asyncio.to_thread(home.node.stop, wait_timeout=5, force=True)


async def test_user_is_let_in_and_accounted_at_the_node_of_python_diameter(home: ForeignHome) -> None:
    config = DiameterServerConfig(
        name="a", address=SocketAddress(ADDRESS, home.port), origin_host=HOST, realm=REALM, accounting=True
    )
    agent = TranslationAgent.of([ALONE], [config], identity=AAA)
    assert agent is not None
    accept = await answered(agent, state_of(await answered(agent, realm=ALONE)), realm=ALONE)
    assert accept.code == Code.ACCESS_ACCEPT
    assert msk_of(accept, secret=SECRET, request_authenticator=AUTHENTICATOR) == MSK
    own = [Attribute.of("Class", value) for value in accept.values("Class")]
    used = [
        Attribute.of("Acct-Input-Octets", 7),
        Attribute.of("Acct-Input-Gigawords", 2),
        Attribute.of("Acct-Output-Octets", OUTPUT),
        Attribute.of("Acct-Session-Time", 61),
    ]
    for said in (
        packet(*own),
        packet(*own, *used, status=AcctStatusType.INTERIM_UPDATE),
        packet(*own, *used, status=AcctStatusType.STOP),
    ):
        assert await account(agent, said)
    await agent.end(ALONE, said, CLIENT)
    await agent.close()
    assert home.commands() == [268, 268, 271, 271, 271, 275]
    login, _, start, interim, stop, end = home.heard
    assert {request.session_id for request in home.heard} == {login.session_id}
    assert [one.accounting_record_type for one in (start, interim, stop)] == [2, 3, 4]
    assert len({one.accounting_record_number for one in (start, interim, stop)}) == 3
    assert {one.acct_application_id for one in (start, interim, stop)} == {3}
    assert (start.origin_host, start.destination_realm) == (AAA.origin_host.encode(), REALM.encode())
    assert (end.auth_application_id, end.termination_cause) == (5, 1)
    assert [(one.accounting_input_octets, one.accounting_output_octets) for one in (interim, stop)] == [
        (INPUT, OUTPUT)
    ] * 2


async def account(agent: TranslationAgent, said: RadiusPacket) -> bool:
    return await agent.account(ALONE, said, CLIENT, to_record(said, CLIENT.name, "192.0.2.1", MOMENT))
