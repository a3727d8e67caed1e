"""The client over real connections, with a server that answers by hand: failover, late and wrong answers."""

import time
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest

from tests.ue_sim.load.diameter_server import Server, Taken, serving
from tests.ue_sim.load.test_radius import MSK, SUCCESS, ue
from ue_sim.load.diameter import DiameterClient
from ue_sim.load.diameter_packets import Node
from ue_sim.load.tally import Tally
from wire.diameter.applications import Application
from wire.diameter.eap import DiameterEapAnswer, DiameterEapRequest
from wire.diameter.message import Message
from wire.diameter.results import ResultCode
from wire.diameter.sessions import SessionCommand, SessionTerminationAnswer
from wire.secret import Secret

pytestmark = pytest.mark.stack


@dataclass
class Bench:
    """A client with two connections, and what has ended."""

    server: Server
    tally: Tally = field(default_factory=Tally)
    ended: list[str] = field(default_factory=list)
    ends: bool = False

    def __post_init__(self) -> None:
        nodes = [Node(Application.EAP, f"nas{n}.example", "example", "example") for n in (1, 2)]
        self.client = DiameterClient(
            self.server.address,
            nodes,
            self.tally,
            lambda _ue, _began, cause: self.ended.append(cause),
            limit=5.0,
            ends=self.ends,
        )
        self.taken = sorted((self.server.connection() for _ in nodes), key=lambda taken: taken.host)

    def begin(self) -> None:
        self.client.begin(ue(), time.perf_counter())
        self.wait(0)

    def wait(self, seconds: float = 2.0) -> None:
        self.client.wait(seconds, time.perf_counter)


@pytest.fixture
def bench() -> Iterator[Bench]:
    with serving() as server:
        made = Bench(server)
        yield made
        made.client.close()


def send(taken: Taken, der: Message, **values: object) -> None:
    session_id = DiameterEapRequest.parse(der).session_id
    fields = {"session_id": session_id, "origin_host": "aaa.example", "origin_realm": "example", **values}
    taken.socket.sendall(DiameterEapAnswer(**fields).message(der).build())  # type: ignore[arg-type]


def accept(taken: Taken, der: Message, msk: bytes = MSK) -> None:
    send(taken, der, result_code=ResultCode.SUCCESS, eap_payload=SUCCESS, eap_master_session_key=Secret(msk))


def test_conversation_keeps_its_session_and_state(bench: Bench) -> None:
    bench.begin()
    first = bench.taken[0].next()
    send(bench.taken[0], first, result_code=ResultCode.MULTI_ROUND_AUTH, eap_payload=b"request", states=(b"sealed",))
    bench.wait()
    bench.wait(0)
    second = bench.taken[0].next()
    one, other = DiameterEapRequest.parse(first), DiameterEapRequest.parse(second)
    assert (other.session_id, other.states, other.eap_payload) == (one.session_id, (b"sealed",), b"t")
    assert one.session_id.startswith("nas1.example;")
    accept(bench.taken[0], second)
    bench.wait()
    assert (bench.ended, bench.tally.rounds) == ([""], 2)


def test_connections_are_used_in_turn(bench: Bench) -> None:
    for _ in range(4):
        bench.begin()
    sessions = [DiameterEapRequest.parse(taken.next()).session_id for taken in bench.taken for _ in range(2)]
    assert len(set(sessions)) == 4


@pytest.mark.parametrize(
    ("values", "cause"),
    [
        ({"result_code": ResultCode.TOO_BUSY}, "3004 TOO_BUSY"),
        ({"result_code": ResultCode.MULTI_ROUND_AUTH, "eap_payload": b"bad"}, "AT_MAC is wrong"),
        ({"result_code": ResultCode.MULTI_ROUND_AUTH}, "1001 MULTI_ROUND_AUTH"),
        ({"result_code": ResultCode.SUCCESS}, "2001 without EAP-Success"),
        ({"result_code": ResultCode.SUCCESS, "eap_payload": SUCCESS}, "no EAP-Master-Session-Key"),
        (
            {"result_code": 2001, "eap_payload": SUCCESS, "eap_master_session_key": Secret(bytes(64))},
            "EAP-Master-Session-Key is not the MSK",
        ),
        ({"result_code": ResultCode.SUCCESS, "session_id": "another"}, "an answer with another Session-Id"),
    ],
)
def test_wrong_endings_have_their_cause(bench: Bench, values: dict[str, object], cause: str) -> None:
    bench.begin()
    send(bench.taken[0], bench.taken[0].next(), **values)
    bench.wait()
    assert bench.ended == [cause]


def test_answer_to_nothing_is_passed_over(bench: Bench) -> None:
    bench.begin()
    der = bench.taken[0].next()
    accept(bench.taken[0], der.numbered(hop_by_hop=der.hop_by_hop + 1 & 0xFFFFFFFF, end_to_end=der.end_to_end))
    bench.wait()
    assert (bench.ended, bench.tally.discarded) == ([], 1)
    accept(bench.taken[0], der.numbered(hop_by_hop=der.hop_by_hop, end_to_end=der.end_to_end ^ 1))
    bench.wait()
    assert bench.ended == ["an answer with another End-to-End Identifier"]


def first_of(*taken: Taken) -> tuple[Taken, Message]:
    """The connection over which something comes first, and what that is."""
    for _ in range(500):
        for each in taken:
            if not each.messages.empty():
                return each, each.next()
        time.sleep(0.01)
    raise AssertionError("nothing came")


def test_lost_connection_is_made_again_and_its_requests_go_to_another(bench: Bench) -> None:
    bench.begin()
    der = bench.taken[0].next()
    bench.taken[0].socket.shutdown(2)
    bench.wait()
    bench.client.overdue(time.perf_counter())
    bench.wait(0)
    other, repeated = first_of(bench.server.connection(), bench.taken[1])
    assert repeated.retransmitted
    assert not der.retransmitted
    assert (repeated.end_to_end, repeated.avps) == (der.end_to_end, der.avps)
    assert repeated.hop_by_hop != der.hop_by_hop
    accept(other, repeated)
    bench.wait()
    assert (bench.ended, bench.tally.retransmissions) == ([""], 1)


def test_server_that_is_gone_fails_what_waits(bench: Bench) -> None:
    bench.begin()
    bench.begin()
    bench.client.overdue(time.perf_counter() + 6)
    assert bench.ended == ["no answer", "no answer"]


@pytest.mark.parametrize(("result", "failures"), [(2001, {}), (5002, {"STR: 5002 UNKNOWN_SESSION_ID": 1})])
def test_session_that_has_begun_is_ended(result: int, failures: dict[str, int]) -> None:
    with serving() as server:
        bench = Bench(server, ends=True)
        bench.begin()
        der = bench.taken[0].next()
        accept(bench.taken[0], der)
        bench.wait()
        bench.wait(0)
        end = bench.taken[0].next()
        assert end.command == SessionCommand.SESSION_TERMINATION
        assert end.text("Session-Id") == der.text("Session-Id")
        sta = SessionTerminationAnswer(
            session_id=der.text("Session-Id") or "", result_code=result, origin_host="aaa", origin_realm="example"
        )
        bench.taken[0].socket.sendall(sta.message(end).build())
        bench.wait()
        assert (bench.ended, bench.tally.failures, bench.tally.discarded) == ([""], failures, 0)
        bench.client.close()
