"""A real Diameter server: hostile strangers, python-diameter's own node as a peer, TLS, IPv4 and IPv6."""

import asyncio
import datetime as dt
import os
import random
import resource
import ssl
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import replace
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from structlog.testing import capture_logs

from akadia import pki
from runtime.diameter.client import DiameterClient
from runtime.diameter.server import DiameterServer
from runtime.diameter.settings import DiameterUnavailable, Limits
from runtime.tls import client_context, server_context
from tests.fuzz.mutation import mutate
from tests.runtime.diameter.pipe import eventually, messages
from tests.stack.floods import FLOOD
from tests.wire.diameter.samples import AAA, CER, EAP_DEA, EAP_DER, GATEWAY, OCTETS, REALM, S6B_DER, numbered
from wire.diameter.avp import Avp
from wire.diameter.capabilities import PeerPolicy
from wire.diameter.dictionary import by_name
from wire.diameter.eap_applications import read_eap_request
from wire.diameter.message import Message
from wire.diameter.peer import Timing
from wire.diameter.peering import PeerCommand

pytestmark = pytest.mark.stack

NETWORKS = (ip_network("127.0.0.0/8"), ip_network("::1/128"))
FOREIGN = "client.example"
PEERS = (
    PeerPolicy("gateway", GATEWAY.origin_host, REALM, NETWORKS, GATEWAY.applications),
    PeerPolicy("foreign", FOREIGN, REALM, NETWORKS, AAA.applications),
)
HOST = "127.83.12.3"
LIMITS = Limits(seconds_before_cer=1.0, connections_before_cer=32)
CER_OCTETS = numbered(CER.message()).build()
SEGMENTS = FLOOD
_KEPT = tuple(octets for octets in OCTETS if Message.parse(octets).command != PeerCommand.DISCONNECT_PEER)
# requests twice as often as answers, which nobody answers
SEEDS = (*_KEPT, *(octets for octets in _KEPT if Message.parse(octets).is_request))
Address = tuple[str, int]


async def serve(_peer: str, request: Message) -> Message:
    """The same DEA for every DER."""
    der = read_eap_request(request)
    return replace(EAP_DEA, session_id=der.session_id, auth_application_id=der.auth_application_id).message(request)


SEEN: Counter[Address] = Counter()


class Counted:
    """Counts whole messages by where they went."""

    listening = True

    def tcp(self, *, source: Address, destination: Address, payload: bytes) -> None:
        SEEN[destination] += source != destination and bool(payload)


@pytest_asyncio.fixture
async def server() -> AsyncIterator[DiameterServer]:
    node = DiameterServer(
        local=AAA,
        peers=PEERS,
        handler=serve,
        random=os.urandom,
        wall_clock=0.0,
        limits=LIMITS,
        timing=Timing(closing=0.2),
        capture=Counted(),
    )
    yield node
    await node.close()


async def is_served(address: Address, tls: ssl.SSLContext | None = None) -> bool:
    """Whether the next good client is let in and answered."""
    client = DiameterClient(
        local=GATEWAY,
        peer=PeerPolicy("aaa", AAA.origin_host, REALM),
        address=address,
        random=os.urandom,
        tls=tls,
        timing=Timing(retry_first=0.05, retry_most=0.2),
    )
    client.start()
    try:
        await client.ready(20.0)
        return (await client.request(S6B_DER.message())).result_code == 1001
    finally:
        await client.close()


class Line(asyncio.Protocol):
    """A raw connection that counts what it hears."""

    def __init__(self) -> None:
        self.heard = b""
        self.closed = asyncio.Event()

    def data_received(self, data: bytes) -> None:
        self.heard = (self.heard + data)[-65536:]

    def connection_lost(self, _exc: Exception | None) -> None:
        self.closed.set()


async def call(address: Address) -> tuple[asyncio.Transport, Line]:
    return await asyncio.get_running_loop().create_connection(Line, *address)


async def say(address: Address, octets: bytes) -> bytes:
    """What the server answers before it closes the connection."""
    transport, line = await call(address)
    transport.write(octets)
    async with asyncio.timeout(20.0):
        await line.closed.wait()
    return line.heard


# --- strangers --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "octets",
    [
        bytes(20),
        b"\x01\x00\x00\x00" + bytes(16),
        b"GET / HTTP/1.1\r\nHost: aaa\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"\x01\xff\xff\xfc" + bytes(1000),
        random.Random(1).randbytes(4096),
        numbered(EAP_DER.message()).build(),
        CER_OCTETS[:50],
        b"",
    ],
    ids=["zeros", "length zero", "http", "tls", "16 MiB", "garbage", "der first", "half a cer", "nothing"],
)
async def test_a_stranger_is_shown_the_door_and_the_next_good_client_is_served(
    server: DiameterServer, octets: bytes
) -> None:
    address = await server.listen(HOST, 0)
    with capture_logs() as logs:
        assert await say(address, octets) == b""
        assert await is_served(address)
    assert logs[0]["event"] == "connection turned away"
    assert logs[0]["cause"]


async def test_an_unknown_peer_is_3010_and_nothing_it_asks_is_served(server: DiameterServer) -> None:
    address = await server.listen(HOST, 0)
    stranger = numbered(replace(CER, origin_host="stranger.example").message()).build()
    with capture_logs():
        cea = Message.parse(await say(address, stranger + numbered(EAP_DER.message()).build()))
    assert (cea.command, cea.result_code, cea.is_error) == (257, 3010, True)


async def test_a_peer_that_leaves_while_it_is_served_disturbs_nobody(server: DiameterServer) -> None:
    address = await server.listen(HOST, 0)
    with capture_logs() as logs:
        transport, _ = await call(address)
        transport.write(CER_OCTETS + numbered(EAP_DER.message()).build())
        await asyncio.sleep(0.01)
        transport.abort()
        assert await is_served(address)
    assert not any(line["log_level"] == "error" for line in logs)


async def test_idle_connections_leave_the_door_open(server: DiameterServer) -> None:
    address = await server.listen(HOST, 0)
    with capture_logs():
        idle = [await call(address) for _ in range(200)]
        assert await is_served(address)
        for transport, _ in idle:
            transport.abort()


async def test_twenty_thousand_bad_segments_leave_the_server_as_it_was(server: DiameterServer) -> None:
    """Half of them before any CER, half from a peer that has been let in."""
    address = await server.listen(HOST, 0)
    chance, faults = random.Random(20), list[object]()
    asyncio.get_running_loop().set_exception_handler(lambda _loop, context: faults.append(context))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with capture_logs() as logs:
        for let_in in (False, True):
            await _assail(address, [_segment(chance) for _ in range(SEGMENTS // 2)], let_in=let_in)
            assert not any(line["log_level"] == "error" for line in logs)
            logs.clear()
        assert await is_served(address)
    assert SEEN[address] > SEGMENTS // 4, "the server saw few whole messages"
    assert sum(SEEN.values()) > SEGMENTS // 2, "the server answered few"
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert faults == []
    assert grown < 96 * 1024, f"{grown} KiB"


def _segment(chance: random.Random) -> bytes:
    if chance.randrange(20) == 0:
        return chance.randbytes(chance.randrange(1, 300))
    mutated = mutate(chance.choice(SEEDS), chance) or b"\x01"
    if chance.randrange(4) == 0 or len(mutated) < 20:
        return mutated
    # the length put right, so that the rest of the message is looked at
    mutated += bytes(-len(mutated) % 4)
    return mutated[:1] + len(mutated).to_bytes(3, "big") + mutated[4:]


async def _assail(address: Address, segments: list[bytes], *, let_in: bool) -> None:
    """Send them one after another, over a new connection whenever the server has closed the last."""
    transport, line = await call(address)
    for number, segment in enumerate(segments):
        if line.closed.is_set() or number % 100 == 0:
            transport.abort()
            transport, line = await call(address)
            if let_in:
                transport.write(CER_OCTETS)
        transport.write(segment)
        for _ in range(4):
            await asyncio.sleep(0)
    transport.abort()


# --- what a peer may send that it should not --------------------------------------------------------------------------

DER = numbered(EAP_DER.message())


def der_with(name: str, data: bytes, *, added: bool = False) -> bytes:
    """The DER with other octets in its AVP `name`, or with another such AVP."""
    definition = by_name(name)
    other = Avp(definition.code, definition.vendor, 0x40, data)
    kept = DER.avps if added else tuple(avp for avp in DER.avps if avp.code != definition.code)
    return DER.with_avps((*kept, other)).build()


def der_with_length(length: int, flags: int = 0x40) -> bytes:
    """The DER with one more AVP whose length says something else."""
    octets = DER.with_avps((*DER.avps, Avp(25, 0, 0x40, b"class-class-"))).build()
    return octets[:-16] + bytes([flags]) + length.to_bytes(3, "big") + octets[-12:]


HOSTILE = {
    "unknown mandatory AVP of the IETF": (DER.with_avps((*DER.avps, Avp(9999, 0, 0x40, b""))).build(), 5001),
    "unknown mandatory AVP of a vendor": (DER.with_avps((*DER.avps, Avp(9, 65001, 0xC0, b""))).build(), 5001),
    "no EAP-Payload": (DER.with_avps(avp for avp in DER.avps if avp.code != 462).build(), 5005),
    "no Session-Id": (DER.with_avps(DER.avps[1:]).build(), 5005),
    "AVP length 0": (der_with_length(0), 5014),
    "AVP length 7": (der_with_length(7), 5014),
    "AVP length 9 with the V bit": (der_with_length(9, 0xC0), 5014),
    "AVP length past the end": (der_with_length(21), 5014),
    "AVP length of 16 MiB": (der_with_length(0xFFFFFF), 5014),
    "Unsigned32 of three octets": (der_with("Origin-State-Id", bytes(3)), 5014),
    "Unsigned32 of eight octets": (der_with("Origin-State-Id", bytes(8)), 5014),
    "Session-Id that is not UTF-8": (der_with("Session-Id", b"\xff\xff"), 5004),
    "User-Name that is not UTF-8": (der_with("User-Name", b"\xff\xff"), 5004),
    "Auth-Request-Type 9": (der_with("Auth-Request-Type", b"\x00\x00\x00\x09"), 5004),
    "Session-Id twice": (der_with("Session-Id", b"another", added=True), 5009),
    "V bit with vendor 0": (DER.with_avps((*DER.avps, Avp(25, 0, 0x80, b""))).build(), 3009),
    "version 0": (b"\x00" + DER.build()[1:], 5011),
    "version 2": (b"\x02" + DER.build()[1:], 5011),
    "E bit": (replace(DER, flags=0xE0).build(), 3008),
    "unknown command": (replace(DER, command=325).build(), 3001),
    "unknown application": (replace(DER, application=8).build(), 3007),
    "unknown realm": (numbered(replace(EAP_DER, destination_realm="other").message()).build(), 3003),
    "another host": (numbered(replace(EAP_DER, destination_host="other").message()).build(), 3002),
    "our own Route-Record": (der_with("Route-Record", AAA.origin_host.encode()), 3005),
    "foreign Origin-Host": (numbered(replace(EAP_DER, origin_host="other").message()).build(), 5004),
}


async def test_each_bad_request_is_answered_as_rfc_6733_says_and_the_next_is_served(server: DiameterServer) -> None:
    address = await server.listen(HOST, 0)
    with capture_logs() as logs:
        transport, line = await call(address)
        transport.write(CER_OCTETS)
        for octets, _ in HOSTILE.values():
            transport.write(octets)
        transport.write(DER.build())
        async with asyncio.timeout(20.0):
            await eventually(lambda: len(messages(line.heard)) == len(HOSTILE) + 2)
            transport.write(b"\x01\x00\x00\x0c" + bytes(16))
            await line.closed.wait()
    answers = messages(line.heard)[1 : len(HOSTILE) + 2]
    wanted = {name: result for name, (_, result) in HOSTILE.items()} | {"good": 1001}
    assert {name: answer.result_code for name, answer in zip(wanted, answers, strict=True)} == wanted
    protocol_errors = [answer for answer in answers if 3000 <= (answer.result_code or 0) < 4000]
    assert all(answer.is_error for answer in protocol_errors)
    assert sum(line["event"] == "request refused" for line in logs) == len(HOSTILE)


# --- python-diameter --------------------------------------------------------------------------------------------------


class Foreign:
    """python-diameter's node as a client with a connection of its own to the server."""

    def __init__(self, address: Address, application: int) -> None:
        from diameter.node import Node
        from diameter.node.application import SimpleThreadingApplication

        self.node = Node(FOREIGN, REALM)
        self.node.wakeup_interval = 0.2
        peer = self.node.add_peer(
            f"aaa://{AAA.origin_host}:{address[1]};transport=tcp", REALM, ip_addresses=[address[0]], is_persistent=True
        )
        self.application = SimpleThreadingApplication(application, is_auth_application=True)
        self.node.add_application(self.application, [peer], realms=[REALM])

    def ask(self, requests: list[Any]) -> list[Any]:
        self.node.start()
        try:
            self.application.wait_for_ready(timeout=20)
            return [self.application.send_request(request, timeout=20) for request in requests]
        finally:
            self.node.stop(wait_timeout=10)


def foreign_der(session: str, application: int) -> Any:  # noqa: ANN401
    from diameter.message.commands import DiameterEapRequest

    der = DiameterEapRequest()
    der.session_id = session
    der.auth_application_id = application
    der.header.application_id = application
    der.header.is_proxyable = True
    der.origin_host = FOREIGN.encode()
    der.origin_realm = REALM.encode()
    der.destination_realm = REALM.encode()
    der.auth_request_type = 3
    der.user_name = "0001010000000001@wlan.mnc001.mcc001.3gppnetwork.org"
    der.eap_payload = b"\x02\x01\x00\x05\x01"
    return der


@pytest.mark.parametrize("application", [5, 16777272], ids=["EAP", "S6b"])
async def test_the_node_of_python_diameter_is_let_in_and_answered(server: DiameterServer, application: int) -> None:
    address = await server.listen(HOST, 0)
    foreign = Foreign(address, application)
    with capture_logs() as logs:
        answers = await asyncio.to_thread(
            foreign.ask, [foreign_der(f"{FOREIGN};1;{number}", application) for number in range(3)]
        )
    assert [(each.session_id, each.result_code) for each in answers] == [
        (f"{FOREIGN};1;{number}", 1001) for number in range(3)
    ]
    assert answers[0].eap_payload == EAP_DEA.eap_payload
    assert logs[0]["event"] == "peer connected"
    assert logs[0]["peer"] == "foreign"


async def test_the_node_of_python_diameter_is_told_what_is_wrong(server: DiameterServer) -> None:
    address = await server.listen(HOST, 0)
    der = foreign_der(f"{FOREIGN};2;1", 5)
    from diameter.message.avp import Avp as ForeignAvp

    unknown = ForeignAvp(99, vendor_id=65001, payload=b"?")
    unknown.is_mandatory = True
    der.append_avp(unknown)
    with capture_logs() as logs:
        (answer,) = await asyncio.to_thread(Foreign(address, 5).ask, [der])
    assert answer.result_code == 5001
    assert answer.failed_avp
    assert [line["result"] for line in logs if line["event"] == "request refused"] == ["5001 AVP_UNSUPPORTED"]


# --- TLS and IPv6 -----------------------------------------------------------------------------------------------------


class Chain:
    """A certification authority in a folder, and what it has issued."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._authority = pki.Authority("test", now=dt.datetime.now(dt.UTC))
        self.ca = self._write("ca.pem", self._authority.credential.certificate)

    def _write(self, name: str, octets: bytes) -> Path:
        path = self._folder / name
        path.write_bytes(octets)
        return path

    def issue(self, host: str) -> tuple[Path, Path]:
        issued = self._authority.issue(names=(host,))
        return self._write(f"{host}.pem", issued.certificate), self._write(f"{host}.key", issued.key)


@pytest.fixture
def chain(tmp_path: Path) -> Chain:
    return Chain(tmp_path)


def contexts(chain: Chain, client: str, server: str = AAA.origin_host) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    certificate, key = chain.issue(server)
    accepting = server_context(certificate=certificate, key=key, ca=chain.ca, demand=True)
    certificate, key = chain.issue(client)
    return accepting, client_context(ca=chain.ca, certificate=certificate, key=key)


async def test_a_peer_is_served_over_tls_with_both_certificates(server: DiameterServer, chain: Chain) -> None:
    accepting, connecting = contexts(chain, GATEWAY.origin_host)
    address = await server.listen(HOST, 0, tls=accepting)
    with capture_logs():
        assert await is_served(address, connecting)


async def test_a_peer_with_anothers_certificate_is_not_let_in(server: DiameterServer, chain: Chain) -> None:
    accepting, connecting = contexts(chain, "other.example")
    address = await server.listen(HOST, 0, tls=accepting)
    with capture_logs() as logs, pytest.raises(DiameterUnavailable, match="3010 UNKNOWN_PEER"):
        await _fails_quickly(address, connecting)
    assert any("certificate does not name" in str(line.get("cause")) for line in logs)


async def test_a_server_with_anothers_certificate_is_not_trusted(server: DiameterServer, chain: Chain) -> None:
    accepting, connecting = contexts(chain, GATEWAY.origin_host, server="other.example")
    address = await server.listen(HOST, 0, tls=accepting)
    with capture_logs(), pytest.raises(DiameterUnavailable, match="certificate verify failed"):
        await _fails_quickly(address, connecting)


async def test_whoever_is_slow_with_tls_waits_among_those_without_a_cer(server: DiameterServer, chain: Chain) -> None:
    address = await server.listen(HOST, 0, tls=contexts(chain, GATEWAY.origin_host)[0])
    with capture_logs() as logs:
        silent = [await asyncio.open_connection(*address) for _ in range(LIMITS.connections_before_cer + 1)]
        async with asyncio.timeout(20.0):
            for reader, writer in reversed(silent):
                assert await reader.read() == b""
                writer.close()
    causes = {str(line["cause"]) for line in logs}
    assert causes == {"too many connections wait for their CER", "no TLS within its time"}
    assert logs[0]["cause"] == "too many connections wait for their CER"


async def test_whoever_has_no_certificate_or_no_tls_is_in_the_log_with_the_cause(
    server: DiameterServer, chain: Chain
) -> None:
    address = await server.listen(HOST, 0, tls=contexts(chain, GATEWAY.origin_host)[0])
    with capture_logs() as logs:
        with pytest.raises(DiameterUnavailable):
            await _fails_quickly(address, client_context(ca=chain.ca))
        reader, writer = await asyncio.open_connection(*address)
        writer.write(CER_OCTETS)
        await asyncio.wait_for(reader.read(), 20.0)
        writer.close()
    turned = [(line["cause"], line["remote"]) for line in logs if line["event"] == "connection turned away"]
    assert [remote for _, remote in turned] == ["127.0.0.1"] * 2
    assert [cause for cause, _ in turned] == [
        "TLS handshake failed: it shows no certificate",
        "TLS handshake failed: what it sends is not TLS",
    ]


@pytest.mark.parametrize(("name", "result"), [(GATEWAY.origin_host, 2001), ("other.example", 3010)])
async def test_what_comes_with_the_end_of_the_handshake_is_judged_by_its_certificate(
    server: DiameterServer, chain: Chain, name: str, result: int
) -> None:
    accepting, connecting = contexts(chain, name)
    reader, writer = await asyncio.open_connection(*await server.listen(HOST, 0, tls=accepting))
    arrived, leaving = ssl.MemoryBIO(), ssl.MemoryBIO()
    tls = connecting.wrap_bio(arrived, leaving, server_hostname=AAA.origin_host)
    with capture_logs():
        async with asyncio.timeout(20.0):
            while not _shaken(tls):
                writer.write(leaving.read())
                arrived.write(await reader.read(65536))
            tls.write(numbered(CER.message()).build())
            writer.write(leaving.read())
            while (cea := _decrypted(tls)) is None:
                arrived.write(await reader.read(65536))
    assert Message.parse(cea).result_code == result
    writer.close()


def _shaken(tls: ssl.SSLObject) -> bool:
    try:
        tls.do_handshake()
    except ssl.SSLWantReadError:
        return False
    return True


def _decrypted(tls: ssl.SSLObject) -> bytes | None:
    try:
        return tls.read(65536)
    except ssl.SSLWantReadError:
        return None


async def _fails_quickly(address: Address, tls: ssl.SSLContext) -> None:
    client = DiameterClient(
        local=GATEWAY,
        peer=PeerPolicy("aaa", AAA.origin_host, REALM),
        address=address,
        random=os.urandom,
        tls=tls,
        timing=Timing(retry_first=60.0, retry_most=60.0),
    )
    client.start()
    try:
        await client.ready(1.0)
    finally:
        await client.close()


@pytest.mark.parametrize("host", [HOST, "::1"])
async def test_a_peer_is_served_over_ipv4_and_ipv6(server: DiameterServer, host: str) -> None:
    address = await server.listen(host, 0)
    with capture_logs():
        assert await is_served(address)


async def test_each_answer_goes_to_the_connection_its_request_came_from(server: DiameterServer) -> None:
    """The same Hop-by-Hop Identifier from two peers at once."""
    address = await server.listen(HOST, 0)
    other = replace(CER, origin_host=FOREIGN)
    with capture_logs():
        heard = {}
        for name, cer in ((GATEWAY.origin_host, CER), (FOREIGN, other)):
            transport, line = await call(address)
            der = replace(EAP_DER, origin_host=name, session_id=f"{name};session")
            transport.write(numbered(cer.message()).build() + numbered(der.message()).build())
            heard[name] = (transport, line)
        async with asyncio.timeout(20.0):
            await eventually(lambda: all(f"{n};session".encode() in line.heard for n, (_, line) in heard.items()))
        for name, (transport, line) in heard.items():
            others = {GATEWAY.origin_host, FOREIGN} - {name}
            assert not any(f"{foreign};session".encode() in line.heard for foreign in others)
            transport.abort()
