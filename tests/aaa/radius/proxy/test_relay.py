"""Requests go to the first server that lives."""

from pathlib import Path
from random import Random

import pytest
from structlog.testing import capture_logs

from aaa.radius.accounting.record import to_record
from aaa.radius.clients import RadiusClient
from aaa.radius.proxy.config import RealmConfig
from aaa.radius.proxy.relay import Relay
from aaa.radius.translation.agent import TranslationAgent
from hss.session_api import AccountingRecord
from runtime.config import ConfigError
from runtime.radius.requests import RadiusUnavailable
from tests.aaa.radius.accounting.reports import MOMENT, packet
from tests.aaa.radius.proxy.upstream import Upstream
from tests.aaa.radius.samples import AUTHENTICATOR, CLIENT, SECRET, asked
from wire.radius.codec import parse_packet
from wire.radius.packet import Attribute, Code, RadiusPacket, is_genuine_response

REALM = RealmConfig(realm="example.org", servers=("a", "b"))
REQUEST = asked(Attribute.of("Proxy-State", b"nas"))


@pytest.mark.stack
async def test_request_goes_to_the_first_that_lives(tmp_path: Path) -> None:
    first, second = Upstream("a"), Upstream("b")
    servers = [first.config(tmp_path), second.config(tmp_path)]
    relay = Relay.of([REALM], servers, node="aaa.example", random=Random(1).randbytes)
    assert relay is not None

    async def answer() -> bytes:
        return await relay.forward(REALM, REQUEST, parse_packet(REQUEST), CLIENT)

    octets = await answer()
    packet = parse_packet(octets)
    assert (packet.code, packet.identifier, packet.values("Class")) == (Code.ACCESS_ACCEPT, 7, (b"a",))
    assert packet.values("Proxy-State") == (b"nas",)
    assert is_genuine_response(octets, AUTHENTICATOR, SECRET)
    first.rejects = True
    with capture_logs() as lines:
        assert parse_packet(await answer()).code == Code.ACCESS_REJECT
    assert [(line["event"], line["cause"], line["realm"]) for line in lines] == [
        ("access rejected", "Access-Reject of a", "example.org")
    ]
    first.lives = False
    for _ in range(2):
        assert parse_packet(await answer()).values("Class") == (b"b",)
    tried = len(first.asked)
    await answer()
    assert Code.ACCESS_REQUEST not in first.asked[tried:]
    second.lives = False
    for _ in range(2):
        with pytest.raises(RadiusUnavailable, match="no answer"):
            await answer()
    with pytest.raises(RadiusUnavailable, match=r"every server of realm example.org is dead"):
        await answer()
    await relay.close()
    for upstream in (first, second):
        upstream.endpoint.close()


@pytest.mark.stack
async def test_challenge_is_answered_to_whoever_sent_it_though_the_first_server_lives_again(tmp_path: Path) -> None:
    first, second = Upstream("a"), Upstream("b")
    first.lives, second.challenges = False, True
    servers = [first.config(tmp_path), second.config(tmp_path)]
    relay = Relay.of([REALM], servers, node="aaa.example", random=Random(1).randbytes)
    assert relay is not None
    challenge = parse_packet(await relay.forward(REALM, REQUEST, parse_packet(REQUEST), CLIENT))
    assert (challenge.code, challenge.values("State")) == (Code.ACCESS_CHALLENGE, (b"b",))
    first.lives, second.challenges = True, False
    answered = asked(Attribute.of("State", b"b"))
    for octets, server in ((answered, b"b"), (REQUEST, b"a")):
        packet = parse_packet(await relay.forward(REALM, octets, parse_packet(octets), CLIENT))
        assert packet.values("Class") == (server,)
    await relay.close()
    for upstream in (first, second):
        upstream.endpoint.close()


def test_realm_names_servers_that_are_there() -> None:
    assert Relay.of([], [], node="aaa", random=bytes) is None
    with pytest.raises(ConfigError, match=r"there is no \[\[aaa.radius.server\]\] a"):
        Relay.of([REALM], [], node="aaa", random=bytes)


async def test_realm_over_diameter_is_asked_by_the_agent_alone() -> None:
    realm = RealmConfig(realm="example.org", diameter=("x",))

    class Agent(TranslationAgent):
        def __init__(self) -> None:
            self.closed = False
            self.ended: list[tuple[str, int, str]] = []

        async def end(self, realm: RealmConfig, packet: RadiusPacket, client: RadiusClient) -> None:
            self.ended.append((realm.realm, packet.identifier, client.name))

        async def forward(self, realm: RealmConfig, packet: RadiusPacket, client: RadiusClient) -> bytes:
            return f"{realm.realm} {packet.identifier} {client.name}".encode()

        async def account(
            self, realm: RealmConfig, packet: RadiusPacket, client: RadiusClient, record: AccountingRecord
        ) -> bool:
            return (realm.realm, packet.code, client.name, record.client) == ("example.org", 4, "lab", "lab")

        async def close(self) -> None:
            self.closed = True

    agent = Agent()
    relay = Relay.of([realm], [], node="aaa.example", random=bytes, agent=agent)
    assert relay is not None
    assert await relay.forward(realm, REQUEST, parse_packet(REQUEST), CLIENT) == b"example.org 7 lab"
    for user in ("u@example.org", "u@ours.example"):
        await relay.end(RadiusPacket(4, len(user), bytes(16), (Attribute.of("User-Name", user),)), CLIENT)
    reports = [packet(user=user) for user in ("u@example.org", "u@ours.example")]
    records = [to_record(report, "lab", "192.0.2.1", MOMENT) for report in reports]
    told = [await relay.account(said, CLIENT, record) for said, record in zip(reports, records, strict=True)]
    assert told == [True, False]
    assert agent.ended == [("example.org", len("u@example.org"), "lab")]
    await relay.close()
    assert agent.closed
    lonely = Relay.of([realm], [], node="aaa.example", random=bytes)
    assert lonely is not None
    with pytest.raises(RadiusUnavailable, match="nobody asks the Diameter servers"):
        await lonely.forward(realm, REQUEST, parse_packet(REQUEST), CLIENT)
