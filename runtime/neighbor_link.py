"""Neighbor Discovery on one interface beside the kernel: solicitations from nobody, who answers them, and routers.

The kernel looks for duplicates of its own addresses alone (RFC 4862 §5.4); this is for those of others. Needs
CAP_NET_RAW.
"""

import errno
import fcntl
import socket
import struct
from collections.abc import Callable
from contextlib import ExitStack
from ipaddress import IPv6Address

from runtime.config import ConfigError
from runtime.logs import get_logger
from runtime.packet_reader import ETH_P_IPV6, PacketReader, attach_filter
from wire.ip.ipv6 import PROTO_ICMPV6
from wire.ip.neighbors import NEIGHBOR_ADVERTISEMENT, NEIGHBOR_SOLICITATION, solicited_node_of
from wire.mip6.router_advertisement import ROUTER_ADVERTISEMENT

log = get_logger("runtime.neighbors")

_LARGEST_PACKET = 2048
_ARPHRD_ETHER = 1

# <linux/sockios.h> and <linux/if.h>: the hardware address of an interface, behind its name
_SIOCGIFHWADDR = 0x8927
_IFREQ = struct.Struct("=16sH6s16x")

# <linux/filter.h>: load the octet at 6, the Next Header, and of ICMPv6 the one at 40, the type; pass or drop the packet
_FILTER = (
    struct.pack("=HBBI", 0x30, 0, 0, 6),
    struct.pack("=HBBI", 0x15, 0, 5, PROTO_ICMPV6),
    struct.pack("=HBBI", 0x30, 0, 0, 40),
    struct.pack("=HBBI", 0x15, 2, 0, ROUTER_ADVERTISEMENT),
    struct.pack("=HBBI", 0x15, 1, 0, NEIGHBOR_SOLICITATION),
    struct.pack("=HBBI", 0x15, 0, 1, NEIGHBOR_ADVERTISEMENT),
    struct.pack("=HBBI", 0x06, 0, 0, 0xFFFF),
    struct.pack("=HBBI", 0x06, 0, 0, 0),
)


def link_layer_of(name: str) -> bytes:
    """The hardware address of an Ethernet interface, 6 octets; ConfigError in one line when it has none."""
    with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as any_socket:
        try:
            answer = fcntl.ioctl(any_socket, _SIOCGIFHWADDR, _IFREQ.pack(name.encode(), 0, b""))
        except OSError as error:
            raise ConfigError(f"home link {name}: {error.strerror or error}; name an interface that is there") from None
    _, kind, link_layer = _IFREQ.unpack(answer)
    if kind != _ARPHRD_ETHER:
        raise ConfigError(f"home link {name}: it is no Ethernet interface; name one of these")
    return bytes(link_layer)


class NeighborLink(PacketReader):
    """Sends whole packets to everybody on the link, and gives `on_packet` the Neighbor Discovery of others there.

    `open` makes one inside a running loop; ConfigError in one line when that cannot be.
    """

    def __init__(
        self, name: str, packets: socket.socket, groups: socket.socket, on_packet: Callable[[bytes], None]
    ) -> None:
        super().__init__(packets, groups, on_packet, _LARGEST_PACKET)
        self.name = name
        self._packets = packets
        self._groups = groups
        self._heard: set[IPv6Address] = set()

    @classmethod
    def open(cls, name: str, on_packet: Callable[[bytes], None]) -> "NeighborLink":
        """Send and listen on the interface `name`."""
        with ExitStack() as opened:
            try:
                packets = opened.enter_context(socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, 0))
                packets.setblocking(False)
                attach_filter(packets, _FILTER)
                packets.bind((name, ETH_P_IPV6))
                groups = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
            except OSError as error:
                is_denied = error.errno in {errno.EPERM, errno.EACCES}
                remedy = "run as root or with CAP_NET_RAW" if is_denied else "name an interface that is there"
                raise ConfigError(f"home link {name}: {error.strerror or error}; {remedy}") from None
            opened.pop_all()
        return cls(name, packets, groups, on_packet)

    def send(self, packet: bytes) -> None:
        """Send a whole packet to the multicast address that it is for (RFC 2464 §7), or lose it, and say so once."""
        if self._closed:
            return
        to = (self.name, ETH_P_IPV6, 0, 0, b"\x33\x33" + packet[36:40])
        try:
            self._packets.sendto(packet, to)
        except OSError as error:
            if not self.send_errors:
                log.warning("home link silent", cause=f"{self.name}: {error.strerror or error}; see to the interface")
            self.send_errors += 1

    def listen(self, address: IPv6Address) -> None:
        """Be a member of the address's solicited-node group, which a switch is told too (RFC 4862 §5.4.2)."""
        if not self._is_heard(solicited_node_of(address)):
            self._change(socket.IPV6_JOIN_GROUP, solicited_node_of(address))
        self._heard.add(address)

    def forget(self, address: IPv6Address) -> None:
        """Be one no more, unless for another address."""
        if address not in self._heard:
            return
        self._heard.discard(address)
        if not self._is_heard(solicited_node_of(address)):
            self._change(socket.IPV6_LEAVE_GROUP, solicited_node_of(address))

    def _is_heard(self, group: IPv6Address) -> bool:
        return any(solicited_node_of(address) == group for address in self._heard)

    def _change(self, option: int, group: IPv6Address) -> None:
        try:
            wanted = group.packed + struct.pack("@I", socket.if_nametoindex(self.name))
            self._groups.setsockopt(socket.IPPROTO_IPV6, option, wanted)
        except OSError as error:
            log.debug("group not changed", group=str(group), cause=error.strerror or str(error))

    def _is_for_us(self, _packet: bytes, kind: int, /) -> bool:
        # whatever the packet: the filter has seen to it
        return kind != socket.PACKET_OUTGOING
