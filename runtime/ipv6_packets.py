"""Whole IPv6 packets of one interface, for what no socket of UDP can say: Home Address options and routing headers.

A kernel without Mobile IPv6 refuses a type 2 routing header that is for it (RFC 6275 §6.4), so that these packets are
read beside the kernel, by a packet socket; and with them what home agents say to a Care-of Address itself: Mobility
Headers, replies to who looks for home agents, Parameter Problems; and what routers say of the path. Needs CAP_NET_RAW.
"""

import errno
import socket
import struct
from collections.abc import Callable
from contextlib import suppress
from ipaddress import IPv6Address
from pathlib import Path

from runtime.config import ConfigError
from runtime.logs import get_logger
from runtime.packet_reader import ETH_P_IPV6, PacketReader, attach_filter

log = get_logger("runtime.ipv6")

_ADDRESSES = Path("/proc/net/if_inet6")
_LARGEST_PACKET = 65575
_PROTO_ROUTING, _PROTO_ICMPV6, _PROTO_MOBILITY = 43, 58, 135
_PACKET_TOO_BIG, _PARAMETER_PROBLEM, _AGENT_REPLY = 2, 4, 145

# <linux/filter.h>: load the octet at 6, the Next Header, and of ICMPv6 the one at 40, the type; pass or drop the packet
_FILTER = (
    struct.pack("=HBBI", 0x30, 0, 0, 6),
    struct.pack("=HBBI", 0x15, 6, 0, _PROTO_ROUTING),
    struct.pack("=HBBI", 0x15, 5, 0, _PROTO_MOBILITY),
    struct.pack("=HBBI", 0x15, 0, 5, _PROTO_ICMPV6),
    struct.pack("=HBBI", 0x30, 0, 0, 40),
    struct.pack("=HBBI", 0x15, 2, 0, _AGENT_REPLY),
    struct.pack("=HBBI", 0x15, 1, 0, _PACKET_TOO_BIG),
    struct.pack("=HBBI", 0x15, 0, 1, _PARAMETER_PROBLEM),
    struct.pack("=HBBI", 0x06, 0, 0, 0xFFFF),
    struct.pack("=HBBI", 0x06, 0, 0, 0),
)


def interface_of(address: IPv6Address, table: Path = _ADDRESSES) -> str | None:
    """The name of the interface that has `address`, or None."""
    with suppress(OSError):
        for line in table.read_text(encoding="ascii").splitlines():
            octets, _, _, _, _, name = line.split()
            if IPv6Address(int(octets, 16)) == address:
                return name
    return None


class Ipv6Packets(PacketReader):
    """Sends whole packets from `address`, and gives `on_packet` those for a mobile node that come to it.

    `open` makes one inside a running loop; ConfigError in one line when that cannot be.
    """

    def __init__(
        self, sending: socket.socket, listening: socket.socket, address: IPv6Address, on_packet: Callable[[bytes], None]
    ) -> None:
        super().__init__(listening, sending, on_packet, _LARGEST_PACKET)
        self._sending = sending
        self._address = address.packed

    @classmethod
    def open(cls, address: IPv6Address, on_packet: Callable[[bytes], None]) -> "Ipv6Packets":
        """Send and listen on the interface that has `address`."""
        device = interface_of(address)
        if device is None:
            raise ConfigError(f"no interface has the address {address}; give it to one, or name another")
        try:
            sending = socket.socket(socket.AF_INET6, socket.SOCK_RAW, socket.IPPROTO_RAW)
            sending.setblocking(False)
            sending.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, device.encode())
            listening = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, 0)
            listening.setblocking(False)
            attach_filter(listening, _FILTER)
            listening.bind((device, ETH_P_IPV6))
        except OSError as error:
            remedy = (
                "run as root or with CAP_NET_RAW" if error.errno in {errno.EPERM, errno.EACCES} else "see the cause"
            )
            raise ConfigError(f"IPv6 packets of {device}: {error.strerror or error}; {remedy}") from None
        return cls(sending, listening, address, on_packet)

    def send(self, packet: bytes) -> None:
        """Send a whole packet, or lose it: what the kernel refuses is counted in `send_errors`."""
        if self._closed:
            return
        try:
            self._sending.sendto(packet, (str(IPv6Address(packet[24:40])), 0))
        except OSError as error:
            self.send_errors += 1
            log.debug("packet not sent", cause=error.strerror or str(error))

    def _is_for_us(self, packet: bytes, _kind: int, /) -> bool:
        # whatever the kind: its own packets have another destination
        return packet[24:40] == self._address
