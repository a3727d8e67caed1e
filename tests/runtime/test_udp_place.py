"""Places of datagrams, as the kernel says them and takes them."""

import socket
from ipaddress import IPv4Address, IPv6Address, ip_address

import pytest

from runtime.udp_place import CONTROL_OCTETS, address_of, ask_for_place, came_to, place_of

pytestmark = pytest.mark.stack


@pytest.mark.parametrize(("everywhere", "asked"), [("0.0.0.0", "127.71.3.9"), ("::", "::1")])
def test_place_is_the_address_that_was_asked(everywhere: str, asked: str) -> None:
    family = socket.AF_INET6 if ":" in asked else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as server, socket.socket(family, socket.SOCK_DGRAM) as client:
        server.bind((everywhere, 0))
        server.settimeout(5)
        client.settimeout(5)
        assert ask_for_place(server)
        client.sendto(b"asks", (asked, server.getsockname()[1]))
        _, control, _, peer = server.recvmsg(64, CONTROL_OCTETS)
        place = came_to(control)
        assert (address_of(place), place) == (asked, place_of(ip_address(asked)))
        server.sendmsg((b"answers",), place, 0, peer)
        assert client.recvfrom(64)[1][0] == asked


def test_socket_of_one_address_tells_no_place() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.71.3.1", 0))
        assert not ask_for_place(server)


def test_other_control_data_is_no_place() -> None:
    assert came_to([(17, 104, b"\x10\x00\x00\x00")]) == ()
    assert address_of(()) is None


def test_an_answer_leaves_by_the_route_but_for_a_link_local_address() -> None:
    def arrived(address: str) -> tuple[int, int, bytes]:
        return (socket.IPPROTO_IPV6, socket.IPV6_PKTINFO, IPv6Address(address).packed + b"\x07\0\0\0")

    ((_, _, wide),), ((_, _, local),) = came_to([arrived("2001:db8::1")]), came_to([arrived("fe80::1")])
    assert (wide[16:], local[16:]) == (bytes(4), b"\x07\0\0\0")


@pytest.mark.parametrize("address", [IPv4Address("0.0.0.0"), IPv6Address("::")])
def test_unspecified_address_is_left_to_the_route(address: IPv4Address | IPv6Address) -> None:
    assert place_of(address) == ()
