"""Requests to the kernel, octet by octet as rtnetlink(7) and netlink(7) lay them out (little endian)."""

import errno
import socket
import sys
from ipaddress import IPv4Interface, IPv4Network, IPv6Interface, IPv6Network
from typing import Self

import pytest

from runtime import netlink
from wire.errors import DecodeError

pytestmark = pytest.mark.skipif(sys.byteorder != "little", reason="the octets below are a little-endian machine's")

ADDRESS = IPv6Interface("2001:db8:1::100/64")
OCTETS = "20010db8000100000000000000000100"


def test_settings_hold_the_mtu_and_no_link_local_address() -> None:
    assert netlink.link_settings(7, 1400) == bytes.fromhex(
        "38000000 1300 0500 01000000 00000000"  # nlmsghdr: 56 octets, RTM_SETLINK, REQUEST|ACK, 1, 0
        "00 00 0000 07000000 00000000 00000000"  # ifinfomsg: AF_UNSPEC, index 7, no flag changes
        "0800 0400 78050000"  # IFLA_MTU 1400
        "1000 1a00 0c00 0a00 0500 0800 01 000000"  # IFLA_AF_SPEC { AF_INET6 { IFLA_INET6_ADDR_GEN_MODE none } }
    )


def test_link_comes_up_by_its_flag() -> None:
    assert netlink.link_up(7) == bytes.fromhex(
        "20000000 1300 0500 01000000 0000000000 00 0000 07000000 01000000 01000000"  # IFF_UP set, IFF_UP changed
    )


def test_address_is_new_and_not_looked_for() -> None:
    assert netlink.new_address(7, ADDRESS) == bytes.fromhex(
        "40000000 1400 0506 01000000 00000000"  # RTM_NEWADDR, REQUEST|ACK|CREATE|EXCL
        "0a 40 02 00 07000000"  # ifaddrmsg: AF_INET6, /64, IFA_F_NODAD, universe, index 7
        f"1400 0200 {OCTETS}"  # IFA_LOCAL
        f"1400 0100 {OCTETS}"  # IFA_ADDRESS
    )


def test_route_leads_a_network_to_the_link_and_replaces_none() -> None:
    assert netlink.new_route(7, IPv6Network("2001:db8:1::/64")) == bytes.fromhex(
        "38000000 1800 0506 01000000 00000000"  # RTM_NEWROUTE, REQUEST|ACK|CREATE|EXCL
        "0a 40 00 00 fe 04 00 01 00000000"  # rtmsg: AF_INET6, /64, main table, static, universe, unicast
        "1400 0100 20010db8000100000000000000000000"  # RTA_DST
        "0800 0400 07000000"  # RTA_OIF
    )


def test_ipv4_address_and_route_are_of_their_own_family() -> None:
    assert netlink.new_address(7, IPv4Interface("10.1.2.3/24")) == bytes.fromhex(
        "28000000 1400 0506 01000000 00000000"
        "02 18 02 00 07000000"  # ifaddrmsg: AF_INET, /24
        "0800 0200 0a010203 0800 0100 0a010203"  # IFA_LOCAL, IFA_ADDRESS
    )
    assert netlink.new_route(7, IPv4Network("10.1.2.0/24")) == bytes.fromhex(
        "2c000000 1800 0506 01000000 00000000"
        "02 18 00 00 fe 04 fd 01 00000000"  # rtmsg: AF_INET, /24, main table, static, link, unicast
        "0800 0100 0a010200 0800 0400 07000000"  # RTA_DST, RTA_OIF
    )


def test_route_is_taken_back_as_it_was_made() -> None:
    assert netlink.no_route(7, IPv6Network("2001:db8:1::/64")) == bytes.fromhex(
        "38000000 1900 0500 01000000 00000000"  # RTM_DELROUTE, REQUEST|ACK
        "0a 40 00 00 fe 04 00 01 00000000"
        "1400 0100 20010db8000100000000000000000000 0800 0400 07000000"
    )


@pytest.mark.parametrize(("router", "flags"), [(False, "08"), (True, "88")])
def test_proxy_is_a_neighbor_of_its_own_kind(router: bool, flags: str) -> None:
    made = netlink.new_proxy(7, ADDRESS.ip, router=router)
    assert made == bytes.fromhex(
        "30000000 1c00 0504 01000000 00000000"  # RTM_NEWNEIGH, REQUEST|ACK|CREATE
        f"0a 000000 07000000 8000 {flags} 00"  # ndmsg: AF_INET6, index 7, NUD_PERMANENT, NTF_PROXY, NTF_ROUTER
        f"1400 0100 {OCTETS}"  # NDA_DST
    )
    assert netlink.parse_proxy(made[16:]) == (7, ADDRESS.ip)
    assert netlink.no_proxy(7, ADDRESS.ip) == bytes.fromhex(
        f"30000000 1d00 0500 01000000 00000000 0a 000000 07000000 0000 08 00 1400 0100 {OCTETS}"
    )


def test_all_proxies_are_asked_for_at_once() -> None:
    assert netlink.all_proxies() == bytes.fromhex(
        "1c000000 1e00 0503 01000000 00000000 0a 000000 00000000 0000 08 00"  # RTM_GETNEIGH, REQUEST|ACK|DUMP
    )


@pytest.mark.parametrize(
    "body",
    [
        "",
        f"02 000000 07000000 8000 08 00 1400 0100 {OCTETS}",  # AF_INET
        f"0a 000000 07000000 8000 00 00 1400 0100 {OCTETS}",  # no proxy
        "0a 000000 07000000 8000 08 00 0800 0100 0a000001",  # an address of 4 octets
        "0a 000000 07000000 8000 08 00 0000 0100",  # an attribute without length
        f"0a 000000 07000000 8000 08 00 1400 0200 {OCTETS}",  # NDA_LLADDR alone
    ],
)
def test_what_is_no_proxy_is_none(body: str) -> None:
    assert netlink.parse_proxy(bytes.fromhex(body)) is None


def answer(code: int, *, kind: int = 2, sequence: int = 1) -> bytes:
    fields = ((36, 4), (kind, 2), (0, 2), (sequence, 4), (0, 4))
    header = b"".join(number.to_bytes(octets, "little") for number, octets in fields)
    return header + code.to_bytes(4, "little", signed=True) + bytes(16)


def test_answer_is_an_error_number() -> None:
    assert netlink.parse_answer(answer(0)) == 0
    assert netlink.parse_answer(answer(-errno.EPERM)) == errno.EPERM


@pytest.mark.parametrize("octets", [b"", answer(0)[:19], answer(0, kind=3), answer(0, sequence=2), answer(1)])
def test_what_is_no_answer_is_refused(octets: bytes) -> None:
    with pytest.raises(DecodeError):
        netlink.parse_answer(octets)


class Kernel:
    """Stands in for the netlink socket."""

    def __init__(self, code: int) -> None:
        self.code = code
        self.asked: list[bytes] = []
        self.limit: float | None = None
        self.closed = False

    def __call__(self, family: int, _kind: int, protocol: int) -> "Kernel":
        assert (family, protocol) == (socket.AF_NETLINK, socket.NETLINK_ROUTE)
        return self

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.closed = True

    def settimeout(self, seconds: float) -> None:
        self.limit = seconds

    def send(self, request: bytes) -> None:
        self.asked.append(request)

    def recv(self, _most: int) -> bytes:
        return answer(self.code)


@pytest.mark.parametrize("code", [0, -errno.EPERM])
def test_kernel_is_asked_once_and_for_a_limited_time(monkeypatch: pytest.MonkeyPatch, code: int) -> None:
    kernel = Kernel(code)
    monkeypatch.setattr("runtime.netlink.socket.socket", kernel)
    if code:
        with pytest.raises(PermissionError):
            netlink.ask(b"request")
    else:
        netlink.ask(b"request")
    assert kernel.asked == [b"request"]
    assert kernel.limit is not None
    assert kernel.closed


def listed(kind: int, body: bytes) -> bytes:
    fields = ((16 + len(body), 4), (kind, 2), (2, 2), (1, 4), (0, 4))
    return b"".join(number.to_bytes(octets, "little") for number, octets in fields) + body


def test_kernel_lists_in_as_many_datagrams_as_it_likes(monkeypatch: pytest.MonkeyPatch) -> None:
    kernel = Kernel(0)
    parts = iter([listed(28, b"one!") + listed(28, b"two!"), listed(28, b"last") + listed(3, bytes(4))])
    monkeypatch.setattr(kernel, "recv", lambda _most: next(parts))
    monkeypatch.setattr("runtime.netlink.socket.socket", kernel)
    assert netlink.answers_of(b"request") == [b"one!", b"two!", b"last"]
    assert kernel.closed


def test_kernel_that_lists_nothing_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("runtime.netlink.socket.socket", Kernel(-errno.EPERM))
    with pytest.raises(PermissionError):
        netlink.answers_of(b"request")
