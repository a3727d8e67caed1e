"""The server's tasks, their bounds and their log lines, without a socket."""

import asyncio
from collections.abc import Callable, MutableMapping
from dataclasses import replace
from typing import Any

import pytest
import structlog.testing

from aaa.messages import AccessAnswer, AccessRequest, Ignore, Reject, RejectCause
from aaa.metrics import REJECTIONS
from aaa.radius.duplicates import DuplicateCache
from aaa.radius.front import RadiusFront
from aaa.radius.proxy.rejections import RejectedUnheard
from aaa.radius.returning import TIMES, Returning
from aaa.radius.server import RadiusServer
from hss.session_api import Grant
from runtime.taps import Address
from runtime.udp import Place, UdpEndpoint
from tests.aaa.radius.accounting.reports import BROKEN, MemoryLedger
from tests.aaa.radius.samples import SOURCE, StubService, accept, asked, challenge, table
from wire.identity import Imsi
from wire.radius.packet import Attribute, Code

Line = MutableMapping[str, Any]


class FakeEndpoint:
    """What the server knows of a socket."""

    def __init__(self, deliver: Callable[[bytes, Address], None]) -> None:
        self.deliver = deliver
        self.sent: list[tuple[bytes, Address]] = []
        self.local = ("127.0.0.1", 1812)
        self.place: Place = ((0, 8, b"127.0.0.1"),)
        self.closed = self.withdrawn = False

    def withdraw(self) -> None:
        self.withdrawn = True

    def send(self, data: bytes, peer: Address, place: Place = ()) -> None:
        assert place is self.place
        self.sent.append((data, peer))

    def close(self) -> None:
        self.closed = True


class Bench:
    """A listening server, its fake socket and its service."""

    def __init__(
        self,
        monkeypatch: pytest.MonkeyPatch,
        decide: Callable[[AccessRequest], AccessAnswer],
        ledger: MemoryLedger | None = None,
    ) -> None:
        self.service = StubService(decide)
        front = RadiusFront(table(), random=bytes, duplicates=DuplicateCache())
        self.server = RadiusServer(self.service, front, ledger=ledger, request_limit=0.05, clock=lambda: 0.0)
        self.front = front
        self.endpoints: list[FakeEndpoint] = []

        def bind(_local: Address, deliver: Callable[[bytes, Address], None], **_options: object) -> FakeEndpoint:
            self.endpoints.append(FakeEndpoint(deliver))
            return self.endpoints[-1]

        monkeypatch.setattr(UdpEndpoint, "bind", bind)
        assert self.server.listen(("127.0.0.1", 1812)) == ("127.0.0.1", 1812)

    async def deliver(self, octets: bytes, source: Address = SOURCE) -> list[Line]:
        with structlog.testing.capture_logs() as lines:
            self.endpoints[0].deliver(octets, source)
            while busy := self.server.busy:
                await asyncio.gather(*busy)
        return [line for line in lines if line["log_level"] != "debug"]

    @property
    def sent_codes(self) -> list[int]:
        return [octets[0] for octets, _ in self.endpoints[0].sent]


async def test_server_sends_the_answer_to_where_the_request_came_from(monkeypatch: pytest.MonkeyPatch) -> None:
    bench = Bench(monkeypatch, lambda _: challenge())
    assert await bench.deliver(asked()) == []
    ((octets, to),) = bench.endpoints[0].sent
    assert (octets[0], to) == (Code.ACCESS_CHALLENGE, SOURCE)


async def test_server_tells_of_a_user_who_gets_nothing_of_being_let_in(monkeypatch: pytest.MonkeyPatch) -> None:
    ledger, told = MemoryLedger(), list[Grant]()
    bench = Bench(monkeypatch, lambda _: accept(), ledger)
    bench.server._returning = Returning(ledger, lambda grant, _times, _seconds: told.append(grant))
    for identifier in range(TIMES):
        assert told == []
        await bench.deliver(asked(identifier=identifier))
    assert told == ledger.grants[-1:]
    assert len(bench.sent_codes) == TIMES


async def test_server_asks_the_service_once_for_a_duplicate(monkeypatch: pytest.MonkeyPatch) -> None:
    bench = Bench(monkeypatch, lambda _: challenge())
    await bench.deliver(asked())
    await bench.deliver(asked())
    assert len(bench.service.requests) == 1
    first, second = bench.endpoints[0].sent
    assert first == second


async def test_server_leaves_the_line_for_an_accepted_user_to_the_service(monkeypatch: pytest.MonkeyPatch) -> None:
    bench = Bench(monkeypatch, lambda _: accept())
    assert await bench.deliver(asked()) == []
    assert bench.sent_codes == [Code.ACCESS_ACCEPT]


async def test_server_leaves_the_line_with_the_cause_of_a_reject_to_the_service(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rejected = Reject(b"", RejectCause.USER_UNKNOWN, "not in the database", Imsi("001010000000009"))
    bench = Bench(monkeypatch, lambda _: rejected)
    assert await bench.deliver(asked()) == []
    assert bench.sent_codes == [Code.ACCESS_REJECT]


async def test_server_keeps_silent_when_told_to(monkeypatch: pytest.MonkeyPatch) -> None:
    bench = Bench(monkeypatch, lambda _: Ignore("a response to nothing"))
    (line,) = await bench.deliver(asked())
    assert (line["event"], line["cause"]) == ("request ignored", "a response to nothing")
    assert bench.endpoints[0].sent == []


async def test_server_looks_again_at_what_it_passes_over_for_now(monkeypatch: pytest.MonkeyPatch) -> None:
    answers: list[AccessAnswer] = [Ignore("malformed"), Ignore("it is being served", for_now=True), challenge()]
    bench = Bench(monkeypatch, lambda _: answers.pop(0))
    for _ in range(2):
        await bench.deliver(asked(identifier=1))
    assert len(bench.service.requests) == 1
    for _ in range(3):
        await bench.deliver(asked(identifier=2))
    assert len(bench.service.requests) == 3
    assert bench.sent_codes == [Code.ACCESS_CHALLENGE] * 2
    assert bench.front.in_progress == 0


async def test_server_rejects_a_request_without_eap_with_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    bench = Bench(monkeypatch, lambda _: challenge())
    (line,) = await bench.deliver(asked(eap=None))
    assert (line["event"], line["cause"]) == ("access rejected", "the request carries no EAP-Message")
    assert bench.sent_codes == [Code.ACCESS_REJECT]


async def test_server_limits_the_lines_that_a_stranger_causes(monkeypatch: pytest.MonkeyPatch) -> None:
    bench = Bench(monkeypatch, lambda _: challenge())
    lines = [line for _ in range(100) for line in await bench.deliver(asked(), ("192.0.2.1", 9))]
    assert 0 < len(lines) < 20
    assert {line["cause"] for line in lines} == {"no client is configured for this address"}
    assert bench.endpoints[0].sent == []


async def test_server_abandons_a_request_that_takes_too_long(monkeypatch: pytest.MonkeyPatch) -> None:
    bench = Bench(monkeypatch, lambda _: challenge())
    bench.service.held = asyncio.Event()
    (line,) = await bench.deliver(asked())
    assert (line["event"], line["cause"]) == ("request abandoned", "no answer within 0.05 s")
    assert "explain" not in line, "the service tells of it"
    assert bench.front.in_progress == 0
    bench.service.held = None
    assert await bench.deliver(asked()) == []
    assert bench.sent_codes == [Code.ACCESS_CHALLENGE]


async def test_user_whose_good_answer_is_not_sent_has_a_record(monkeypatch: pytest.MonkeyPatch) -> None:
    bench = Bench(monkeypatch, lambda _: accept(), MemoryLedger())
    kept: list[RejectedUnheard] = []

    def keep(rejected: RejectedUnheard) -> str:
        kept.append(rejected)
        return "a0dda203"

    bench.server._rejected = keep
    monkeypatch.setattr(bench.front, "answer", None)
    (line,) = await bench.deliver(asked())
    assert (line["event"], line["explain"]) == ("request failed", "a0dda203")
    assert [one.cause for one in kept] == ["request failed behind its Accept"]


async def test_answer_that_no_packet_can_carry_is_one_line_and_not_one_for_each(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    bench = Bench(monkeypatch, lambda _: replace(challenge(), eap=bytes(4032)))
    kept: list[RejectedUnheard] = []

    def keep(rejected: RejectedUnheard) -> str:
        kept.append(rejected)
        return "a0dda203"

    bench.server._rejected = keep
    lines = [line for _ in range(50) for line in await bench.deliver(asked())]
    assert 0 < len(lines) == len(kept) < 50
    assert (lines[0]["event"], lines[0]["cause"], lines[0]["detail"], lines[0]["explain"]) == (
        "answer not sent",
        "no packet can carry the answer",
        "a packet of 4119 octets, 4096 are allowed",
        "a0dda203",
    )
    assert "exc_info" not in lines[0]
    assert bench.front.in_progress == 0
    bench.service.decide = lambda _: challenge()
    await bench.deliver(asked())
    assert bench.sent_codes == [Code.ACCESS_CHALLENGE]


async def test_server_survives_a_service_that_breaks(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_request: AccessRequest) -> AccessAnswer:
        raise RuntimeError("out of order")

    bench = Bench(monkeypatch, broken)
    (line,) = await bench.deliver(asked())
    assert (line["event"], line["log_level"]) == ("request failed", "error")
    assert bench.front.in_progress == 0
    bench.service.decide = lambda _: challenge()
    await bench.deliver(asked())
    assert bench.sent_codes == [Code.ACCESS_CHALLENGE]


async def test_server_ends_what_is_in_progress_when_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    bench = Bench(monkeypatch, lambda _: challenge())
    bench.service.held = asyncio.Event()
    bench.endpoints[0].deliver(asked(), SOURCE)
    await asyncio.sleep(0)
    await bench.server.close()
    assert bench.endpoints[0].closed
    assert bench.front.in_progress == 0
    assert bench.endpoints[0].sent == []


async def test_server_keeps_whom_it_lets_in_before_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    ledger = MemoryLedger()
    ledger.held = asyncio.Event()
    bench = Bench(monkeypatch, lambda _: accept(), ledger)
    waiting = asyncio.create_task(bench.deliver(asked()))
    await asyncio.sleep(0.01)
    assert bench.sent_codes == []
    ledger.held.set()
    assert await waiting == []
    assert bench.sent_codes == [Code.ACCESS_ACCEPT]
    assert [grant.imsi for grant in ledger.grants] == [accept().imsi]


async def test_server_lets_in_without_a_ledger_that_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    ledger = MemoryLedger()
    ledger.broken = BROKEN
    bench = Bench(monkeypatch, lambda _: accept(), ledger)
    (line,) = await bench.deliver(asked())
    assert (line["event"], line["detail"]) == ("grant not kept", "the disk is full")
    assert bench.sent_codes == [Code.ACCESS_ACCEPT]


async def test_server_says_once_which_client_is_not_ready_and_keeps_count(monkeypatch: pytest.MonkeyPatch) -> None:
    ledger = MemoryLedger()
    bench = Bench(monkeypatch, lambda _: challenge(), ledger)
    unprotected = asked(eap=None)[:20]
    bare = unprotected[:2] + len(unprotected).to_bytes(2, "big") + unprotected[4:]
    lines = [line for _ in range(3) for line in await bench.deliver(bare)]
    assert [line["client"] for line in lines if line["event"] == "client not ready"] == ["lab"]
    ledger.broken = BROKEN
    await bench.server._report()
    ledger.broken = None
    bench.server._begin_report()
    await bench.deliver(asked())
    await bench.server.close()
    assert [(one.client, one.protected, one.unprotected) for one in ledger.counted] == [("lab", 1, 3)]


async def test_server_that_drains_finishes_what_is_in_progress(monkeypatch: pytest.MonkeyPatch) -> None:
    bench = Bench(monkeypatch, lambda _: challenge())
    bench.service.held = asyncio.Event()
    bench.endpoints[0].deliver(asked(), SOURCE)
    draining = asyncio.create_task(bench.server.drain(5.0))
    await asyncio.sleep(0)
    assert bench.endpoints[0].withdrawn
    assert not draining.done()
    bench.service.held.set()
    await draining
    assert len(bench.endpoints[0].sent) == 1
    assert not bench.endpoints[0].closed
    await bench.server.drain(5.0)


async def test_server_does_not_drain_for_longer_than_it_may(monkeypatch: pytest.MonkeyPatch) -> None:
    bench = Bench(monkeypatch, lambda _: challenge())
    bench.service.held = asyncio.Event()
    bench.endpoints[0].deliver(asked(), SOURCE)
    await bench.server.drain(0.01)
    assert bench.endpoints[0].sent == []
    await bench.server.close()


def keeping(bench: Bench) -> list[RejectedUnheard]:
    """What the server keeps from now on, each under one reference."""
    kept: list[RejectedUnheard] = []

    def keep(one: RejectedUnheard) -> str:
        kept.append(one)
        return "a0dda203"

    bench.server._rejected = keep
    return kept


async def test_rejection_that_needs_no_service_is_kept_too(monkeypatch: pytest.MonkeyPatch) -> None:
    bench = Bench(monkeypatch, lambda _: challenge())
    kept = keeping(bench)
    states = [Attribute.of("State", b"one"), Attribute.of("State", b"other")]
    before = REJECTIONS.value("radius", "lab", "", "not_admitted")
    (line,) = await bench.deliver(asked(*states))
    assert REJECTIONS.value("radius", "lab", "", "not_admitted") == before + 1
    assert (bench.sent_codes, bench.service.requests) == ([Code.ACCESS_REJECT], [])
    assert (line["event"], line["cause"], line["explain"]) == ("access rejected", kept[0].cause, "a0dda203")
    assert (kept[0].client, kept[0].user_name) == ("lab", "0001010000000001")


async def test_request_that_finds_no_room_is_in_a_record(monkeypatch: pytest.MonkeyPatch) -> None:
    bench = Bench(monkeypatch, lambda _: challenge())
    kept = keeping(bench)
    bench.server._front._most_new = 1
    bench.service.held = asyncio.Event()
    bench.endpoints[0].deliver(asked(), SOURCE)
    lines = await bench.deliver(asked(identifier=2))
    (line,) = [line for line in lines if line["event"] == "datagram discarded"]
    assert (line["event"], line["cause"]) == ("datagram discarded", "too many requests in progress")
    assert (line["explain"], kept[0].cause, kept[0].user_name) == ("a0dda203", line["cause"], "0001010000000001")
    await bench.server.close()
