"""Sessions on a real socket, with a server that answers by hand: what is told in which order, and told again."""

import socket
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import cast

import pytest

from tests.ue_sim.load.test_radius import SECRET, ue
from ue_sim.load.accounting import Accounting
from ue_sim.load.accounting_packets import AccountingPackets
from ue_sim.load.exchanges import Sockets
from ue_sim.load.tally import AccountingTally
from ue_sim.load.turns import Ue
from wire.radius.accounting import AcctStatusType
from wire.radius.codec import build_attributes, parse_packet
from wire.radius.exchange import Timers
from wire.radius.messages import reply
from wire.radius.packet import Attribute, Code, RadiusPacket, is_genuine_request

pytestmark = pytest.mark.stack

TIMERS = Timers(irt=0.05, mrt=0.1, mrc=3, mrd=30.0)
CLASSES = build_attributes([Attribute.of("Class", b"its class")])
NOW = 1_900_000_000
MOMENT = 1_950_000_000.7


@dataclass
class Desk:
    """The accounting of one client, one server socket, and what was heard of the UEs."""

    server: socket.socket
    interims: int = 1
    at_once: int = 1
    tally: AccountingTally = field(default_factory=AccountingTally)
    heard: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.sockets = Sockets()
        self.accounting = Accounting(
            self.server.getsockname(), AccountingPackets(SECRET, "load"), self.tally, self, self.sockets,
            interims=self.interims, at_once=self.at_once, ports=1, timers=TIMERS, moment=lambda: MOMENT,
        )  # fmt: skip

    def authenticated(self, ue: Ue, began: float) -> None:  # noqa: ARG002 - as the loop
        self.heard.append("authenticated")

    def recorded(self, began: float, cause: str) -> None:
        assert began == NOW
        self.heard.append(cause or "recorded")

    def left(self, ue: Ue) -> None:  # noqa: ARG002
        self.heard.append("left")

    def let_in(self) -> None:
        self.accounting.let_in(ue(), NOW - 1, b"0imsi@realm", CLASSES, NOW)

    def asked(self) -> tuple[RadiusPacket, tuple[str, int]]:
        octets, source = self.server.recvfrom(4096)
        assert is_genuine_request(octets, SECRET)
        return parse_packet(octets), source

    def answer(self, request: RadiusPacket, source: tuple[str, int], secret: bytes = SECRET) -> None:
        self.server.sendto(reply(request, Code.ACCOUNTING_RESPONSE, secret=secret), source)
        self.sockets.wait(1.0, lambda: NOW)

    def close(self) -> None:
        self.sockets.close()
        self.accounting.close()


@pytest.fixture
def desk(server: socket.socket) -> Iterator[Desk]:
    made = Desk(server)
    yield made
    made.close()


def test_session_is_told_from_its_start_to_its_stop(desk: Desk) -> None:
    desk.let_in()
    assert desk.heard == ["authenticated"]
    told = []
    for _ in range(3):
        request, source = desk.asked()
        told.append(request)
        desk.answer(request, source)
    assert [request.integer("Acct-Status-Type") for request in told] == [1, 3, 2]
    assert {request.text("Acct-Session-Id") for request in told} == {told[0].text("Acct-Session-Id")}
    assert {request.octets("Class") for request in told} == {b"its class"}
    assert [request.integer("Acct-Session-Time") for request in told] == [None, 600, 1200]
    assert [request.integer("Event-Timestamp") for request in told] == [int(MOMENT)] * 3
    assert desk.heard == ["authenticated", *["recorded"] * 3, "left"]
    assert (desk.tally.retransmissions, desk.tally.discarded) == (0, 0)


def test_sessions_have_names_of_their_own(server: socket.socket) -> None:
    names = set()
    for _ in range(2):
        desk = Desk(server, at_once=3)
        for _ in range(3):
            desk.let_in()
            names.add(desk.asked()[0].text("Acct-Session-Id"))
        desk.close()
    assert len(names) == 6


def test_record_that_is_sent_again_at_once_is_the_same_request(desk: Desk) -> None:
    desk.let_in()
    first, _ = desk.asked()
    desk.accounting.overdue(NOW + 0.06)
    again, _ = desk.asked()
    assert again.wire == first.wire
    assert desk.tally.retransmissions == 1


def test_record_that_is_sent_later_says_how_late_and_is_another_request(desk: Desk) -> None:
    # RFC 2866 §5.2
    desk.let_in()
    first, source = desk.asked()
    desk.accounting.overdue(NOW + 2.5)
    second, _ = desk.asked()
    assert (first.integer("Acct-Delay-Time"), second.integer("Acct-Delay-Time")) == (0, 2)
    assert second.identifier != first.identifier
    assert second.authenticator != first.authenticator
    kept = {name: first.first(name) for name in ("Acct-Session-Id", "Event-Timestamp", "Acct-Status-Type", "Class")}
    assert kept == {name: second.first(name) for name in kept}
    # the answer to the first one was late, not lost; that to the other one is to nothing
    desk.answer(first, source)
    assert desk.heard == ["authenticated", "recorded"]
    following, _ = desk.asked()
    assert following.integer("Acct-Status-Type") == AcctStatusType.INTERIM_UPDATE
    assert following.integer("Acct-Delay-Time") == 0
    desk.answer(second, source)
    assert desk.heard == ["authenticated", "recorded"]
    assert (desk.tally.retransmissions, desk.tally.discarded) == (1, 1)


def test_lost_record_ends_the_session_with_its_cause(desk: Desk) -> None:
    desk.let_in()
    request, source = desk.asked()
    desk.answer(request, source, b"another")
    for later in range(1, 6):
        desk.accounting.overdue(NOW + later)
    cause = "Accounting-Request Start: no answer, but Response Authenticator is wrong: another secret?"
    assert desk.heard == ["authenticated", cause, "left"]
    assert (desk.tally.retransmissions, desk.tally.discarded) == (2, 1)
    # its Identifiers are free again
    assert not any(port.out for port in desk.accounting.exchanges.ports)


def test_identifiers_never_run_out_however_late_it_is(server: socket.socket) -> None:
    desk = Desk(server, at_once=128)
    (port,) = desk.accounting.exchanges.ports
    for _ in range(128):
        desk.let_in()
    desk.accounting.overdue(NOW + 1.5)
    desk.accounting.overdue(NOW + 3.5)
    assert len(port.out) <= 256
    assert len(set(cast("dict[int, object]", port.out).values())) == 128
    desk.close()


def test_clock_is_that_of_the_machine_unless_another_is_given(server: socket.socket) -> None:
    desk = Desk(server)
    desk.accounting.close()
    desk.accounting = Accounting(
        server.getsockname(), AccountingPackets(SECRET, "load"), desk.tally, desk, desk.sockets, interims=0, at_once=1,
        ports=1, timers=TIMERS,
    )  # fmt: skip
    desk.let_in()
    assert abs((desk.asked()[0].integer("Event-Timestamp") or 0) - time.time()) < 5
    desk.close()
