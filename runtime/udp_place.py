"""Which of all our addresses a datagram came to, or is to leave from (ip(7), RFC 3542 §6)."""

import socket
import struct
from collections.abc import Sequence
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address

Place = Sequence[tuple[int, int, bytes]]
"""Such an address as control data of the socket; empty where the socket has one alone."""

_IP_PKTINFO = 8
"""For which Python has no name."""
_IN_PKTINFO, _IN6_PKTINFO = struct.Struct("@i4s4s"), struct.Struct("@16sI")
_IPV4 = socket.IPPROTO_IP, _IP_PKTINFO
_IPV6 = socket.IPPROTO_IPV6, socket.IPV6_PKTINFO

CONTROL_OCTETS = socket.CMSG_SPACE(_IN6_PKTINFO.size)
"""Room that the place of a datagram takes."""


def ask_for_place(bound: socket.socket) -> bool:
    """Have the kernel tell it with each datagram; False, and it does not, where the socket has one address alone."""
    if not ip_address(bound.getsockname()[0]).is_unspecified:
        return False
    if bound.family == socket.AF_INET6:
        bound.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_RECVPKTINFO, 1)
    else:
        bound.setsockopt(*_IPV4, 1)
    return True


def came_to(control: Sequence[tuple[int, int, bytes]]) -> Place:
    """Where a datagram that has this control data came to, as the place that its answer leaves from."""
    return tuple(_to_answer_from(*one) for one in control if one[:2] in {_IPV4, _IPV6})


def address_of(place: Place) -> str | None:
    """The address of a place, as text."""
    for level, _, data in place:
        if level == socket.IPPROTO_IPV6:
            return str(IPv6Address(_IN6_PKTINFO.unpack(data)[0]))
        return socket.inet_ntoa(_IN_PKTINFO.unpack(data)[1])
    return None


@lru_cache(maxsize=256)
def place_of(address: IPv4Address | IPv6Address) -> Place:
    """The place that has `address`, or that the route chooses where that is the unspecified one."""
    if address.is_unspecified:
        return ()
    if isinstance(address, IPv6Address):
        return ((*_IPV6, _IN6_PKTINFO.pack(address.packed, 0)),)
    return ((*_IPV4, _IN_PKTINFO.pack(0, address.packed, bytes(4))),)


def _to_answer_from(level: int, kind: int, data: bytes) -> tuple[int, int, bytes]:
    """The route chooses the interface, but for a link-local address, which is nothing without its own."""
    if level == socket.IPPROTO_IPV6:
        address, interface = _IN6_PKTINFO.unpack(data)
        return level, kind, _IN6_PKTINFO.pack(address, interface if IPv6Address(address).is_link_local else 0)
    _, address, _ = _IN_PKTINFO.unpack(data)
    return level, kind, _IN_PKTINFO.pack(0, address, bytes(4))
