"""What a host answers by itself."""

from dataclasses import replace
from ipaddress import IPv6Address

import pytest

from wire.errors import DecodeError
from wire.ip.icmpv6 import (
    DestinationUnreachable,
    EchoReply,
    EchoRequest,
    ParameterProblem,
    TimeExceeded,
    build_icmpv6,
    parse_icmpv6,
)
from wire.ip.ipv6 import Ipv6Packet
from wire.ip.responder import respond
from wire.ip.udp import UdpDatagram

UE, HOST = IPv6Address("2001:db8::1"), IPv6Address("2001:db8::cafe")


def packet(next_header: int, payload: bytes) -> Ipv6Packet:
    return Ipv6Packet(source=UE, destination=HOST, next_header=next_header, payload=payload)


ECHO = packet(58, build_icmpv6(EchoRequest(7, 9, b"how are you"), UE, HOST))


def test_host_answers_an_echo_request() -> None:
    answer = respond(ECHO)
    assert answer is not None
    assert (answer.source, answer.destination) == (HOST, UE)
    assert parse_icmpv6(answer.payload, HOST, UE) == EchoReply(7, 9, b"how are you")


@pytest.mark.parametrize("message", [EchoReply(1, 1, b""), TimeExceeded(0, b"")])
def test_host_keeps_silent_about_replies_and_errors(message: EchoReply | TimeExceeded) -> None:
    assert respond(packet(58, build_icmpv6(message, UE, HOST))) is None


def test_host_echoes_a_datagram_to_port_7() -> None:
    answer = respond(packet(17, UdpDatagram(40000, 7, b"hello").build(UE, HOST)))
    assert answer is not None
    assert UdpDatagram.parse(answer.payload, HOST, UE) == UdpDatagram(7, 40000, b"hello")


@pytest.mark.parametrize("port", [0, 7])
def test_host_starts_no_endless_echo(port: int) -> None:
    assert respond(packet(17, UdpDatagram(port, 7, b"hello").build(UE, HOST))) is None


def test_host_refuses_another_port() -> None:
    asked = packet(17, UdpDatagram(40000, 53, b"hello").build(UE, HOST))
    answer = respond(asked)
    assert answer is not None
    assert parse_icmpv6(answer.payload, HOST, UE) == DestinationUnreachable(4, asked.build())


def test_host_names_a_next_header_that_it_does_not_know() -> None:
    asked = packet(132, bytes(12))
    answer = respond(asked)
    assert answer is not None
    assert parse_icmpv6(answer.payload, HOST, UE) == ParameterProblem(1, 6, asked.build())


def test_host_passes_over_a_dummy_packet() -> None:
    assert respond(packet(59, b"")) is None


@pytest.mark.parametrize(("end", "address"), [("destination", "ff02::1"), ("source", "::"), ("source", "ff02::1")])
def test_host_answers_nobody_but_one(end: str, address: str) -> None:
    odd = {end: IPv6Address(address)}
    assert respond(replace(ECHO, source=odd.get("source", UE), destination=odd.get("destination", HOST))) is None


def test_host_refuses_a_wrong_checksum() -> None:
    with pytest.raises(DecodeError):
        respond(replace(ECHO, payload=ECHO.payload[:-1] + b"?"))
