"""The link's sockets, Identifiers and waits, with a fake socket."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from ipaddress import IPv4Address
from pathlib import Path

import pytest
import structlog.testing

from pdngw_proxy.aaa_link.config import RadiusLinkConfig
from pdngw_proxy.aaa_link.port import (
    Marks,
    RelayAccept,
    RelayAnswer,
    RelayChallenge,
    RelayReject,
    RelayRequest,
    RelayUnavailable,
)
from pdngw_proxy.aaa_link.radius import RadiusLink, Server
from pdngw_proxy.aaa_link.radius_messages import Nas
from pdngw_proxy.aaa_link.records import EndedBy, Moment, SessionRecord, Usage
from runtime.config import ConfigError, SocketAddress
from runtime.taps import Address
from runtime.udp import UdpEndpoint
from wire.radius.accounting import AcctStatusType
from wire.radius.codec import parse_packet
from wire.radius.exchange import Timers
from wire.radius.messages import reply, signed_request
from wire.radius.mppe import msk_attributes
from wire.radius.packet import Attribute, Code
from wire.secret import Secret

SECRET = Secret(b"xyzzy5461")
SERVER = ("192.0.2.3", 1812)
CHALLENGE = b"\x01\x02\x00\x05\x01"


def keys(asked: bytes) -> list[Attribute]:
    return msk_attributes(bytes(64), secret=SECRET, request_authenticator=asked[4:20], random=bytes)


def request(identity: str = "ue") -> RelayRequest:
    return RelayRequest(session="s", eap=b"\x02\x01\x00\x05\x01", identity=identity, apn="internet")


class FakeEndpoint:
    """A socket on which the test is the server."""

    def __init__(self, deliver: Callable[[bytes, Address], None]) -> None:
        self.deliver = deliver
        self.sent: list[tuple[bytes, Address]] = []
        self.closed = False
        self.retransmitted = asyncio.Event()

    place = None

    def send(self, data: bytes, peer: Address, _source: object = None) -> None:
        self.sent.append((data, peer))
        if len(self.sent) > 1:
            self.retransmitted.set()

    def close(self) -> None:
        self.closed = True

    def challenge(self, asked: bytes, source: Address = SERVER, secret: bytes = SECRET) -> None:
        state = [Attribute.of("State", b"s")]
        answer = reply(parse_packet(asked), Code.ACCESS_CHALLENGE, secret=secret, attributes=state, eap=CHALLENGE)
        self.deliver(answer, source)


class Bench:
    """A link and the sockets that it opened."""

    def __init__(
        self, monkeypatch: pytest.MonkeyPatch, *, irt: float = 30.0, mrd: float = 120.0, max_sockets: int = 2
    ) -> None:
        self.endpoints: list[FakeEndpoint] = []
        monkeypatch.setattr(UdpEndpoint, "bind", self._bind)
        self.link = RadiusLink(
            servers=[Server(SERVER, SECRET)],
            nas=Nas("pgw", IPv4Address("192.0.2.1")),
            timers=Timers(irt=irt, mrd=mrd),
            max_sockets=max_sockets,
        )

    def _bind(self, local: Address, deliver: Callable[[bytes, Address], None], **_options: object) -> FakeEndpoint:
        assert local == ("192.0.2.1", 0)
        self.endpoints.append(FakeEndpoint(deliver))
        return self.endpoints[-1]

    async def begin(self, asked: RelayRequest | None = None) -> asyncio.Task[RelayAnswer]:
        task = asyncio.create_task(self.link.authenticate(asked or request()))
        await asyncio.sleep(0)
        return task


async def test_link_sends_the_request_and_returns_the_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    bench = Bench(monkeypatch)
    task = await bench.begin()
    ((octets, to),) = bench.endpoints[0].sent
    assert to == SERVER
    assert parse_packet(octets).text("NAS-Identifier") == "pgw"
    bench.endpoints[0].challenge(octets)
    answer = await task
    assert isinstance(answer, RelayChallenge)
    assert answer.eap == CHALLENGE
    again = await bench.begin(replace(request(), state=answer.state))
    octets, _ = bench.endpoints[0].sent[-1]
    assert parse_packet(octets).octets("State") == b"s"
    bench.endpoints[0].challenge(octets)
    await again


async def test_link_retransmits_the_same_octets(monkeypatch: pytest.MonkeyPatch) -> None:
    bench = Bench(monkeypatch, irt=0.01)
    task = await bench.begin()
    await bench.endpoints[0].retransmitted.wait()
    first, second = bench.endpoints[0].sent[:2]
    assert first == second
    bench.endpoints[0].challenge(first[0])
    assert isinstance(await task, RelayChallenge)


async def test_link_gives_up_and_says_what_it_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    bench = Bench(monkeypatch, irt=0.01, mrd=0.02)
    answer = await (await bench.begin())
    assert isinstance(answer, RelayUnavailable)
    assert answer.cause.startswith("RADIUS server 192.0.2.3:1812: no answer to ")


async def test_link_opens_a_further_socket_when_all_identifiers_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    bench = Bench(monkeypatch)
    tasks = [await bench.begin() for _ in range(512)]
    assert len(bench.endpoints) == 2
    assert await bench.link.authenticate(request()) == RelayUnavailable("every RADIUS Identifier waits")
    for endpoint in bench.endpoints:
        for octets, _ in list(endpoint.sent):
            endpoint.challenge(octets)
    assert {type(answer) for answer in await asyncio.gather(*tasks)} == {RelayChallenge}


async def test_link_drops_answers_from_strangers_and_under_another_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    bench = Bench(monkeypatch)
    task = await bench.begin()
    ((octets, _),) = bench.endpoints[0].sent
    with structlog.testing.capture_logs() as lines:
        bench.endpoints[0].challenge(octets, source=("192.0.2.66", 1812))
        bench.endpoints[0].challenge(octets, secret=b"another")
        bench.endpoints[0].deliver(b"", SERVER)
        bench.endpoints[0].deliver(b"\x0b\xff", SERVER)
    assert not task.done()
    causes = [line["cause"] for line in lines if line["log_level"] == "warning"]
    assert causes == [
        "it comes from another address than the RADIUS server's",
        "Response Authenticator is wrong; does the server have another secret?",
    ]
    bench.endpoints[0].challenge(octets)
    assert isinstance(await task, RelayChallenge)


async def test_link_rejects_a_name_that_no_packet_carries(monkeypatch: pytest.MonkeyPatch) -> None:
    bench = Bench(monkeypatch)
    answer = await bench.link.authenticate(request("x" * 300))
    assert isinstance(answer, RelayReject)
    assert "User-Name" in answer.cause
    assert bench.endpoints == []


async def test_link_is_unavailable_without_a_socket(monkeypatch: pytest.MonkeyPatch) -> None:
    bench = Bench(monkeypatch)

    def refuse(*_local: object, **_options: object) -> FakeEndpoint:
        raise OSError(99, "Cannot assign requested address")

    monkeypatch.setattr(UdpEndpoint, "bind", refuse)
    answer = await bench.link.authenticate(request())
    assert answer == RelayUnavailable("no socket towards the RADIUS server: Cannot assign requested address")


async def test_cancelled_round_gives_its_identifier_back(monkeypatch: pytest.MonkeyPatch) -> None:
    bench = Bench(monkeypatch, max_sockets=1)
    tasks = [await bench.begin() for _ in range(256)]
    tasks[0].cancel()
    await asyncio.gather(tasks[0], return_exceptions=True)
    again = await bench.begin()
    octets, _ = bench.endpoints[0].sent[-1]
    bench.endpoints[0].challenge(octets)
    assert isinstance(await again, RelayChallenge)
    await bench.link.close()
    assert {type(answer) for answer in await asyncio.gather(*tasks[1:])} == {RelayUnavailable}


async def test_closed_link_ends_every_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    bench = Bench(monkeypatch)
    task = await bench.begin()
    await bench.link.end_session("s", None, EndedBy.UE)
    await bench.link.close()
    assert await task == RelayUnavailable("the RADIUS link is closed")
    assert await bench.link.authenticate(request()) == RelayUnavailable("the RADIUS link is closed")
    assert bench.endpoints[0].closed


START = SessionRecord("s", Moment.START, "ue", None, None, None, IPv4Address("192.0.2.9"), 0, Usage())


def bound(monkeypatch: pytest.MonkeyPatch) -> list[FakeEndpoint]:
    """The endpoints that are bound from now on, in their order."""
    endpoints: list[FakeEndpoint] = []

    def bind(_local: Address, deliver: Callable[[bytes, Address], None], **_options: object) -> FakeEndpoint:
        endpoints.append(FakeEndpoint(deliver))
        return endpoints[-1]

    monkeypatch.setattr(UdpEndpoint, "bind", bind)
    return endpoints


async def test_link_tells_accounting_with_the_class_of_the_accept(monkeypatch: pytest.MonkeyPatch) -> None:
    endpoints = bound(monkeypatch)
    server = Server(SERVER, SECRET, ("192.0.2.3", 1813))
    link = RadiusLink(servers=[server], nas=Nas("pgw", IPv4Address("192.0.2.1")))
    asked = asyncio.create_task(link.authenticate(request()))
    await asyncio.sleep(0)
    octets, _ = endpoints[0].sent[0]
    granted = [Attribute.of("Class", b"who"), Attribute.of("Chargeable-User-Identity", b"him"), *keys(octets)]
    endpoints[0].deliver(
        reply(parse_packet(octets), Code.ACCESS_ACCEPT, secret=SECRET, attributes=granted, eap=b"\3\1\0\4"), SERVER
    )
    assert isinstance(await asked, RelayAccept)
    beginning = asyncio.create_task(link.begin())
    await asyncio.sleep(0)
    octets, to = endpoints[1].sent[-1]
    assert parse_packet(octets).integer("Acct-Status-Type") == AcctStatusType.ACCOUNTING_ON
    endpoints[1].deliver(reply(parse_packet(octets), Code.ACCOUNTING_RESPONSE, secret=SECRET), to)
    await beginning
    telling = asyncio.create_task(link.account(START))
    await asyncio.sleep(0)
    octets, to = endpoints[1].sent[-1]
    assert to == ("192.0.2.3", 1813)
    assert parse_packet(octets).values("Class") == (b"who",)
    assert parse_packet(octets).values("Chargeable-User-Identity") == (b"him",)
    endpoints[1].deliver(reply(parse_packet(octets), Code.ACCOUNTING_RESPONSE, secret=SECRET), to)
    await telling
    await link.end_session("s", None, EndedBy.UE)
    link.hurry()
    ending = asyncio.create_task(link.end())
    await asyncio.sleep(0)
    octets, to = endpoints[1].sent[-1]
    assert parse_packet(octets).integer("Acct-Status-Type") == AcctStatusType.ACCOUNTING_OFF
    endpoints[1].deliver(reply(parse_packet(octets), Code.ACCOUNTING_RESPONSE, secret=SECRET), to)
    await ending
    await link.close()


async def test_server_without_accounting_is_told_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    bench = Bench(monkeypatch)
    await bench.link.begin()
    await bench.link.account(START)
    await bench.link.end()
    assert bench.endpoints == []


class Keeper:
    """Has the session s, and ends it."""

    def named(self, marks: Marks) -> tuple[str, ...]:
        return (marks.session,) if marks.session == START.session else ()

    def holds(self, session: str) -> bool:
        raise NotImplementedError

    def abort(self, session: str, cause: str) -> bool:
        assert session == START.session, cause
        return True

    def limit(self, session: str, seconds: int) -> bool:
        raise NotImplementedError

    def reauthenticate(self, session: str) -> bool:
        raise NotImplementedError


async def test_class_of_a_disconnect_is_told_in_the_stop(monkeypatch: pytest.MonkeyPatch) -> None:
    """RFC 5176 §3.6, note 4."""
    endpoints = bound(monkeypatch)
    server = Server(SERVER, SECRET, ("192.0.2.3", 1813))
    link = RadiusLink(servers=[server], nas=Nas("pgw", IPv4Address("192.0.2.1")), coa=("192.0.2.1", 3799))
    link.obey(Keeper())
    named = [Attribute.of("Acct-Session-Id", "s"), Attribute.of("Class", b"why")]
    endpoints[0].deliver(signed_request(Code.DISCONNECT_REQUEST, identifier=1, secret=SECRET, attributes=named), SERVER)
    assert parse_packet(endpoints[0].sent[0][0]).code == Code.DISCONNECT_ACK
    telling = asyncio.create_task(link.account(replace(START, moment=Moment.STOP, ended_by=EndedBy.AAA)))
    await asyncio.sleep(0)
    octets, to = endpoints[1].sent[0]
    assert parse_packet(octets).values("Class") == (b"why",)
    endpoints[1].deliver(reply(parse_packet(octets), Code.ACCOUNTING_RESPONSE, secret=SECRET), to)
    await telling
    await link.close()


async def test_port_for_disconnect_that_is_taken_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_local: object, **_options: object) -> FakeEndpoint:
        raise OSError(98, "Address already in use")

    monkeypatch.setattr(UdpEndpoint, "bind", refuse)
    nas = Nas("pgw", IPv4Address("192.0.2.1"))
    link = RadiusLink(servers=[Server(SERVER, SECRET)], nas=nas, coa=("192.0.2.1", 3799))
    with pytest.raises(ConfigError, match=r"coa 192\.0\.2\.1:3799: Address already in use"):
        link.obey(Keeper())


def test_link_is_made_from_its_config(tmp_path: Path) -> None:
    secret_file = tmp_path / "radius.secret"
    secret_file.write_bytes(b"testing123\n")
    secret_file.chmod(0o600)
    config = RadiusLinkConfig(aaa=SocketAddress("192.0.2.3", 1812), secret_file=secret_file, nas_identifier="pgw")
    assert isinstance(RadiusLink.of(config, IPv4Address("192.0.2.1")), RadiusLink)
