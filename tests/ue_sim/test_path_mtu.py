"""A router's word about the path counts when it is about what we have sent."""

from ipaddress import IPv6Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ue_sim.path_mtu import pieces, told_mtu
from wire.ikev2.nat import Endpoint
from wire.ip.icmpv6 import EchoRequest, Icmpv6Message, PacketTooBig, TimeExceeded, build_icmpv6
from wire.ip.ipv6 import PROTO_ICMPV6, PROTO_UDP, Ipv6Packet
from wire.ip.reassembly import Reassembly
from wire.ip.udp import UdpDatagram

CARE_OF, ROUTER, GATEWAY = (IPv6Address(text) for text in ("2001:db8:b::77", "2001:db8:b::1", "2001:db8:7::1"))
OTHER = IPv6Address("2001:db8:b::78")


def sent(source: IPv6Address = CARE_OF, port: int = 4500, next_header: int = PROTO_UDP) -> bytes:
    payload = UdpDatagram(port, 4500, bytes(1400)).build(source, GATEWAY)
    return Ipv6Packet(source=source, destination=GATEWAY, next_header=next_header, payload=payload).build()


def said(message: Icmpv6Message, destination: IPv6Address = CARE_OF) -> bytes:
    payload = build_icmpv6(message, ROUTER, destination)
    return Ipv6Packet(source=ROUTER, destination=destination, next_header=PROTO_ICMPV6, payload=payload).build()


@pytest.mark.parametrize(("named", "taken"), [(1300, 1300), (1280, 1280), (600, 1280), (9000, 9000)])
def test_a_router_names_what_the_path_carries(named: int, taken: int) -> None:
    # below the minimum that every path has there is nothing to obey (RFC 8201 §4)
    assert told_mtu(said(PacketTooBig(named, sent())), CARE_OF, 4500) == taken


@pytest.mark.parametrize(
    "octets",
    [
        b"",
        sent(),
        said(PacketTooBig(1300, sent()), OTHER),
        said(PacketTooBig(1300, sent(OTHER))),
        said(PacketTooBig(1300, sent(port=4501))),
        said(PacketTooBig(1300, sent(next_header=PROTO_ICMPV6))),
        said(PacketTooBig(1300, sent()[:41])),
        said(TimeExceeded(0, sent())),
        said(EchoRequest(1, 1, b"")),
        said(PacketTooBig(1300, sent()))[:-1] + b"?",
    ],
)
def test_any_other_packet_says_nothing(octets: bytes) -> None:
    assert told_mtu(octets, CARE_OF, 4500) is None


@given(st.binary(max_size=100))
def test_no_octets_break_it(octets: bytes) -> None:
    assert told_mtu(said(PacketTooBig(1300, sent()))[:44] + octets, CARE_OF, 4500) is None


def test_what_is_too_large_goes_in_pieces_that_make_it_whole_again() -> None:
    datagram, reassembly = bytes(range(256)) * 6, Reassembly()
    cut = pieces(datagram, Endpoint(CARE_OF, 4500), Endpoint(GATEWAY, 4501), 1300, 7)
    assert [len(piece) <= 1300 for piece in cut] == [True, True]
    first, last = (reassembly.add(Ipv6Packet.parse(piece), 1.0) for piece in cut)
    assert first is None
    assert last is not None
    assert (last.source, last.destination) == (CARE_OF, GATEWAY)
    assert UdpDatagram.parse(last.payload, CARE_OF, GATEWAY) == UdpDatagram(4500, 4501, datagram)


@pytest.mark.parametrize(("octets", "count"), [(1252, 0), (1253, 2)])
def test_what_fits_is_left_to_the_socket(octets: int, count: int) -> None:
    # 1300 less the headers of IPv6 and UDP
    assert len(pieces(bytes(octets), Endpoint(CARE_OF, 4500), Endpoint(GATEWAY, 4500), 1300, 7)) == count
