"""Sockets and Identifiers, and when a request is sent again or given up, on a real socket."""

import socket
from dataclasses import dataclass, field

import pytest

from ue_sim.load.exchanges import IDENTIFIERS, Exchange, Exchanges, Sockets
from ue_sim.load.radius_packets import AnswerRefused
from ue_sim.load.subscribers import LoadRefused
from ue_sim.load.tally import Tally
from wire.radius.exchange import Timers

pytestmark = pytest.mark.stack

TIMERS = Timers(irt=1.0, mrt=3.0, mrc=4, mrd=30.0)


@dataclass(slots=True, eq=False)
class Stub(Exchange):
    """Believes what ends with its own name."""

    name: bytes = b"a"
    heard: list[str] = field(default_factory=list)

    def take(self, octets: bytes, now: float) -> None:
        if not octets.endswith(self.name):
            raise AnswerRefused("not mine")
        del self.port.out[octets[1]]
        self.heard.append(f"answered at {now:g}")

    def renew(self, now: float) -> None:
        self.heard.append(f"again at {now:g}")

    def give_up(self, cause: str) -> None:
        del self.port.out[self.request[1]]
        self.heard.append(cause)


def exchanges(server: socket.socket, sockets: Sockets, *, at_once: int = 1, ports: int = 1) -> tuple[Exchanges, Tally]:
    tally = Tally()
    made = Exchanges(server.getsockname(), "--server", tally, sockets, at_once=at_once, ports=ports, timers=TIMERS)
    return made, tally


def begun(made: Exchanges) -> Stub:
    stub = Stub(made.port())
    stub.request = bytes((4, stub.port.identifier(), 0, 4))
    made.send(stub, 0.0)
    return stub


def test_answer_goes_to_the_request_that_has_its_identifier(server: socket.socket) -> None:
    sockets = Sockets()
    made, tally = exchanges(server, sockets, at_once=2)
    one, other = begun(made), begun(made)
    _, source = server.recvfrom(4096)
    for octets in (bytes((5, other.request[1])) + b"b", bytes((5, other.request[1])) + b"a", b"\x05", b"\x05\xee"):
        server.sendto(octets, source)
        sockets.wait(1.0, lambda: 7.0)
    assert (one.heard, other.heard) == ([], ["answered at 7"])
    assert (other.doubt, tally.discarded) == (", but not mine", 3)
    sockets.close()
    made.close()


def test_request_is_sent_again_ever_later_and_then_given_up(server: socket.socket) -> None:
    # RFC 5080 §2.2.1: twice as late each time, no later than MRT, so often as MRC says
    sockets = Sockets()
    made, tally = exchanges(server, sockets)
    stub = begun(made)
    sent = [tick / 10 for tick in range(200) if _is_sent_at(made, stub, tick / 10)]
    assert len(sent) == 3
    gaps = [later - earlier for earlier, later in zip([0.0, *sent], sent, strict=False)]
    assert 0.9 <= gaps[0] <= 1.2
    assert 1.7 <= gaps[1] <= 2.4
    assert 2.7 <= gaps[2] <= 3.4
    assert stub.heard[-1] == "no answer"
    assert tally.retransmissions == 3
    sockets.close()
    made.close()


def _is_sent_at(made: Exchanges, stub: Stub, now: float) -> bool:
    before = stub.count
    made.overdue(now)
    return stub.count > before


@pytest.mark.parametrize(("at_once", "ports", "made"), [(1, 32, 1), (64, 32, 32), (1000, 4, 8)])
def test_there_are_sockets_enough(server: socket.socket, at_once: int, ports: int, made: int) -> None:
    sockets = Sockets()
    some, _ = exchanges(server, sockets, at_once=at_once, ports=ports)
    assert len(some.ports) == made
    assert len(some.ports) * IDENTIFIERS >= 2 * at_once
    sockets.close()
    some.close()


def test_wrong_address_is_told_by_its_option_until_there_was_an_answer(server: socket.socket) -> None:
    sockets = Sockets()
    made, _ = exchanges(server, sockets)
    begun(made)
    _, source = server.recvfrom(4096)
    server.sendto(bytes((5, 1)) + b"a", source)
    sockets.wait(1.0, lambda: 1.0)
    server.close()
    begun(made)
    sockets.wait(0.2, lambda: 2.0)
    sockets.close()
    made.close()


def test_nobody_there_is_the_wrong_address() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as gone:
        gone.bind(("127.0.0.1", 0))
        sockets = Sockets()
        made, _ = exchanges(gone, sockets)
    begun(made)
    with pytest.raises(LoadRefused, match=r"nobody listens at 127\.0\.0\.1 .* name another with --server"):
        sockets.wait(1.0, lambda: 1.0)
    sockets.close()
    made.close()
