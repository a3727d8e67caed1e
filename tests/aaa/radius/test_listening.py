"""Ports of IPv4 and IPv6, and lines that a stranger cannot multiply."""

import asyncio

import pytest
from structlog.testing import capture_logs

from aaa.radius.clients import RadiusClient
from aaa.radius.decisions import Discard
from aaa.radius.listening import DiscardLog, Ports, Reply, address_text
from runtime.taps import Address
from runtime.udp import UdpEndpoint


@pytest.mark.stack
@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
async def test_packet_finds_its_way_back(host: str) -> None:
    def echo(octets: bytes, source: Address, reply: Reply, client: RadiusClient | None = None) -> None:
        reply(octets + source[0].encode())

    ports = Ports(echo)
    local = ports.listen((host, 0))
    heard: asyncio.Queue[bytes] = asyncio.Queue()
    asking = UdpEndpoint.bind((host, 0), lambda octets, _: heard.put_nowait(octets))
    asking.send(b"hello ", local)
    assert await asyncio.wait_for(heard.get(), 5) == b"hello " + host.encode()
    asking.close()
    ports.close()


def test_lines_are_limited_by_cause() -> None:
    now = [0.0]
    lines = DiscardLog(lambda: now[0])
    with capture_logs() as said:
        for _ in range(100):
            lines.discarded(("::1", 7), Discard("malformed", "lab", "octet 3"))
        now[0] = 60.0
        lines.discarded(("::1", 7), Discard("malformed"))
    assert 1 < len(said) < 20
    assert (said[0]["source"], said[0]["detail"], said[0]["client"]) == ("[::1]:7", "octet 3", "lab")
    assert int(said[-1]["withheld"]) > 80


def test_address_is_text() -> None:
    assert [address_text(one) for one in (("127.0.0.1", 1), ("::1", 2))] == ["127.0.0.1:1", "[::1]:2"]
