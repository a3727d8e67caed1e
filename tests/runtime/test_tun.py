"""The TUN device with a socket pair in the kernel's place; tests/stack/test_tun.py has the kernel itself."""

import asyncio
import errno
import os
import socket
import struct
from collections.abc import Callable, Iterator
from functools import partial
from ipaddress import IPv6Interface

import pytest
import structlog.testing

from runtime import netlink, tun
from runtime.config import ConfigError
from runtime.tun import TunDevice
from runtime.udp import DRAIN_LIMIT
from tests.wire.ip.segments import segment, segment4

HEADER = bytes(10)
"""<linux/virtio_net.h>: struct virtio_net_hdr of a packet that is whole."""
HOME = IPv6Interface("2001:db8:1::100/64")


class Machine:
    """A kernel that takes every request, or refuses the one that a test names."""

    def __init__(self) -> None:
        self.ours, self.kernel = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.ours.setblocking(False)
        self.requests: list[bytes] = []
        self.asked: list[tuple[int, bytes]] = []
        self.heard: list[bytes] = []
        self.lost: list[str] = []
        self.refuses: dict[str, int] = {}

    def _refuse(self, what: str) -> None:
        if what in self.refuses:
            raise OSError(self.refuses[what], os.strerror(self.refuses[what]))

    def open_control(self, path: str, _flags: int) -> int:
        assert path == tun.CONTROL
        self._refuse("open")
        return os.dup(self.ours.fileno())

    def ioctl(self, _descriptor: int, request: int, argument: bytes) -> None:
        self._refuse("ioctl")
        self.asked.append((request, argument))

    def ask(self, request: bytes) -> None:
        self._refuse("ask")
        self.requests.append(request)

    def index(self, _name: str) -> int:
        self._refuse("index")
        return 7

    def device(self) -> TunDevice:
        return TunDevice.open("ak0", self.heard.extend, self.lost.append)


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Iterator[Machine]:
    stand_in = Machine()
    monkeypatch.setattr("runtime.tun.os.open", stand_in.open_control)
    monkeypatch.setattr("runtime.tun.fcntl.ioctl", stand_in.ioctl)
    monkeypatch.setattr("runtime.tun.netlink.ask", stand_in.ask)
    monkeypatch.setattr("runtime.tun.socket.if_nametoindex", stand_in.index)
    yield stand_in
    stand_in.ours.close()
    stand_in.kernel.close()


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not condition():  # noqa: ASYNC110 - what is awaited is a plain list
            await asyncio.sleep(0)


async def test_device_of_packets_alone_comes_up_with_its_mtu(machine: Machine) -> None:
    device = machine.device()
    ((request, argument),) = machine.asked
    # <linux/if_tun.h>: TUNSETIFF; struct ifreq with IFF_TUN | IFF_NO_PI | IFF_VNET_HDR
    assert (request, argument) == (0x400454CA, b"ak0" + bytes(13) + b"\x01\x50" + bytes(22))
    assert machine.requests == [netlink.link_settings(7, 1400), netlink.link_up(7)]
    device.close()


async def test_device_gets_addresses_and_routes(machine: Machine) -> None:
    device = machine.device()
    device.add_address(HOME)
    device.add_route(HOME.network)
    device.remove_route(HOME.network)
    assert machine.requests[2:] == [
        netlink.new_address(7, HOME),
        netlink.new_route(7, HOME.network),
        netlink.no_route(7, HOME.network),
    ]
    device.close()


async def test_packets_go_both_ways(machine: Machine) -> None:
    device = machine.device()
    machine.kernel.send(HEADER + b"outward")
    await until(lambda: bool(machine.heard))
    device.send(b"inward")
    assert (machine.heard, machine.kernel.recv(100)) == ([b"outward"], HEADER + b"inward")
    device.close()


async def test_segments_go_to_the_kernel_as_one_packet_with_their_size(machine: Machine) -> None:
    device = machine.device()
    device.send_train([segment(1, bytes(1000)), segment(1001, bytes(1000)), segment(2001, bytes(500)), b"other"])
    packet = machine.kernel.recv(10_000)
    # flags, VIRTIO_NET_HDR_GSO_TCPV6, hdr_len 40 + 20, gso_size, and no checksum that is left to the kernel
    assert packet[:10] == struct.pack("=BBHHHH", 0, 4, 60, 1000, 0, 0)
    assert (len(packet), packet[14:16]) == (10 + 60 + 2500, (20 + 2500).to_bytes(2))
    assert machine.kernel.recv(100) == HEADER + b"other"
    device.send_train([segment4(1, bytes(600)), segment4(601, bytes(600))])
    assert machine.kernel.recv(10_000)[:10] == struct.pack("=BBHHHH", 0, 1, 40, 600, 0, 0)
    device.close()


async def test_device_leaves_turns_to_others(machine: Machine) -> None:
    device = machine.device()
    for number in range(DRAIN_LIMIT + 2):
        machine.kernel.send(HEADER + bytes((number,)))
    device._drain()
    assert len(machine.heard) == DRAIN_LIMIT
    await until(lambda: len(machine.heard) == DRAIN_LIMIT + 2)
    device.close()


async def test_device_survives_its_handler(machine: Machine) -> None:
    def broken(packets: list[bytes]) -> None:
        machine.heard.extend(packets)
        raise RuntimeError("broken")

    device = TunDevice.open("ak0", broken, machine.lost.append)
    with structlog.testing.capture_logs() as lines:
        machine.kernel.send(HEADER + b"one")
        await until(lambda: len(machine.heard) == 1)
        machine.kernel.send(HEADER + b"two")
        await until(lambda: len(machine.heard) == 2)
    assert [(line["event"], line["cause"]) for line in lines] == [
        ("packet handler failed", "RuntimeError('broken')")
    ] * 2
    device.close()


async def test_device_may_be_closed_by_its_handler_and_twice(machine: Machine) -> None:
    device = TunDevice.open("ak0", lambda _packet: device.close(), machine.lost.append)
    machine.kernel.send(HEADER + b"one")
    machine.kernel.send(HEADER + b"two")
    await until(lambda: device._closed)
    device.close()
    device.send(b"unsent")
    assert device.send_errors == 0


async def test_packet_that_the_kernel_refuses_is_counted(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    device = machine.device()

    def refuse(_descriptor: int, _pieces: object) -> int:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr("runtime.tun.os.writev", refuse)
    device.send(b"packet")
    assert device.send_errors == 1
    device.close()


async def test_loss_of_the_device_is_told_once(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    device = machine.device()

    def gone(_descriptor: int, _most: int) -> bytes:
        raise OSError(errno.EBADFD, "File descriptor in bad state")

    monkeypatch.setattr("runtime.tun.os.read", gone)
    device._drain()
    device._drain()
    assert machine.lost == ["TUN device ak0 is gone: File descriptor in bad state"]
    device.send(b"unsent")


PRIVILEGES = "run as root or with CAP_NET_ADMIN, or name no TUN device"


@pytest.mark.parametrize(
    ("step", "code", "said"),
    [
        ("open", errno.EACCES, f"TUN device ak0: Permission denied; {PRIVILEGES}"),
        ("open", errno.ENOENT, "TUN device ak0: No such file or directory; /dev/net/tun is missing; load the kernel's"),
        ("open", errno.ENODEV, "TUN device ak0: No such device; /dev/net/tun has no driver; load the kernel's"),
        ("ioctl", errno.EPERM, f"TUN device ak0: Operation not permitted; {PRIVILEGES}"),
        ("ioctl", errno.EBUSY, "TUN device ak0: Device or resource busy; another process has it; choose another name"),
        ("ioctl", errno.EINVAL, "TUN device ak0: Invalid argument; that name is an interface of another kind; choose"),
        ("ask", errno.EPERM, f"TUN device ak0: Operation not permitted; {PRIVILEGES}"),
        ("ask", errno.ENOBUFS, "TUN device ak0: No buffer space available; see whether this machine allows it"),
    ],
)
async def test_refusal_is_one_line_that_says_what_to_do(machine: Machine, step: str, code: int, said: str) -> None:
    machine.refuses[step] = code
    with pytest.raises(ConfigError) as caught:
        machine.device()
    assert str(caught.value).startswith(said)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["", "a b", "../etc", "a" * 16, "ak%d", ".", "ü0"])
async def test_name_is_one_that_an_interface_may_have(machine: Machine, name: str) -> None:
    with pytest.raises(ConfigError, match="names no TUN device; write 1 to 15 letters and digits, such as akadia0"):
        TunDevice.open(name, machine.heard.extend, machine.lost.append)
    assert machine.asked == []


@pytest.mark.parametrize(
    ("step", "code", "said"),
    [
        ("ask", errno.EACCES, "IPv6 is switched off on it; set net.ipv6.conf.default.disable_ipv6 to 0"),
        ("ask", errno.EEXIST, "another route leads to that network; remove it, or choose another home prefix"),
        ("index", errno.ENODEV, "TUN device ak0 is gone; leave it alone while it is in use"),
    ],
)
async def test_address_or_route_that_cannot_be_is_one_line(machine: Machine, step: str, code: int, said: str) -> None:
    device = machine.device()
    machine.refuses[step] = code
    for setting in (partial(device.add_address, HOME), partial(device.add_route, HOME.network)):
        with pytest.raises(ConfigError) as caught:
            setting()
        assert str(caught.value).endswith(said)
    device.close()
