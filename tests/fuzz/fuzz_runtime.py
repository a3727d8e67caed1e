"""Parsers of the runtime floor."""

from collections.abc import Callable
from ipaddress import IPv6Address

from runtime import netlink, pcapng

SEED = (
    pcapng.section_header()
    + pcapng.interface_description("aaa")
    + pcapng.enhanced_packet(0, 1_700_000_000_123_456_789, b"\x45abcde", comment="note")
)

# NLMSG_ERROR to the first request of a socket: error 0, and the request's header (netlink(7))
ACK = bytes.fromhex("24000000 0200 0001 01000000 00000000 00000000 10000000 1300 0500 01000000 00000000")

ENTRIES: dict[str, tuple[Callable[[bytes], object], tuple[bytes, ...]]] = {
    "runtime.pcapng.parse": (pcapng.parse, (SEED,)),
    "runtime.netlink.parse_answer": (netlink.parse_answer, (ACK, ACK[:20])),
    "runtime.netlink.parse_proxy": (netlink.parse_proxy, (netlink.new_proxy(7, IPv6Address("2001:db8::1"))[16:],)),
}
