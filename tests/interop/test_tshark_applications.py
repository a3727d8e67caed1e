"""tshark reads whole sessions of every application of gateways: begun, authorized, asked anew, aborted, ended."""

import asyncio
import secrets
import subprocess
from collections.abc import Callable, Coroutine
from ipaddress import IPv6Address
from pathlib import Path
from typing import Any

import pytest

from aaa.diameter.gateways import AUTHORIZING, Gateways
from runtime.capture import Capture
from tests.aaa.memory_hss import IMSI, PLMN, REALM, usim
from tests.fuzz.whole.diameter_messages import STATE, SUCCESS, Raw, result_of
from tests.fuzz.whole.diameter_node import AAA, GATEWAY, Connection, Node, connected
from tests.fuzz.whole.server import POLICIES, Clock, WholeServer
from ue_sim.eap_peer import AkaPeer, EapArrived, KeysDerived, SendEap
from wire.diameter.applications import Application
from wire.diameter.authorization import AaRequest
from wire.diameter.command import Request
from wire.diameter.eap_applications import REQUESTS
from wire.diameter.message import Message
from wire.diameter.profile import Mip6AgentInfo
from wire.diameter.results import ResultCode
from wire.diameter.sessions import (
    AbortSessionAnswer,
    AbortSessionRequest,
    ReAuthAnswer,
    ReAuthRequest,
    SessionTerminationRequest,
)
from wire.eap.packet import identity_response
from wire.identity import EapMethod

pytestmark = pytest.mark.interop

AGENT = Mip6AgentInfo(home_agent_addresses=(IPv6Address("2001:db8::1"),))
MOBILE: dict[str, Any] = {"service_selection": "internet", "mip6_feature_vector": 1, "mip6_agent_info": AGENT}
FIELDS: dict[Application, dict[str, Any]] = {
    Application.EAP: {},
    Application.MIP6I: MOBILE,
    Application.S6B: {**MOBILE, "rat_type": 0},
    Application.SWM: {"service_selection": "internet", "rat_type": 0, "mip6_feature_vector": 1},
    Application.STA: {"rat_type": 0, "anid": "WLAN"},
}
METHODS = (EapMethod.AKA, EapMethod.AKA_PRIME)


class Gateway:
    """A gateway that speaks one application."""

    def __init__(self, connection: Connection, application: Application) -> None:
        self._connection = connection
        self._application = application
        self._number = int(application)
        self.session = f"{GATEWAY.origin_host};1;{application}"

    def _fields(self) -> dict[str, Any]:
        return {
            "session_id": self.session,
            "auth_application_id": self._application,
            "origin_host": GATEWAY.origin_host,
            "origin_realm": GATEWAY.origin_realm,
            "destination_realm": AAA.origin_realm,
            "user_name": f"0{IMSI}@{REALM}",
        }

    async def ask(self, kind: Callable[..., Request], **fields: Any) -> Raw:  # noqa: ANN401
        """The answer to one request."""
        self._number += 1
        message = kind(**self._fields(), **fields).message()
        numbered = message.numbered(hop_by_hop=self._number, end_to_end=self._number)
        (answer,) = await self._connection.say(numbered.build())
        return answer

    async def authenticate(self, peer: AkaPeer) -> bool:
        """DER and DEA until the end."""
        eap = identity_response(1, peer.identity)
        states: tuple[bytes, ...] = ()
        while True:
            answer = await self.ask(
                REQUESTS[self._application], eap_payload=eap, states=states, **FIELDS[self._application]
            )
            effects = peer.handle(EapArrived(answer.value(462) or b""), 0.0)
            if result_of(answer) != 1001:
                return result_of(answer) == SUCCESS and isinstance(effects[0], KeysDerived)
            assert isinstance(effects[0], SendEap)
            eap, states = effects[0].packet, (answer.value(STATE) or b"",)

    async def answer(
        self,
        asking: Coroutine[None, None, ResultCode | None],
        asked: type[Request],
        kind: type[ReAuthAnswer | AbortSessionAnswer],
    ) -> ResultCode | None:
        """What the server makes of a success to what it asks."""
        task = asyncio.create_task(asking)
        await self._connection.say(b"")
        request = Message.parse(self._connection.asked.pop().build())
        assert asked.parse(request)
        done = kind(
            result_code=ResultCode.SUCCESS,
            session_id=self.session,
            origin_host=GATEWAY.origin_host,
            origin_realm=GATEWAY.origin_realm,
        )
        await self._connection.say(done.message(request).build())
        return await task


async def whole_session(application: Application, file: Path) -> None:
    """Everything that is said about one user, twice where EAP-AKA' is spoken too."""
    with file.open("wb") as octets:
        node = Node(WholeServer(POLICIES[1], Clock()), 1, Capture(octets, "aaa", lambda: 0))
        connection = await connected(node, GATEWAY)
        gateway, card = Gateway(connection, application), usim()
        for method in METHODS:
            peer = AkaPeer(usim=card, imsi=IMSI, plmn=PLMN, methods=(method,), random=secrets.token_bytes)
            assert await gateway.authenticate(peer)
        gateways = Gateways(AAA.identity, node.diameter.request)
        session = await node.users.find(gateway.session)
        assert session is not None
        if application in AUTHORIZING:
            assert result_of(await gateway.ask(AaRequest)) == SUCCESS
        again = gateways.authorize_again(session)
        assert await gateway.answer(again, ReAuthRequest, ReAuthAnswer) == ResultCode.SUCCESS
        abort = gateways.abort(session)
        assert await gateway.answer(abort, AbortSessionRequest, AbortSessionAnswer) == ResultCode.SUCCESS
        assert result_of(await gateway.ask(SessionTerminationRequest, termination_cause=1)) == SUCCESS
        assert result_of(await gateway.ask(SessionTerminationRequest, termination_cause=1)) == 5002
        await connection.close()


@pytest.mark.parametrize("application", FIELDS, ids=lambda application: application.name)
async def test_tshark_reads_a_whole_session(
    tmp_path: Path, foreign_peer: Callable[[str], str], application: Application
) -> None:
    file = tmp_path / "session.pcapng"
    await whole_session(application, file)

    def read(*words: str) -> list[str]:
        command = [foreign_peer("tshark"), "-n", "-r", str(file), *words]
        return subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout.splitlines()

    assert read("-Y", "_ws.malformed || _ws.expert.severity >= warning") == []
    commands = read("-Y", "diameter", "-T", "fields", "-e", "diameter.cmd.code", "-e", "diameter.flags.request")
    said = {"257", "268", "258", "274", "275"} | ({"265"} if application in AUTHORIZING else set())
    assert {line.split()[0] for line in commands} == said
    assert len(commands) % 2 == 0
    applications = {line for line in read("-Y", "diameter", "-T", "fields", "-e", "diameter.applicationId") if line}
    assert applications == {"0", str(int(application))}
