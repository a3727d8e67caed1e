"""What comes to the home agent's own address, and what goes from it."""

from ipaddress import IPv4Address, IPv6Address

import pytest

from pdngw_proxy.gateway_events import (
    Channel,
    DatagramArrived,
    DeliverHome,
    DeliverTrain,
    GatewayEffect,
    Send,
    SendTrain,
)
from pdngw_proxy.ipv6_transport import Ipv6Transport
from tests.wire.mip6.vectors import named
from wire.ikev2.nat import Endpoint
from wire.ip.fragments import PROTO_FRAGMENT, fragments
from wire.ip.icmpv6 import EchoRequest, PacketTooBig, build_icmpv6
from wire.ip.ipv6 import PROTO_ESP, PROTO_ICMPV6, PROTO_UDP, Ipv6Packet
from wire.ip.reassembly import Reassembly
from wire.ip.udp import UdpDatagram

AGENT, AWAY = IPv6Address("2001:db8:aaaa::1"), IPv6Address("2001:db8:bbbb::77")
TRANSPORT = Ipv6Transport(ha_address=AGENT, ports=frozenset({500, 4500}), random=lambda count: b"\x07" * count)
NATT, PEER = Endpoint(AGENT, 4500), Endpoint(AWAY, 40000)


def packet(next_header: int, payload: bytes, destination: IPv6Address = AGENT) -> bytes:
    return Ipv6Packet(source=AWAY, destination=destination, next_header=next_header, payload=payload).build()


def udp(port: int, payload: bytes = b"octets") -> bytes:
    return packet(PROTO_UDP, UdpDatagram(40000, port, payload).build(AWAY, AGENT))


@pytest.mark.parametrize("port", [500, 4500])
def test_udp_of_ike_is_a_datagram(port: int) -> None:
    assert TRANSPORT.read(udp(port), 0.0) == DatagramArrived(Channel.IKE, b"octets", PEER, Endpoint(AGENT, port))


def test_esp_is_one_whose_source_has_no_port() -> None:
    arrived = TRANSPORT.read(packet(PROTO_ESP, b"\x00\x00\x10\x01esp"), 0.0)
    assert arrived == DatagramArrived(Channel.IKE, b"\x00\x00\x10\x01esp", Endpoint(AWAY, 0), Endpoint(AGENT, 0))


def test_binding_update_of_the_mobile_ipv6_set_is_a_whole_packet() -> None:
    octets = named("bu_ipv6_coa").packet
    arrived = TRANSPORT.read(octets, 0.0)
    assert isinstance(arrived, DatagramArrived)
    assert (arrived.channel, arrived.octets, arrived.source) == (Channel.DSMIP, octets, Endpoint(AWAY, 0))


@pytest.mark.parametrize(
    "octets",
    [
        b"",
        udp(53),
        udp(4500)[:-1] + b"?",
        packet(PROTO_ICMPV6, build_icmpv6(EchoRequest(1, 2, b""), AWAY, AGENT)),
        packet(PROTO_ESP, b"esp", IPv6Address("2001:db8:aaaa::2")),
    ],
    ids=["nothing", "another port", "broken", "echo", "another address"],
)
def test_everything_else_is_left_to_the_home_network(octets: bytes) -> None:
    assert TRANSPORT.read(octets, 0.0) == octets


def one(send: Send) -> Ipv6Packet:
    (effect,) = TRANSPORT.packets(send, 0.0)
    assert isinstance(effect, DeliverHome)
    return Ipv6Packet.parse(effect.octets)


def test_datagram_leaves_as_a_packet() -> None:
    sent = one(Send(Channel.IKE, b"\x00\x00\x00\x00ike", NATT, PEER))
    assert (sent.source, sent.destination) == (AGENT, AWAY)
    assert UdpDatagram.parse(sent.payload, AGENT, AWAY) == UdpDatagram(4500, 40000, b"\x00\x00\x00\x00ike")


def test_long_ike_message_leaves_in_pieces_that_any_path_carries() -> None:
    effects = TRANSPORT.packets(Send(Channel.IKE, bytes(4) + b"certificate" * 300, NATT, PEER), 0.0)
    pieces = [Ipv6Packet.parse(effect.octets) for effect in effects]
    assert [piece.next_header for piece in pieces] == [PROTO_FRAGMENT] * 3
    assert all(len(effect.octets) <= 1280 for effect in effects)
    assert {piece.payload[4:8] for piece in pieces} == {b"\x07\x07\x07\x07"}


def test_esp_in_udp_is_not_cut_where_nothing_is_known_of_the_path() -> None:
    sent = one(Send(Channel.IKE, b"\x00\x00\x10\x01" + bytes(1396), NATT, PEER))
    assert len(sent.payload) == 1408


def test_esp_for_a_peer_without_port_goes_without_udp() -> None:
    sent = one(Send(Channel.IKE, b"\x00\x00\x10\x01esp", Endpoint(AGENT, 0), Endpoint(AWAY, 0)))
    assert (sent.next_header, sent.payload) == (PROTO_ESP, b"\x00\x00\x10\x01esp")


def test_what_is_a_packet_already_goes_as_it_is() -> None:
    effects = TRANSPORT.packets(Send(Channel.DSMIP, b"whole", Endpoint(AGENT, 0), Endpoint(AWAY, 0)), 0.0)
    assert effects == [DeliverHome(b"whole")]


def test_nothing_goes_from_ipv6_to_ipv4() -> None:
    assert TRANSPORT.packets(Send(Channel.IKE, b"x", NATT, Endpoint(IPv4Address("192.0.2.1"), 4500)), 0.0) == []


def test_packet_in_pieces_is_read_when_it_is_whole() -> None:
    transport = Ipv6Transport(ha_address=AGENT, ports=frozenset({4500}), random=bytes)
    datagram = UdpDatagram(40000, 4500, bytes(4) + b"certificate" * 300).build(AWAY, AGENT)
    long = Ipv6Packet(source=AWAY, destination=AGENT, next_header=PROTO_UDP, payload=datagram)
    first, second, third = (piece.build() for piece in fragments(long, 1280, 9))
    assert transport.read(third, 0.0) is transport.read(first, 0.0) is None
    arrived = transport.read(second, 0.0)
    assert isinstance(arrived, DatagramArrived)
    assert arrived.octets == bytes(4) + b"certificate" * 300


def test_pieces_in_pieces_are_opened_once() -> None:
    # a stranger can nest as many as a packet has room for (RFC 6946 §4)
    only_piece = bytes((PROTO_FRAGMENT, 0, 0, 0)) + bytes(4)
    octets = packet(PROTO_FRAGMENT, only_piece * 8000)
    assert TRANSPORT.read(octets, 0.0) == packet(PROTO_FRAGMENT, only_piece * 7999)


def test_pieces_for_others_go_on_as_they_are() -> None:
    # a router puts nothing together (RFC 8200 §4.5)
    octets = packet(PROTO_FRAGMENT, bytes((PROTO_UDP, 0)) + b"\x00\x01" + bytes(12), IPv6Address("2001:db8:aaaa::2"))
    assert TRANSPORT.read(octets, 0.0) == octets


def too_big(mtu: int, destination: IPv6Address = AWAY, source: IPv6Address = AGENT, protocol: int = PROTO_UDP) -> bytes:
    """What a router says of a packet of ours."""
    sent = Ipv6Packet(source=source, destination=destination, next_header=protocol, payload=bytes(1400))
    return packet(PROTO_ICMPV6, build_icmpv6(PacketTooBig(mtu, sent.build()), AWAY, AGENT))


@pytest.mark.parametrize("peer", [PEER, Endpoint(AWAY, 0)], ids=["ESP in UDP", "ESP"])
def test_esp_is_cut_for_a_path_that_is_narrow(peer: Endpoint) -> None:
    # RFC 8201, RFC 4303 §3.3.4
    transport = Ipv6Transport(ha_address=AGENT, ports=frozenset({4500}), random=bytes)
    send = Send(Channel.IKE, b"\x00\x00\x10\x01" + bytes(1396), Endpoint(AGENT, peer.port and 4500), peer)
    assert len(transport.packets(send, 0.0)) == 1
    transport.read(too_big(1400), 0.0)
    pieces = [effect.octets for effect in transport.packets(send, 1.0)]
    assert [len(piece) <= 1400 for piece in pieces] == [True, True]
    there = Reassembly()
    found = [there.add(Ipv6Packet.parse(piece), 1.0) for piece in pieces]
    assert found[-1] is not None
    assert found[-1].payload[-1396:] == bytes(1396)
    assert len(transport.packets(send, 601.0)) == 1


@pytest.mark.parametrize(
    "octets",
    [
        too_big(1400, IPv6Address("2001:db8:cccc::1")),
        too_big(1400, source=AWAY),
        too_big(1400, protocol=PROTO_ICMPV6),
        too_big(600),
        packet(PROTO_ICMPV6, build_icmpv6(PacketTooBig(1400, b"cut"), AWAY, AGENT)),
        too_big(1400)[:-1] + b"?",
    ],
    ids=["of another path", "not ours", "neither ESP nor UDP", "too narrow", "cut", "broken"],
)
def test_path_is_not_believed_to_be_narrow_for_anything_else(octets: bytes) -> None:
    transport = Ipv6Transport(ha_address=AGENT, ports=frozenset({4500}), random=bytes)
    transport.read(octets, 0.0)
    send = Send(Channel.IKE, b"\x00\x00\x10\x01" + bytes(1396), NATT, PEER)
    assert len(transport.packets(send, 0.0)) == 1


def test_train_leaves_as_packets_that_stay_together() -> None:
    there = PEER
    esp = (bytes((1, 2, 3, 4)) + bytes(60), bytes((1, 2, 3, 4)) + bytes(1400))
    (train,) = TRANSPORT.on_their_way([SendTrain(esp, Endpoint(AGENT, 4500), there)], 0.0)
    assert isinstance(train, DeliverTrain)
    alone = [TRANSPORT.packets(Send(Channel.IKE, octets, Endpoint(AGENT, 4500), there), 0.0) for octets in esp]
    assert [DeliverHome(octets) for octets in train.packets] == [packet for (packet,) in alone]


def test_what_leaves_from_another_address_is_left_alone() -> None:
    other = Endpoint(IPv4Address("192.0.2.4"), 4500)
    effects: list[GatewayEffect] = [
        SendTrain((b"x",), other, other),
        Send(Channel.IKE, b"x", other, other),
        DeliverHome(b"x"),
    ]
    assert list(TRANSPORT.on_their_way(effects, 0.0)) == effects
