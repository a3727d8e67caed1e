"""The client on a real socket, with a server that answers by hand: what it believes, sends again and gives up."""

import socket
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import cast

import pytest

from ue_sim.load.accounting import Accounting
from ue_sim.load.attributes import UeRefuses
from ue_sim.load.peer import Peer
from ue_sim.load.radius import RadiusClient
from ue_sim.load.radius_packets import RadiusPackets
from ue_sim.load.subscribers import LoadRefused
from ue_sim.load.tally import Tally
from ue_sim.load.turns import Ue
from wire.aka.milenage import Milenage
from wire.radius.codec import parse_packet
from wire.radius.eap import join_eap
from wire.radius.exchange import Timers
from wire.radius.messages import reply
from wire.radius.mppe import msk_attributes
from wire.radius.packet import Attribute, Code
from wire.secret import Secret

pytestmark = pytest.mark.stack

SECRET = Secret(b"testing123")
MSK = bytes(range(64))
TIMERS = Timers(irt=0.05, mrt=0.1, mrc=3, mrd=1.0)
SUCCESS = b"\x03\x01\x00\x04"


class StubPeer:
    """Answers a request with its last octet, and EAP-Success with nothing."""

    identity = b"0imsi@realm"
    msk = MSK
    succeeded = False

    def begin(self) -> bytes:
        return b"first"

    def answer(self, octets: bytes) -> bytes:
        if octets == b"bad":
            raise UeRefuses("AT_MAC is wrong")
        self.succeeded = octets == SUCCESS
        return b"" if self.succeeded else octets[-1:]


def ue() -> Ue:
    return Ue(0, "001010000000001", Milenage(Secret(bytes(16)), Secret(bytes(16))), cast("Peer", StubPeer()), 0)


@dataclass
class Bench:
    """One client, one server socket, and what has ended."""

    server: socket.socket
    timers: Timers = TIMERS
    ports: int = 1
    at_once: int = 1
    tally: Tally = field(default_factory=Tally)
    ended: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        packets = RadiusPackets(SECRET, "load")
        self.client = RadiusClient(
            self.server.getsockname(),
            packets,
            self.tally,
            lambda _ue, _began, cause: self.ended.append(cause),
            at_once=self.at_once,
            ports=self.ports,
            timers=self.timers,
        )

    def begin(self) -> None:
        self.client.begin(ue(), time.perf_counter())

    def heard(self) -> tuple[bytes, tuple[str, int]]:
        return self.server.recvfrom(4096)

    def answer(self, code: Code, eap: bytes, *attributes: Attribute, secret: bytes = SECRET, msk: bytes = b"") -> bytes:
        """Answer the next request; it is returned."""
        octets, source = self.heard()
        request = parse_packet(octets)
        keys = (
            msk_attributes(
                msk, secret=SECRET, request_authenticator=request.authenticator, random=bytes.fromhex("81").__mul__
            )
            if msk
            else []
        )
        self.server.sendto(reply(request, code, secret=secret, attributes=[*keys, *attributes], eap=eap), source)
        self.client.wait(1.0, time.perf_counter)
        return octets


@pytest.fixture
def bench(server: socket.socket) -> Iterator[Bench]:
    made = Bench(server)
    yield made
    made.client.close()


def test_conversation_carries_state_and_ends_with_the_keys(bench: Bench) -> None:
    bench.begin()
    bench.answer(Code.ACCESS_CHALLENGE, b"request", Attribute.of("State", b"sealed"))
    second = parse_packet(bench.answer(Code.ACCESS_ACCEPT, SUCCESS, msk=MSK))
    assert (second.octets("State"), join_eap(second), second.text("User-Name")) == (b"sealed", b"t", "0imsi@realm")
    assert bench.ended == [""]
    assert (bench.tally.rounds, bench.tally.discarded, bench.tally.retransmissions) == (2, 0, 0)


@pytest.mark.parametrize(
    ("code", "eap", "msk", "cause"),
    [
        (Code.ACCESS_ACCEPT, SUCCESS, bytes(64), "the MPPE keys are not the MSK"),
        (Code.ACCESS_ACCEPT, SUCCESS, b"", "no MPPE keys"),
        (Code.ACCESS_ACCEPT, b"request", MSK, "Access-Accept without EAP-Success"),
        (Code.ACCESS_REJECT, b"request", b"", "Access-Reject"),
        (Code.ACCESS_CHALLENGE, b"bad", b"", "AT_MAC is wrong"),
        (Code.ACCESS_CHALLENGE, SUCCESS, b"", "Access-Challenge without EAP"),
    ],
)
def test_wrong_endings_have_their_cause(bench: Bench, code: Code, eap: bytes, msk: bytes, cause: str) -> None:
    bench.begin()
    bench.answer(code, eap, msk=msk)
    assert bench.ended == [cause]


def test_request_is_sent_again_as_it_was(bench: Bench) -> None:
    bench.begin()
    first, _ = bench.heard()
    bench.client.overdue(time.perf_counter())
    assert bench.tally.retransmissions == 0
    bench.client.overdue(time.perf_counter() + 0.06)
    assert bench.answer(Code.ACCESS_ACCEPT, SUCCESS, msk=MSK) == first
    assert (bench.ended, bench.tally.retransmissions) == ([""], 1)
    # the answer to the other one comes late
    assert not bench.client.exchanges.ports[0].out


def test_unanswered_request_is_given_up_and_its_doubt_told(bench: Bench) -> None:
    bench.begin()
    bench.answer(Code.ACCESS_ACCEPT, SUCCESS, secret=b"another")
    assert (bench.ended, bench.tally.discarded) == ([], 1)
    now = time.perf_counter()
    for later in range(1, 10):
        bench.client.overdue(now + later)
    assert bench.ended == ["no answer, but Response Authenticator is wrong: another secret?"]
    assert bench.tally.retransmissions <= 2


def test_answer_to_nothing_is_passed_over(bench: Bench) -> None:
    bench.begin()
    octets, source = bench.heard()
    bench.server.sendto(bytes((2, (octets[1] + 1) % 256)) + bytes(30), source)
    bench.server.sendto(b"\x02", source)
    for _ in range(2):
        bench.client.wait(1.0, time.perf_counter)
    assert (bench.ended, bench.tally.discarded) == ([], 2)


@dataclass
class StubAccounting:
    """Hears who is let in."""

    let_in_as: list[tuple[bytes, bytes]] = field(default_factory=list)
    is_closed: bool = False
    looked: int = 0

    def let_in(self, _ue: Ue, _began: float, user_name: bytes, classes: bytes, _now: float) -> None:
        self.let_in_as.append((user_name, classes))

    def overdue(self, _now: float) -> None:
        self.looked += 1

    def close(self) -> None:
        self.is_closed = True


@pytest.mark.parametrize(("given", "name"), [(None, b"0imsi@realm"), ("another@realm", b"another@realm")])
def test_whoever_is_let_in_has_a_session(server: socket.socket, given: str | None, name: bytes) -> None:
    bench, accounting = Bench(server), StubAccounting()
    bench.client._accounting = cast("Accounting", accounting)
    bench.begin()
    classes = [Attribute.of("Class", b"one"), Attribute.of("Class", b"two")]
    named = [Attribute.of("User-Name", given)] if given else []
    bench.answer(Code.ACCESS_ACCEPT, SUCCESS, *named, *classes, msk=MSK)
    # he stays: nothing has ended
    assert (accounting.let_in_as, bench.ended) == ([(name, b"\x19\x05one\x19\x05two")], [])
    bench.begin()
    bench.answer(Code.ACCESS_REJECT, b"request")
    assert (len(accounting.let_in_as), bench.ended) == (1, ["Access-Reject"])
    bench.client.overdue(time.perf_counter())
    bench.client.close()
    assert (accounting.looked, accounting.is_closed) == (1, True)


def test_ports_are_enough_for_all_at_once(server: socket.socket) -> None:
    bench = Bench(server, ports=4, at_once=1000)
    for _ in range(1000):
        bench.begin()
    ports = bench.client.exchanges.ports
    assert sum(len(port.out) for port in ports) == 1000
    assert len(ports) == 8
    bench.client.close()
    few = Bench(server, ports=32, at_once=2)
    assert len(few.client.exchanges.ports) == 2
    few.client.close()


def test_wrong_address_is_told_at_once() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as gone:
        gone.bind(("127.0.0.1", 0))
        bench = Bench(gone)
    bench.begin()
    with pytest.raises(LoadRefused, match=r"nobody listens at 127\.0\.0\.1"):
        bench.client.wait(1.0, time.perf_counter)
    bench.client.close()
