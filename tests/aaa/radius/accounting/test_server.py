"""Written before answered, and never answered when it was not written."""

import asyncio

import pytest
from structlog.testing import capture_logs

from aaa.radius.accounting.front import AccountingFront
from aaa.radius.accounting.server import AccountingServer
from aaa.radius.clients import ClientTable, RadiusClient
from aaa.radius.config import RadiusConfig
from aaa.radius.duplicates import DuplicateCache
from aaa.radius.proxy.relay import Relay
from hss.session_api import AccountingRecord, Session
from runtime.config import SocketAddress
from runtime.radius.requests import RadiusUnavailable
from tests.aaa.radius.accounting.reports import BROKEN, MOMENT, MemoryLedger, reported
from tests.aaa.radius.samples import SOURCE, table
from tests.aaa.radius.test_dynamic import session
from wire.radius.accounting import AcctStatusType
from wire.radius.packet import Attribute, Code, RadiusPacket


class HeardRelay(Relay):
    """Hears which sessions are over, and at whose client; `told` is what it says to a record that is kept."""

    def __init__(self, told: bool | RadiusUnavailable = False) -> None:
        self.heard: list[tuple[int, str]] = []
        self.told = told

    async def account(self, packet: RadiusPacket, client: RadiusClient, record: AccountingRecord) -> bool:
        assert (packet.text("Acct-Session-Id"), client.name) == (record.session_id, record.client)
        if isinstance(self.told, RadiusUnavailable):
            raise self.told
        return self.told

    async def end(self, packet: RadiusPacket, client: RadiusClient) -> None:
        self.heard.append((packet.identifier, client.name))


class Bench:
    """A server without a socket, and what it sent."""

    def __init__(self, relay: Relay | None = None) -> None:
        self.ledger = MemoryLedger()
        front = AccountingFront(table(), duplicates=DuplicateCache())
        self.unused: list[Session] = []
        self.server = AccountingServer(
            self.ledger,
            front,
            relay=relay,
            unused=self.unused.append,
            request_limit=0.05,
            clock=lambda: 0.0,
            moment=lambda: MOMENT,
        )
        self.sent: list[bytes] = []

    def give(self, octets: bytes) -> None:
        self.server.take(octets, SOURCE, self.sent.append)

    async def settle(self) -> None:
        while busy := self.server.busy:
            await asyncio.gather(*busy)


async def test_answer_leaves_after_the_record_is_kept() -> None:
    bench = Bench()
    bench.ledger.held = asyncio.Event()
    bench.give(reported())
    bench.give(reported())
    await asyncio.sleep(0)
    assert (bench.sent, bench.ledger.records) == ([], [])
    bench.ledger.held.set()
    await bench.settle()
    bench.give(reported())
    assert [octets[0] for octets in bench.sent] == [Code.ACCOUNTING_RESPONSE] * 2
    assert [record.received for record in bench.ledger.records] == [MOMENT]


async def test_relay_hears_of_a_stop_alone_and_after_its_answer() -> None:
    relay = HeardRelay()
    bench = Bench(relay)
    bench.give(reported())
    bench.give(reported(status=AcctStatusType.STOP, identifier=8))
    await bench.settle()
    assert len(bench.sent) == 2
    assert relay.heard == [(8, "lab")]


async def test_record_that_a_realm_is_to_have_is_answered_when_the_realm_has_it() -> None:
    relay = HeardRelay(RadiusUnavailable("ACA 4002"))
    bench = Bench(relay)
    stop = reported(status=AcctStatusType.STOP)
    with capture_logs() as lines:
        bench.give(stop)
        await bench.settle()
    assert (bench.sent, len(bench.ledger.records)) == ([], 1)
    assert [(line["event"], line["detail"]) for line in lines] == [("record not forwarded", "ACA 4002")]
    relay.told = bench.ledger.knows_all = True
    bench.give(stop)
    await bench.settle()
    assert len(bench.sent) == 1
    assert relay.heard == [(7, "lab")], "the realm hears of the end all the same"


async def test_session_that_its_nas_could_not_begin_is_told_of_once() -> None:
    bench = Bench()
    known = bench.ledger.known[1] = session()
    stop = reported(Attribute.of("Acct-Terminate-Cause", 15), status=AcctStatusType.STOP)
    bench.give(stop)
    await bench.settle()
    assert bench.unused == [known]
    used = Attribute.of("Acct-Session-Time", 60)
    bench.give(reported(Attribute.of("Acct-Terminate-Cause", 15), used, status=AcctStatusType.STOP, identifier=8))
    bench.give(reported(Attribute.of("Acct-Terminate-Cause", 1), status=AcctStatusType.STOP, identifier=9))
    await bench.settle()
    assert (len(bench.sent), bench.unused) == (3, [known])


@pytest.mark.parametrize("broken", [BROKEN, RuntimeError("out of order"), TimeoutError()])
async def test_nothing_is_answered_that_was_not_kept(broken: Exception) -> None:
    bench = Bench()
    bench.ledger.broken = broken
    with capture_logs() as lines:
        bench.give(reported())
        await bench.settle()
    assert bench.sent == []
    (line,) = lines
    assert line["event"] in {"record not kept", "record failed"}
    bench.ledger.broken = None
    bench.give(reported())
    await bench.settle()
    assert len(bench.sent) == 1


async def test_ledger_that_takes_too_long_gets_the_record_again() -> None:
    bench = Bench()
    bench.ledger.held = asyncio.Event()
    bench.give(reported())
    await bench.settle()
    assert bench.sent == []
    bench.ledger.held = None
    bench.give(reported())
    await bench.settle()
    assert len(bench.sent) == 1


async def test_line_of_a_ledger_that_takes_too_long_says_how_long() -> None:
    bench = Bench()
    bench.ledger.held = asyncio.Event()
    with capture_logs() as lines:
        bench.give(reported())
        await bench.settle()
    assert [(line["event"], line["detail"]) for line in lines] == [("record not kept", "no answer within 0.05 s")]


async def test_end_of_a_session_is_told_to_its_realm_however_long_that_takes() -> None:
    class SlowRelay(HeardRelay):
        async def end(self, packet: RadiusPacket, client: RadiusClient) -> None:
            await asyncio.sleep(0.1)
            await super().end(packet, client)

    relay = SlowRelay()
    bench = Bench(relay)
    could_not_begin = Attribute.of("Acct-Terminate-Cause", 15)
    known = bench.ledger.known[1] = session()
    bench.give(reported(could_not_begin, status=AcctStatusType.STOP))
    await bench.settle()
    assert (len(bench.sent), relay.heard, bench.unused) == (1, [(7, "lab")], [known])


async def test_closing_server_answers_what_it_has_begun() -> None:
    bench = Bench()
    bench.give(reported())
    await bench.server.close()
    assert (len(bench.sent), len(bench.ledger.records)) == (1, 1)


async def test_closing_server_abandons_what_hangs() -> None:
    bench = Bench()
    bench.server._request_limit = 0.01
    bench.ledger.held = asyncio.Event()
    bench.give(reported())
    await bench.server.close()
    assert bench.sent == []


async def test_discarded_packet_has_one_line_with_its_cause() -> None:
    bench = Bench()
    with capture_logs() as lines:
        bench.give(b"nonsense")
    assert [(line["event"], line["cause"]) for line in lines] == [("datagram discarded", "the packet is malformed")]


@pytest.mark.stack
async def test_server_is_what_the_configuration_says() -> None:
    config = RadiusConfig(auth=SocketAddress("127.0.0.1", 0), acct=SocketAddress("127.0.0.1", 0))
    server = AccountingServer.of(config, MemoryLedger(), ClientTable([]))
    assert server.listen(config.accounting[0])[1] > 0
    await server.close()
