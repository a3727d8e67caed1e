"""A TUN device on the event loop: the machine's own applications send and receive IP packets through it."""

import asyncio
import errno
import fcntl
import os
import re
import socket
import struct
from collections.abc import Callable, Iterable
from ipaddress import IPv4Interface, IPv4Network, IPv6Interface, IPv6Network

from runtime import netlink
from runtime.config import ConfigError
from runtime.logs import get_logger
from runtime.udp import DRAIN_LIMIT
from wire.ip.coalescing import Train, coalesce

log = get_logger("runtime.tun")

CONTROL = "/dev/net/tun"

TUNNEL_MTU = 1400
"""Octets of an inner packet that still fit, sealed in ESP and UDP, into a datagram of 1500."""

# <linux/if_tun.h>: a device of packets, each behind a virtio_net_hdr, and without the driver's own header before it
_TUNSETIFF = 0x400454CA
_IFF_TUN, _IFF_NO_PI, _IFF_VNET_HDR = 0x0001, 0x1000, 0x4000
_IFREQ = struct.Struct("=16sH22x")

# <linux/virtio_net.h>: flags, gso_type, hdr_len, gso_size, csum_start, csum_offset
_VIRTIO_NET_HDR = struct.Struct("=BBHHHH")
_HEADER_OCTETS = _VIRTIO_NET_HDR.size
_WHOLE = bytes(_HEADER_OCTETS)
_GSO_TCPV4, _GSO_TCPV6 = 1, 4

_NAME = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9_.-]{0,14}")
_LARGEST_PACKET = 65575
"""An IPv6 header and the longest payload without a jumbo option (RFC 8200 §3)."""

_PRIVILEGES = "run as root or with CAP_NET_ADMIN, or name no TUN device"
_WITHOUT_IPV6 = "IPv6 is switched off on it; set net.ipv6.conf.default.disable_ipv6 to 0"
_REMEDIES = {
    errno.EPERM: _PRIVILEGES,
    errno.EACCES: _PRIVILEGES,
    errno.ENOENT: f"{CONTROL} is missing; load the kernel's module tun",
    errno.ENODEV: f"{CONTROL} has no driver; load the kernel's module tun",
    errno.EBUSY: "another process has it; choose another name",
    errno.EEXIST: "another route leads to that network; remove it, or choose another home prefix",
    errno.EINVAL: "that name is an interface of another kind; choose another name",
}


class TunDevice:
    """One device, which vanishes with `close`. `open` makes it inside a running loop.

    `on_packets` gets all packets that the kernel routes to it, as many as there are at a time, up to a limit; `on_lost`
    one line, when somebody else took it away.
    """

    def __init__(
        self, descriptor: int, name: str, on_packets: Callable[[list[bytes]], None], on_lost: Callable[[str], None]
    ) -> None:
        self.name = name
        self.send_errors = 0
        self._descriptor = descriptor
        self._on_packets = on_packets
        self._on_lost = on_lost
        self._closed = False
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(descriptor, self._drain)

    @classmethod
    def open(
        cls,
        name: str,
        on_packets: Callable[[list[bytes]], None],
        on_lost: Callable[[str], None],
        *,
        mtu: int = TUNNEL_MTU,
    ) -> "TunDevice":
        """Make the device `name` and bring it up, with no address. ConfigError says what to do when that cannot be."""
        if not _NAME.fullmatch(name):
            raise ConfigError(f"{name!r} names no TUN device; write 1 to 15 letters and digits, such as akadia0")
        try:
            descriptor = os.open(CONTROL, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
        except OSError as error:
            raise _refused(name, error, _REMEDIES) from None
        try:
            fcntl.ioctl(descriptor, _TUNSETIFF, _IFREQ.pack(name.encode(), _IFF_TUN | _IFF_NO_PI | _IFF_VNET_HDR))
            index = socket.if_nametoindex(name)
            netlink.ask(netlink.link_settings(index, mtu))
            netlink.ask(netlink.link_up(index))
        except OSError as error:
            os.close(descriptor)
            raise _refused(name, error, _REMEDIES) from None
        return cls(descriptor, name, on_packets, on_lost)

    def add_address(self, address: IPv4Interface | IPv6Interface) -> None:
        """Put an address on the device, and lead its network there; ConfigError in one line."""
        self._ask(netlink.new_address(self._index(), address))

    def add_route(self, network: IPv4Network | IPv6Network) -> None:
        """Lead a network there, of which this machine need have no address; ConfigError in one line."""
        self._ask(netlink.new_route(self._index(), network))

    def remove_route(self, network: IPv4Network | IPv6Network) -> None:
        """Take back what `add_route` did; ConfigError in one line."""
        self._ask(netlink.no_route(self._index(), network))

    def send(self, packet: bytes) -> None:
        """Give the kernel one packet, or lose it."""
        self.send_train((packet,))

    def send_train(self, packets: Iterable[bytes]) -> None:
        """Give the kernel packets, or lose them: what it refuses is counted in `send_errors`.

        Segments of TCP that follow each other go as one, as its own receive offload would make them.
        """
        if self._closed:
            return
        for train in coalesce(packets):
            try:
                os.writev(self._descriptor, (_virtio_net_header(train), *train.buffers()))
            except OSError as error:
                self.send_errors += train.segments
                log.debug("packet not sent", device=self.name, cause=error.strerror or str(error))

    def close(self) -> None:
        """Stop reading and remove the device with its addresses and routes; closing twice does nothing."""
        if self._closed:
            return
        self._closed = True
        self._loop.remove_reader(self._descriptor)
        os.close(self._descriptor)

    def _index(self) -> int:
        try:
            return socket.if_nametoindex(self.name)
        except OSError:
            raise ConfigError(f"TUN device {self.name} is gone; leave it alone while it is in use") from None

    def _ask(self, request: bytes) -> None:
        try:
            netlink.ask(request)
        except OSError as error:
            raise _refused(self.name, error, _REMEDIES | {errno.EACCES: _WITHOUT_IPV6}) from None

    def _drain(self) -> None:
        packets: list[bytes] = []
        lost = ""
        while len(packets) < DRAIN_LIMIT and not lost:
            try:
                packets.append(os.read(self._descriptor, _HEADER_OCTETS + _LARGEST_PACKET)[_HEADER_OCTETS:])
            except (BlockingIOError, InterruptedError):
                break
            except OSError as error:
                lost = error.strerror or str(error)
        if packets:
            self._deliver(packets)
        if lost and not self._closed:
            self._lose(lost)

    def _deliver(self, packets: list[bytes]) -> None:
        try:
            self._on_packets(packets)
        except Exception as error:
            # The outermost place: whatever these packets broke, the next ones are still served.
            log.exception("packet handler failed", device=self.name, cause=repr(error))

    def _lose(self, reason: str) -> None:
        self.close()
        self._on_lost(f"TUN device {self.name} is gone: {reason}")


def _virtio_net_header(train: Train) -> bytes:
    """What says how a train is cut into the packets that it was made of."""
    if train.segments == 1:
        return _WHOLE
    kind = _GSO_TCPV4 if train.is_ipv4 else _GSO_TCPV6
    return _VIRTIO_NET_HDR.pack(0, kind, train.header_octets, train.segment_octets, 0, 0)


def _refused(name: str, error: OSError, remedies: dict[int, str]) -> ConfigError:
    remedy = remedies.get(error.errno or 0, "see whether this machine allows it, or name no TUN device")
    return ConfigError(f"TUN device {name}: {error.strerror or error}; {remedy}")
