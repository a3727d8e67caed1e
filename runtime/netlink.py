"""What a network interface needs of the kernel, asked over netlink: up, an address, routes, proxies (RFC 3549 §3.1)."""

import os
import socket
import struct
from ipaddress import IPv4Address, IPv4Interface, IPv4Network, IPv6Address, IPv6Interface, IPv6Network

from wire.errors import DecodeError

# Numbers of <linux/netlink.h>, <linux/rtnetlink.h>, <linux/if_link.h>, <linux/if_addr.h> and <linux/neighbour.h>, all
# in the machine's order.
_NLMSG_ERROR = 2
_NLM_F_REQUEST, _NLM_F_ACK, _NLM_F_EXCL, _NLM_F_CREATE = 0x001, 0x004, 0x200, 0x400
_NLM_F_DUMP = 0x300
_NLMSG_DONE = 3
_RTM_SETLINK, _RTM_NEWADDR, _RTM_NEWROUTE, _RTM_DELROUTE = 19, 20, 24, 25
_RTM_NEWNEIGH, _RTM_DELNEIGH, _RTM_GETNEIGH = 28, 29, 30
_NDA_DST, _NUD_PERMANENT, _NTF_PROXY, _NTF_ROUTER = 1, 0x80, 0x08, 0x80
_IFLA_MTU, _IFLA_AF_SPEC, _IFLA_INET6_ADDR_GEN_MODE, _ADDR_GEN_MODE_NONE = 4, 26, 8, 1
_IFA_ADDRESS, _IFA_LOCAL, _IFA_F_NODAD = 1, 2, 0x02
_RTA_DST, _RTA_OIF, _RT_TABLE_MAIN, _RTPROT_STATIC, _RTN_UNICAST = 1, 4, 254, 4, 1
_RT_SCOPE_LINK = 253
_IFF_UP = 0x1

_HEADER = struct.Struct("=IHHII")
_LINK = struct.Struct("=BxHiII")
_ADDRESS = struct.Struct("=BBBBI")
_ROUTE = struct.Struct("=BBBBBBBBI")
_NEIGHBOR = struct.Struct("=BxxxiHBB")
_ATTRIBUTE = struct.Struct("=HH")
_CODE = struct.Struct("=i")

_ADDRESS_OCTETS = 16

_SEQUENCE = 1
"""Each request has a socket of its own."""

_ANSWER_LIMIT = 5.0
"""Seconds; the kernel answers at once."""


def link_settings(index: int, mtu: int) -> bytes:
    """The request that sets an interface's MTU, and has the kernel make no link-local address when it comes up."""
    silent = _attribute(_IFLA_INET6_ADDR_GEN_MODE, bytes((_ADDR_GEN_MODE_NONE,)))
    families = _attribute(_IFLA_AF_SPEC, _attribute(socket.AF_INET6, silent))
    body = _LINK.pack(socket.AF_UNSPEC, 0, index, 0, 0)
    return _request(_RTM_SETLINK, 0, body + _attribute(_IFLA_MTU, struct.pack("=I", mtu)) + families)


def link_up(index: int) -> bytes:
    """The request that brings an interface up."""
    return _request(_RTM_SETLINK, 0, _LINK.pack(socket.AF_UNSPEC, 0, index, _IFF_UP, _IFF_UP))


def new_address(index: int, address: IPv4Interface | IPv6Interface) -> bytes:
    """The request that gives an interface an address, and with it the route to the address's network.

    No other host shares the address's link, so that no duplicate is looked for (RFC 4862 §5.4).
    """
    body = _ADDRESS.pack(_family(address.ip), address.network.prefixlen, _IFA_F_NODAD, 0, index)
    octets = address.ip.packed
    return _request(
        _RTM_NEWADDR,
        _NLM_F_CREATE | _NLM_F_EXCL,
        body + _attribute(_IFA_LOCAL, octets) + _attribute(_IFA_ADDRESS, octets),
    )


def new_route(index: int, network: IPv4Network | IPv6Network) -> bytes:
    """The request that leads a network to an interface; one that leads there already is not replaced."""
    return _route(_RTM_NEWROUTE, _NLM_F_CREATE | _NLM_F_EXCL, index, network)


def no_route(index: int, network: IPv4Network | IPv6Network) -> bytes:
    """The request that takes such a route back."""
    return _route(_RTM_DELROUTE, 0, index, network)


def _route(kind: int, flags: int, index: int, network: IPv4Network | IPv6Network) -> bytes:
    family, scope = _family(network.network_address), _RT_SCOPE_LINK if network.version == 4 else 0
    body = _ROUTE.pack(family, network.prefixlen, 0, 0, _RT_TABLE_MAIN, _RTPROT_STATIC, scope, _RTN_UNICAST, 0)
    return _request(
        kind,
        flags,
        body + _attribute(_RTA_DST, network.network_address.packed) + _attribute(_RTA_OIF, struct.pack("=I", index)),
    )


def new_proxy(index: int, address: IPv6Address, *, router: bool = False) -> bytes:
    """The request that has the kernel answer for an address on an interface, R set or not (RFC 4861 §7.2.8)."""
    flags = _NTF_PROXY | (_NTF_ROUTER if router else 0)
    body = _NEIGHBOR.pack(socket.AF_INET6, index, _NUD_PERMANENT, flags, 0)
    return _request(_RTM_NEWNEIGH, _NLM_F_CREATE, body + _attribute(_NDA_DST, address.packed))


def no_proxy(index: int, address: IPv6Address) -> bytes:
    """The request that ends that."""
    body = _NEIGHBOR.pack(socket.AF_INET6, index, 0, _NTF_PROXY, 0)
    return _request(_RTM_DELNEIGH, 0, body + _attribute(_NDA_DST, address.packed))


def all_proxies() -> bytes:
    """The request for `answers_of` that names every address the kernel answers for."""
    return _request(_RTM_GETNEIGH, _NLM_F_DUMP, _NEIGHBOR.pack(socket.AF_INET6, 0, 0, _NTF_PROXY, 0))


def parse_proxy(body: bytes) -> tuple[int, IPv6Address] | None:
    """The interface's index and the address of one of its answers, None for anything else."""
    if len(body) < _NEIGHBOR.size:
        return None
    family, index, _, flags, _ = _NEIGHBOR.unpack_from(body)
    address = _find(body[_NEIGHBOR.size :], _NDA_DST)
    if family != socket.AF_INET6 or not flags & _NTF_PROXY or address is None or len(address) != _ADDRESS_OCTETS:
        return None
    return index, IPv6Address(address)


def _find(attributes: bytes, wanted: int) -> bytes | None:
    while len(attributes) >= _ATTRIBUTE.size:
        length, kind = _ATTRIBUTE.unpack_from(attributes)
        if length < _ATTRIBUTE.size:
            return None
        if kind == wanted:
            return attributes[_ATTRIBUTE.size : length]
        attributes = attributes[length + -length % 4 :]
    return None


def _family(address: IPv4Address | IPv6Address) -> int:
    return socket.AF_INET if address.version == 4 else socket.AF_INET6


def ask(request: bytes) -> None:
    """Have the kernel do what one of the functions above asks for; OSError with its reason when it does not."""
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, socket.NETLINK_ROUTE) as kernel:
        kernel.settimeout(_ANSWER_LIMIT)
        kernel.send(request)
        code = parse_answer(kernel.recv(65536))
    if code:
        raise OSError(code, os.strerror(code))


def answers_of(request: bytes) -> list[bytes]:
    """What the kernel lists for a request, each without its netlink header; OSError when it does not."""
    answers: list[bytes] = []
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, socket.NETLINK_ROUTE) as kernel:
        kernel.settimeout(_ANSWER_LIMIT)
        kernel.send(request)
        while True:
            octets = kernel.recv(65536)
            while len(octets) >= _HEADER.size:
                length, kind, *_ = _HEADER.unpack_from(octets)
                if kind == _NLMSG_DONE:
                    return answers
                if kind == _NLMSG_ERROR:
                    code = parse_answer(octets[:length])
                    raise OSError(code, os.strerror(code))
                answers.append(octets[_HEADER.size : length])
                octets = octets[max(length + -length % 4, _HEADER.size) :]


def parse_answer(octets: bytes) -> int:
    """The error number in the kernel's answer to a request, 0 for success; DecodeError when it is none."""
    if len(octets) < _HEADER.size + _CODE.size:
        raise DecodeError(len(octets), "the answer ends before its error number")
    _, kind, _, sequence, _ = _HEADER.unpack_from(octets)
    (code,) = _CODE.unpack_from(octets, _HEADER.size)
    if kind != _NLMSG_ERROR or sequence != _SEQUENCE or code > 0:
        raise DecodeError(4, f"netlink message {kind} answers no request of ours")
    return -int(code)


def _request(kind: int, flags: int, body: bytes) -> bytes:
    length = _HEADER.size + len(body)
    return _HEADER.pack(length, kind, _NLM_F_REQUEST | _NLM_F_ACK | flags, _SEQUENCE, 0) + body


def _attribute(kind: int, value: bytes) -> bytes:
    return _ATTRIBUTE.pack(_ATTRIBUTE.size + len(value), kind) + value + bytes(-len(value) % 4)
