"""The UE's stack on its Home Address."""

from dataclasses import replace
from ipaddress import IPv4Address, IPv6Address

import pytest

from ue_sim.stack import DatagramArrived, Discard, EchoAnswered, EchoFailed, SendPacket, Stack
from wire.errors import EncodeError
from wire.ip.icmpv4 import build_icmpv4, parse_icmpv4
from wire.ip.icmpv6 import (
    DestinationUnreachable,
    EchoReply,
    EchoRequest,
    Icmpv6Error,
    Icmpv6Message,
    PacketTooBig,
    ParameterProblem,
    TimeExceeded,
    build_icmpv6,
    parse_icmpv6,
)
from wire.ip.ipv6 import Ipv6Packet
from wire.ip.packet import packet_between, parse_packet, protocol_of
from wire.ip.responder import respond
from wire.ip.udp import UdpDatagram

UE, HOST, ROUTER = (IPv6Address(f"2001:db8:1::{end}") for end in ("100", "cafe", "1"))
STACK = Stack(UE, frozenset({5000}))


def icmpv6(message: Icmpv6Message, source: IPv6Address = HOST) -> bytes:
    payload = build_icmpv6(message, source, UE)
    return Ipv6Packet(source=source, destination=UE, next_header=58, payload=payload).build()


def udp(datagram: UdpDatagram) -> bytes:
    payload = datagram.build(HOST, UE)
    return Ipv6Packet(source=HOST, destination=UE, next_header=17, payload=payload).build()


def test_echo_request_is_answered_by_any_host() -> None:
    request = Ipv6Packet.parse(STACK.echo_request(HOST, 7, 9, b"data"))
    assert (request.source, request.destination) == (UE, HOST)
    answer = respond(request)
    assert answer is not None
    assert STACK.receive(answer.build()) == [EchoAnswered(HOST, 7, 9, b"data")]


def test_datagram_is_answered_by_the_echo_service() -> None:
    answer = respond(Ipv6Packet.parse(STACK.datagram(HOST, 5000, 7, b"hello")))
    assert answer is not None
    assert STACK.receive(answer.build()) == [DatagramArrived(HOST, 7, 5000, b"hello")]


def test_stack_answers_an_echo_request() -> None:
    (effect,) = STACK.receive(icmpv6(EchoRequest(1, 2, b"who")))
    assert isinstance(effect, SendPacket)
    answer = Ipv6Packet.parse(effect.octets)
    assert parse_icmpv6(answer.payload, UE, HOST) == EchoReply(1, 2, b"who")


def test_stack_has_the_echo_service() -> None:
    (effect,) = STACK.receive(udp(UdpDatagram(6000, 7, b"hello")))
    assert isinstance(effect, SendPacket)
    assert UdpDatagram.parse(Ipv6Packet.parse(effect.octets).payload, UE, HOST) == UdpDatagram(7, 6000, b"hello")


def test_closed_port_is_told() -> None:
    sent = udp(UdpDatagram(6000, 5001, b"hello"))
    (effect,) = STACK.receive(sent)
    assert isinstance(effect, SendPacket)
    assert parse_icmpv6(Ipv6Packet.parse(effect.octets).payload, UE, HOST) == DestinationUnreachable(4, sent)


@pytest.mark.parametrize(
    ("error", "cause"),
    [
        (DestinationUnreachable(3, STACK.echo_request(HOST, 7, 9, b"")), "destination unreachable, code 3"),
        (TimeExceeded(0, STACK.echo_request(HOST, 7, 9, b"")), "time exceeded, code 0"),
        (PacketTooBig(1400, STACK.echo_request(HOST, 7, 9, bytes(1400))), "packet too big, the MTU is 1400"),
        (ParameterProblem(1, 6, STACK.echo_request(HOST, 7, 9, b"")), "parameter problem 1 at octet 6"),
    ],
)
def test_error_about_our_echo_request_names_it(error: Icmpv6Error, cause: str) -> None:
    assert STACK.receive(icmpv6(error, ROUTER)) == [EchoFailed(7, 9, f"{ROUTER} says: {cause}")]


@pytest.mark.parametrize(
    "invoking",
    [
        b"",
        STACK.datagram(HOST, 5000, 7, b"hello"),
        Stack(HOST).echo_request(UE, 1, 1, b""),
        icmpv6(EchoReply(1, 1, b"")),
    ],
)
def test_error_about_something_else_is_discarded(invoking: bytes) -> None:
    (effect,) = STACK.receive(icmpv6(TimeExceeded(0, invoking), ROUTER))
    assert effect == Discard(f"{ROUTER} says: time exceeded, code 0")


def test_dummy_packet_is_passed_over() -> None:
    assert STACK.receive(Ipv6Packet(source=HOST, destination=UE, next_header=59, payload=b"").build()) == []


@pytest.mark.parametrize(
    ("octets", "cause"),
    [
        (b"", "malformed"),
        (icmpv6(EchoReply(1, 2, b"data"))[:-1] + b"?", "malformed"),
        (STACK.echo_request(HOST, 1, 1, b""), "which is not our Home Address"),
    ],
)
def test_stack_discards_what_is_not_for_it(octets: bytes, cause: str) -> None:
    (effect,) = STACK.receive(octets)
    assert isinstance(effect, Discard)
    assert cause in effect.cause


# IPv4 Home Addresses (RFC 5555 §4.5)

UE4, HOST4 = IPv4Address("10.1.2.10"), IPv4Address("10.1.2.254")
BOTH = Stack(UE, frozenset({5000}), UE4)


def test_ipv4_echo_request_is_answered_by_any_host() -> None:
    request = parse_packet(BOTH.echo_request(HOST4, 7, 9, b"data"))
    assert (request.source, request.destination, protocol_of(request)) == (UE4, HOST4, 1)
    answer = respond(request)
    assert answer is not None
    assert BOTH.receive(answer.build()) == [EchoAnswered(HOST4, 7, 9, b"data")]


def test_stack_answers_an_ipv4_echo_request() -> None:
    (effect,) = BOTH.receive(packet_between(HOST4, UE4, 1, build_icmpv4(EchoRequest(1, 2, b"who"))).build())
    assert isinstance(effect, SendPacket)
    answer = parse_packet(effect.octets)
    assert (answer.source, answer.destination) == (UE4, HOST4)
    assert parse_icmpv4(answer.payload) == EchoReply(1, 2, b"who")


@pytest.mark.parametrize(
    "error",
    [DestinationUnreachable(3, b""), TimeExceeded(0, b""), PacketTooBig(1400, b"")],
    ids=lambda error: type(error).__name__,
)
def test_icmp_error_about_an_echo_request_names_it(error: DestinationUnreachable | TimeExceeded | PacketTooBig) -> None:
    invoking = BOTH.echo_request(HOST4, 7, 9, b"data")
    octets = packet_between(HOST4, UE4, 1, build_icmpv4(replace(error, invoking=invoking))).build()
    (effect,) = BOTH.receive(octets)
    assert isinstance(effect, EchoFailed)
    assert (effect.identifier, effect.sequence) == (7, 9)
    foreign = build_icmpv4(replace(error, invoking=parse_packet(invoking).build()[:12] + bytes(8) + invoking[20:]))
    assert isinstance(BOTH.receive(packet_between(HOST4, UE4, 1, foreign).build())[0], Discard)


def test_stack_without_an_ipv4_home_address_has_nothing_to_ping_from() -> None:
    with pytest.raises(EncodeError, match="no packet goes"):
        STACK.echo_request(HOST4, 7, 9, b"data")
    (effect,) = STACK.receive(packet_between(HOST4, UE4, 1, build_icmpv4(EchoRequest(1, 2, b""))).build())
    assert isinstance(effect, Discard)
