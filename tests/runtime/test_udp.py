"""The datagram endpoint, on real loopback sockets."""

import asyncio
import socket
from collections.abc import Callable

import pytest
from structlog.testing import capture_logs

from runtime.udp import DRAIN_LIMIT, Address, UdpEndpoint

pytestmark = pytest.mark.stack

HOSTS = ["127.71.1.1", "::1"]


class Tap:
    def __init__(self) -> None:
        self.seen: list[tuple[Address, Address, bytes]] = []

    def udp(self, *, source: Address, destination: Address, payload: bytes) -> None:
        self.seen.append((source, destination, payload))


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not condition():  # noqa: ASYNC110 - what is awaited is a plain list
            await asyncio.sleep(0.001)


@pytest.mark.parametrize("host", HOSTS)
async def test_endpoint_receives_and_answers(host: str) -> None:
    heard: list[tuple[bytes, Address]] = []
    tap = Tap()
    client = UdpEndpoint.bind((host, 0), lambda data, peer: heard.append((data, peer)))
    server = UdpEndpoint.bind((host, 0), lambda data, peer: server.send(data[::-1], peer), capture=tap)
    client.send(b"abc", server.local)
    await until(lambda: bool(heard))
    assert heard == [(b"cba", server.local)]
    assert tap.seen == [(client.local, server.local, b"abc"), (server.local, client.local, b"cba")]
    client.close()
    server.close()


async def test_capture_hears_of_a_datagram_before_its_receiver_can_answer() -> None:
    waiting: list[bool] = []
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK) as receiver:
        receiver.bind(("127.71.1.1", 0))

        class Early:
            def udp(self, **_datagram: object) -> None:
                with pytest.raises(BlockingIOError):
                    receiver.recv(64)
                waiting.append(True)

        endpoint = UdpEndpoint.bind(("127.71.1.1", 0), lambda _data, _peer: None, capture=Early())
        endpoint.send(b"abc", receiver.getsockname())
        endpoint.send(bytes(65536), receiver.getsockname())
        assert receiver.recv(64) == b"abc"
        endpoint.close()
    assert (waiting, endpoint.send_errors) == ([True], 1)


async def test_endpoint_drains_a_burst_and_leaves_turns_to_others() -> None:
    heard: list[bytes] = []
    server = UdpEndpoint.bind(("127.71.1.1", 0), lambda data, _: heard.append(data))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        for number in range(DRAIN_LIMIT + 6):
            client.sendto(bytes([number]), server.local)
    server._drain()
    assert len(heard) == DRAIN_LIMIT
    await until(lambda: len(heard) == DRAIN_LIMIT + 6)
    assert heard == [bytes([number]) for number in range(DRAIN_LIMIT + 6)]
    server.close()


async def test_endpoint_survives_its_handler() -> None:
    heard: list[bytes] = []

    def handle(data: bytes, _peer: Address) -> None:
        if data == b"bad":
            raise RuntimeError("broken handler")
        heard.append(data)

    server = UdpEndpoint.bind(("127.71.1.1", 0), handle)
    client = UdpEndpoint.bind(("127.71.1.1", 0), lambda _data, _peer: None)
    with capture_logs() as entries:
        client.send(b"bad", server.local)
        client.send(b"good", server.local)
        await until(lambda: bool(heard))
    assert heard == [b"good"]
    assert [(entry["event"], entry["cause"]) for entry in entries] == [
        ("datagram handler failed", "RuntimeError('broken handler')")
    ]
    client.close()
    server.close()


@pytest.mark.parametrize(
    ("everywhere", "asked", "asks"), [("0.0.0.0", "127.71.1.9", "127.71.1.2"), ("::", "::1", "::1")]
)
@pytest.mark.parametrize("leaves", [False, True])
async def test_endpoint_answers_from_the_address_that_was_asked(
    everywhere: str, asked: str, asks: str, leaves: bool
) -> None:
    heard: list[tuple[bytes, Address]] = []
    waiting: list[Callable[[], None]] = []

    def serve(data: bytes, peer: Address) -> None:
        place = server.place
        waiting.append(lambda: server.send(data[::-1], peer, place))

    client = UdpEndpoint.bind((asks, 0), lambda data, peer: heard.append((data, peer)))
    server = UdpEndpoint.bind((everywhere, 0), serve, answers=True)
    port = server.local[1]
    client.send(b"abc", (asked, port))
    await until(lambda: bool(waiting))
    if leaves:
        server.withdraw()
    waiting[0]()
    await until(lambda: bool(heard))
    assert heard == [(b"cba", (asked, port))]
    client.close()
    server.close()


async def test_endpoint_at_one_address_has_no_place() -> None:
    heard: list[tuple[object, bytes]] = []
    server = UdpEndpoint.bind(("127.71.1.1", 0), lambda data, _: heard.append((server.place, data)), answers=True)
    server.send(b"self", server.local)
    await until(lambda: bool(heard))
    assert heard == [((), b"self")]
    server.close()


async def test_endpoint_counts_what_the_network_refuses() -> None:
    endpoint = UdpEndpoint.bind(("127.71.1.1", 0), lambda _data, _peer: None)
    endpoint.send(bytes(65536), ("127.71.1.1", 9))
    assert endpoint.send_errors == 1
    endpoint.close()


async def test_endpoint_goes_on_after_an_icmp_error() -> None:
    heard: list[bytes] = []
    endpoint = UdpEndpoint.bind(("127.71.1.1", 0), lambda data, _: heard.append(data))
    gone = UdpEndpoint.bind(("127.71.1.1", 0), lambda _data, _peer: None)
    gone.close()
    endpoint.send(b"into the void", gone.local)
    endpoint.send(b"self", endpoint.local)
    await until(lambda: bool(heard))
    endpoint.close()


async def test_endpoint_drops_what_is_over_its_limit() -> None:
    heard: list[bytes] = []
    server = UdpEndpoint.bind(("127.71.1.1", 0), lambda data, _: heard.append(data), receive_limit=4)
    client = UdpEndpoint.bind(("127.71.1.1", 0), lambda _data, _peer: None)
    client.send(b"12345", server.local)
    client.send(b"1234", server.local)
    await until(lambda: bool(heard))
    assert heard == [b"1234"]
    assert server.oversized == 1
    client.close()
    server.close()


async def test_endpoint_may_be_closed_twice_and_by_its_handler() -> None:
    server = UdpEndpoint.bind(("127.71.1.1", 0), lambda _data, _peer: server.close())
    client = UdpEndpoint.bind(("127.71.1.1", 0), lambda _data, _peer: None)
    client.send(b"1", server.local)
    client.send(b"2", server.local)
    await until(lambda: server._closed)
    server.close()
    server.send(b"unsent", client.local)
    client.close()


async def test_endpoint_says_that_an_address_is_taken() -> None:
    first = UdpEndpoint.bind(("127.71.1.1", 0), lambda _data, _peer: None)
    with pytest.raises(OSError, match=rf"127\.71\.1\.1:{first.local[1]}: Address already in use"):
        UdpEndpoint.bind(first.local, lambda _data, _peer: None)
    first.close()


async def test_workers_share_a_port() -> None:
    first = UdpEndpoint.bind(("127.71.1.1", 0), lambda _data, _peer: None, reuse_port=True)
    second = UdpEndpoint.bind(first.local, lambda _data, _peer: None, reuse_port=True)
    assert first.local == second.local
    first.close()
    second.close()


@pytest.mark.parametrize("host", HOSTS)
async def test_endpoint_that_withdraws_loses_nothing_and_leaves_the_rest_to_others(host: str) -> None:
    heard: dict[str, list[bytes]] = {"old": [], "new": []}
    old = UdpEndpoint.bind((host, 0), lambda data, _: heard["old"].append(data), reuse_port=True)
    new = UdpEndpoint.bind(old.local, lambda data, _: heard["new"].append(data), reuse_port=True)
    answers: list[bytes] = []
    clients = [UdpEndpoint.bind((host, 0), lambda data, _: answers.append(data)) for _ in range(40)]
    for client in clients:
        client.send(b"before", old.local)
    old.withdraw()
    waited = len(heard["old"])
    assert waited > 0
    for client in clients:
        client.send(b"after", old.local)
    await until(lambda: len(heard["new"]) == 80 - waited)
    assert set(heard["old"]) == {b"before"}
    assert heard["new"].count(b"after") == 40
    old.send(b"late", clients[0].local)
    await until(lambda: answers == [b"late"])
    for endpoint in (old, new, *clients):
        endpoint.close()
    old.withdraw()
