"""Neighbor Discovery beside the kernel; tests/stack/test_home_link.py has two kernels on one link."""

import asyncio
import errno
import os
import socket
from collections.abc import Iterator
from ipaddress import IPv6Address

import pytest
import structlog.testing

from runtime.config import ConfigError
from runtime.neighbor_link import NeighborLink, link_layer_of
from wire.ip.neighbors import solicitation, solicited_node_of

HOME, OTHER = IPv6Address("2001:db8:1::100"), IPv6Address("2001:db8:1::101")
SAME_GROUP = IPv6Address("2001:db8:1:0:1::100")


class Packets:
    """Stands in for the packet socket: a pair, on which the kernel's word of each packet is written down."""

    def __init__(self) -> None:
        self.ours, self.kernel = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.ours.setblocking(False)
        self.kinds: list[int] = []
        self.sent: list[tuple[bytes, tuple[object, ...]]] = []
        self.fails = 0

    def fileno(self) -> int:
        return self.ours.fileno()

    def recvfrom(self, most: int) -> tuple[bytes, tuple[object, ...]]:
        return self.ours.recv(most), ("eth1", 0x86DD, self.kinds.pop(0), 1, bytes(6))

    def sendto(self, octets: bytes, to: tuple[object, ...]) -> None:
        if self.fails:
            raise OSError(self.fails, os.strerror(self.fails))
        self.sent.append((octets, to))

    def close(self) -> None:
        self.ours.close()
        self.kernel.close()


class Groups:
    """Stands in for the socket that is a member of groups."""

    def __init__(self) -> None:
        self.asked: list[tuple[int, IPv6Address]] = []

    def setsockopt(self, _level: int, option: int, value: bytes) -> None:
        self.asked.append((option, IPv6Address(value[:16])))
        if len(self.asked) > 2:
            raise OSError(errno.ENOBUFS, "No buffer space available")

    def close(self) -> None:
        """Nothing is open."""


class Ground:
    """A link on stand-ins, inside a loop."""

    def __init__(self) -> None:
        self.packets, self.groups = Packets(), Groups()
        self.heard: list[bytes] = []
        self.link = NeighborLink("lo", self.packets, self.groups, self.hear)  # type: ignore[arg-type]

    def hear(self, octets: bytes) -> None:
        self.heard.append(octets)
        if octets == b"broken":
            raise ValueError("broken")


@pytest.fixture
async def ground() -> "Iterator[Ground]":  # type: ignore[misc]
    here = Ground()
    yield here
    here.link.close()
    here.link.close()


async def test_packets_of_others_are_heard_and_one_that_breaks_us_stops_none(ground: Ground) -> None:
    for octets, kind in ((b"theirs", 2), (b"ours", socket.PACKET_OUTGOING), (b"broken", 2), (b"next", 0)):
        ground.packets.kinds.append(kind)
        ground.packets.kernel.send(octets)
    with structlog.testing.capture_logs() as lines:
        async with asyncio.timeout(5):
            while b"next" not in ground.heard:  # noqa: ASYNC110 - what is awaited is a plain list
                await asyncio.sleep(0)
    assert ground.heard == [b"theirs", b"broken", b"next"]
    assert [line["event"] for line in lines] == ["packet handler failed"]


async def test_packet_goes_to_the_hardware_address_of_its_group(ground: Ground) -> None:
    packet = solicitation(HOME)
    ground.link.send(packet)
    # RFC 2464 §7: 33-33 and the last four octets of the group
    assert ground.packets.sent == [(packet, ("lo", 0x86DD, 0, 0, bytes.fromhex("3333ff000100")))]


async def test_a_link_that_takes_nothing_is_said_once(ground: Ground) -> None:
    ground.packets.fails = errno.ENETDOWN
    with structlog.testing.capture_logs() as lines:
        ground.link.send(solicitation(HOME))
        ground.link.send(solicitation(HOME))
    (line,) = lines
    assert (line["event"], line["cause"]) == ("home link silent", "lo: Network is down; see to the interface")
    assert ground.link.send_errors == 2


async def test_a_group_is_joined_for_the_first_and_left_with_the_last(ground: Ground) -> None:
    group = solicited_node_of(HOME)
    assert group == solicited_node_of(SAME_GROUP)
    ground.link.listen(HOME)
    ground.link.listen(SAME_GROUP)
    ground.link.forget(HOME)
    assert ground.groups.asked == [(socket.IPV6_JOIN_GROUP, group)]
    ground.link.forget(SAME_GROUP)
    ground.link.forget(SAME_GROUP)
    assert ground.groups.asked[1:] == [(socket.IPV6_LEAVE_GROUP, group)]
    with structlog.testing.capture_logs() as lines:
        ground.link.listen(OTHER)
    assert [line["event"] for line in lines] == ["group not changed"]


async def test_an_interface_that_is_not_there_or_no_ethernet_is_one_line() -> None:
    with pytest.raises(ConfigError, match="home link nowhere: No such device; name an interface that is there"):
        link_layer_of("nowhere")
    with pytest.raises(ConfigError, match="home link lo: it is no Ethernet interface"):
        link_layer_of("lo")


@pytest.mark.stack
async def test_nothing_is_opened_on_an_interface_that_is_not_there() -> None:
    with pytest.raises(ConfigError, match="home link nowhere: "):
        NeighborLink.open("nowhere", lambda _octets: None)
