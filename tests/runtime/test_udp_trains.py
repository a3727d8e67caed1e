"""The endpoint of trains, on real loopback sockets."""

import asyncio
import errno
import socket
from collections.abc import Callable, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from structlog.testing import capture_logs

from runtime.taps import Address
from runtime.udp_trains import TrainEndpoint, pieces, runs

pytestmark = pytest.mark.stack

HOSTS = ["127.71.2.1", "::1"]


class Tap:
    def __init__(self) -> None:
        self.seen: list[tuple[Address, Address, bytes]] = []

    def udp(self, *, source: Address, destination: Address, payload: bytes) -> None:
        self.seen.append((source, destination, payload))


class Heard:
    """What came, with whose it was."""

    def __init__(self) -> None:
        self.trains: list[tuple[list[bytes], Address]] = []

    def __call__(self, datagrams: list[bytes], peer: Address) -> None:
        self.trains.append((datagrams, peer))

    @property
    def datagrams(self) -> list[bytes]:
        return [one for datagrams, _ in self.trains for one in datagrams]


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not condition():  # noqa: ASYNC110 - what is awaited is a plain list
            await asyncio.sleep(0.001)


@given(st.lists(st.binary(max_size=5), max_size=30))
def test_runs_are_all_datagrams_in_order_and_each_can_be_cut(datagrams: list[bytes]) -> None:
    found = [list(run) for run in runs(datagrams)]
    assert [one for run in found for one in run] == datagrams
    for run in found:
        assert pieces(b"".join(run), len(run[0])) == run or len(run) == 1


def test_runs_are_no_longer_than_the_kernel_takes() -> None:
    assert [len(run) for run in runs([b"x"] * 150)] == [64, 64, 22]
    assert [len(run) for run in runs([bytes(1400)] * 100)] == [46, 46, 8]


@pytest.mark.parametrize("host", HOSTS)
async def test_train_arrives_as_the_datagrams_that_it_is_made_of(host: str) -> None:
    heard, tap = Heard(), Tap()
    client = TrainEndpoint.bind((host, 0), Heard(), capture=tap)
    server = TrainEndpoint.bind((host, 0), heard, capture=tap)
    sent = [bytes((number,)) * 1000 for number in range(100)] + [b"short", b"a longer one"]
    client.send_train(sent, server.local)
    await until(lambda: len(heard.datagrams) == len(sent))
    assert heard.datagrams == sent
    assert {peer for _, peer in heard.trains} == {client.local}
    assert len(heard.trains) < 20
    assert tap.seen == [(client.local, server.local, one) for one in sent] * 2
    client.close()
    server.close()


async def test_trains_of_two_peers_are_told_apart() -> None:
    heard = Heard()
    server = TrainEndpoint.bind(("127.71.2.1", 0), heard)
    clients = [TrainEndpoint.bind(("127.71.2.1", 0), Heard()) for _ in range(2)]
    for number in range(4):
        clients[number // 2].send(b"%d" % number, server.local)
    await until(lambda: len(heard.datagrams) == 4)
    assert [(b"".join(datagrams), peer) for datagrams, peer in heard.trains] == [
        (b"01", clients[0].local), (b"23", clients[1].local)
    ]  # fmt: skip
    for endpoint in (server, *clients):
        endpoint.close()


@pytest.mark.parametrize(
    ("everywhere", "asked", "asks"), [("0.0.0.0", ("127.71.2.8", "127.71.2.9"), "127.71.2.2"), ("::", ("::1",), "::1")]
)
async def test_train_leaves_from_the_address_that_was_asked(everywhere: str, asked: Sequence[str], asks: str) -> None:
    """Also where trains of one peer to several addresses wait in the socket together."""
    heard, tap = Heard(), Tap()

    def serve(datagrams: list[bytes], peer: Address) -> None:
        server.send_train([*datagrams, b"!"], peer, server.place)

    client = TrainEndpoint.bind((asks, 0), heard)
    server = TrainEndpoint.bind((everywhere, 0), serve, capture=tap, answers=True)
    port = server.local[1]
    for host in asked:
        client.send_train([host.encode()] * 3, (host, port))
    await until(lambda: len(heard.datagrams) == 4 * len(asked))
    assert [(datagrams, peer) for datagrams, peer in heard.trains] == [
        ([host.encode()] * 3 + [b"!"], (host, port)) for host in asked
    ]
    assert {(source, destination) for source, destination, _ in tap.seen} == {
        pair for host in asked for pair in ((client.local, (host, port)), ((host, port), client.local))
    }
    client.close()
    server.close()


async def test_endpoint_at_one_address_has_no_place() -> None:
    heard: list[tuple[object, list[bytes]]] = []
    server = TrainEndpoint.bind(("127.71.2.1", 0), lambda data, _: heard.append((server.place, data)), answers=True)
    server.send(b"self", server.local)
    await until(lambda: bool(heard))
    assert heard == [((), [b"self"])]
    server.close()


async def test_plain_socket_hears_datagrams_of_their_own() -> None:
    """Whoever is at the other end needs to know nothing of trains."""
    client = TrainEndpoint.bind(("127.71.2.1", 0), Heard())
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as plain:
        plain.bind(("127.71.2.1", 0))
        plain.settimeout(5)
        client.send_train([b"one", b"two", b"3"], plain.getsockname())
        assert [plain.recv(100) for _ in range(3)] == [b"one", b"two", b"3"]
    client.close()


async def test_what_the_kernel_will_not_cut_goes_one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    heard = Heard()
    client = TrainEndpoint.bind(("127.71.2.1", 0), Heard())
    server = TrainEndpoint.bind(("127.71.2.1", 0), heard)

    class Uncut:
        def __init__(self, bound: socket.socket) -> None:
            self._bound = bound

        def sendmsg(self, *_message: object) -> int:
            raise OSError(errno.EIO, "Input/output error")

        def sendto(self, data: bytes, peer: Address) -> int:
            if data == b"lost":
                raise OSError(errno.EPERM, "Operation not permitted")
            return self._bound.sendto(data, peer)

    bound = client._socket
    monkeypatch.setattr(client, "_socket", Uncut(bound))
    client.send_train([b"here", b"lost", b"here"], server.local)
    monkeypatch.setattr(client, "_socket", bound)
    await until(lambda: len(heard.datagrams) == 2)
    assert (heard.datagrams, client.send_errors) == ([b"here", b"here"], 1)
    client.close()
    server.close()


async def test_endpoint_survives_its_handler() -> None:
    heard = Heard()

    def handle(datagrams: list[bytes], peer: Address) -> None:
        heard(datagrams, peer)
        raise RuntimeError("broken")

    server = TrainEndpoint.bind(("127.71.2.1", 0), handle)
    client = TrainEndpoint.bind(("127.71.2.1", 0), Heard())
    with capture_logs() as lines:
        for number in range(2):
            client.send(b"%d" % number, server.local)
            await until(lambda number=number: len(heard.datagrams) == number + 1)  # type: ignore[misc]
    assert [line["event"] for line in lines] == ["datagram handler failed"] * 2
    client.close()
    server.close()


async def test_icmp_error_of_an_earlier_datagram_is_only_counted() -> None:
    endpoint = TrainEndpoint.bind(("127.71.2.1", 0), Heard())
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as gone:
        gone.bind(("127.71.2.1", 0))
        nobody = gone.getsockname()
    endpoint._socket.connect(nobody)
    endpoint._socket.send(b"anybody there?")
    await until(lambda: endpoint.receive_errors > 0)
    endpoint.close()


async def test_closed_endpoint_is_silent() -> None:
    endpoint = TrainEndpoint.bind(("127.71.2.1", 0), lambda _datagrams, _peer: endpoint.close())
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.sendto(b"x", endpoint.local)
        await until(lambda: endpoint._closed)
    endpoint.close()
    endpoint.send(b"x", ("127.71.2.1", 9))
    assert endpoint.send_errors == 0


async def test_taken_address_is_refused() -> None:
    endpoint = TrainEndpoint.bind(("127.71.2.1", 0), Heard())
    with pytest.raises(OSError, match="in use"):
        TrainEndpoint.bind(endpoint.local, Heard())
    endpoint.close()
