"""Segments of TCP as a kernel would send them, for tests of what puts them together."""

from ipaddress import IPv4Address, IPv6Address

from wire.ip.checksum import transport_checksum
from wire.ip.ipv4 import Ipv4Packet
from wire.ip.ipv6 import Ipv6Packet

TCP = 6
ACK, PSH, FIN = 0x10, 0x08, 0x01
SIX = IPv6Address("2001:db8::1"), IPv6Address("2001:db8::2")
FOUR = IPv4Address("192.0.2.1"), IPv4Address("192.0.2.2")


def tcp(
    source: IPv4Address | IPv6Address,
    destination: IPv4Address | IPv6Address,
    number: int,
    payload: bytes,
    *,
    flags: int = ACK,
    window: int = 500,
    options: bytes = b"",
    port: int = 80,
) -> bytes:
    """A segment with its checksum (RFC 9293 §3.1)."""
    ports = port.to_bytes(2) + (40000).to_bytes(2)
    words = (20 + len(options)) // 4
    before = ports + number.to_bytes(4) + (7).to_bytes(4) + bytes((words << 4, flags)) + window.to_bytes(2)
    octets = before + bytes(4) + options + payload
    checksum = transport_checksum(source, destination, TCP, octets)
    return before + checksum.to_bytes(2) + bytes(2) + options + payload


def segment(
    number: int, payload: bytes, *, flags: int = ACK, window: int = 500, options: bytes = b"", port: int = 80
) -> bytes:
    """A packet of IPv6 with octets from sequence number `number` on."""
    octets = tcp(*SIX, number, payload, flags=flags, window=window, options=options, port=port)
    return Ipv6Packet(source=SIX[0], destination=SIX[1], next_header=TCP, payload=octets).build()


def segment4(number: int, payload: bytes, *, identification: int = 0, dont_fragment: bool = True) -> bytes:
    """The same of IPv4."""
    octets = tcp(*FOUR, number, payload)
    return Ipv4Packet(
        source=FOUR[0], destination=FOUR[1], protocol=TCP, payload=octets, identification=identification,
        dont_fragment=dont_fragment,
    ).build()  # fmt: skip
