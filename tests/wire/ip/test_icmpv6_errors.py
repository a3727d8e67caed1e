"""When an ICMPv6 error may be sent (RFC 4443 §2.4 e)."""

from dataclasses import replace
from ipaddress import IPv4Address, IPv6Address

import pytest

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
    UnknownIcmpv6,
    build_icmpv6,
    parse_icmpv6,
)
from wire.ip.icmpv6_errors import error_about
from wire.ip.ipv4 import Ipv4Packet
from wire.ip.ipv6 import Ipv6Packet

UE, HOST, ROUTER = (IPv6Address(f"2001:db8::{end}") for end in (1, 2, 3))
UNREACHABLE = DestinationUnreachable(0, b"")


def packet_with(message: Icmpv6Message) -> Ipv6Packet:
    return Ipv6Packet(source=UE, destination=HOST, next_header=58, payload=build_icmpv6(message, UE, HOST))


ECHO = packet_with(EchoRequest(1, 1, b""))


def test_error_goes_from_the_router_to_the_sender() -> None:
    answer = error_about(ECHO, TimeExceeded(0, ECHO.build()), ROUTER)
    assert isinstance(answer, Ipv6Packet)
    assert (answer.source, answer.destination, answer.next_header) == (ROUTER, UE, 58)
    assert parse_icmpv6(answer.payload, ROUTER, UE) == TimeExceeded(0, ECHO.build())


@pytest.mark.parametrize("message", [TimeExceeded(0, b""), DestinationUnreachable(1, b""), UnknownIcmpv6(137, 0, b"")])
def test_error_never_answers_an_error_or_a_redirect(message: Icmpv6Message) -> None:
    assert error_about(packet_with(message), UNREACHABLE, ROUTER) is None


def test_error_answers_an_echo_reply_and_other_protocols() -> None:
    assert error_about(packet_with(EchoReply(1, 1, b"")), UNREACHABLE, ROUTER) is not None
    assert error_about(replace(ECHO, next_header=17), UNREACHABLE, ROUTER) is not None
    assert error_about(replace(ECHO, payload=b""), UNREACHABLE, ROUTER) is not None


@pytest.mark.parametrize("source", ["::", "ff02::1"])
def test_error_never_goes_to_an_address_of_nobody(source: str) -> None:
    assert error_about(replace(ECHO, source=IPv6Address(source)), UNREACHABLE, ROUTER) is None


@pytest.mark.parametrize(
    ("error", "allowed"),
    [
        (UNREACHABLE, False),
        (ParameterProblem(1, 6, b""), False),
        (ParameterProblem(2, 42, b""), True),
        (PacketTooBig(1280, b""), True),
    ],
)
def test_multicast_packets_are_answered_by_two_errors_alone(error: Icmpv6Error, allowed: bool) -> None:
    packet = replace(ECHO, destination=IPv6Address("ff02::1"))
    assert (error_about(packet, error, ROUTER) is not None) is allowed


UE4, HOST4, ROUTER4 = (IPv4Address(f"10.1.2.{end}") for end in (10, 254, 1))


def packet4_with(message: Icmpv6Message, **changes: object) -> Ipv4Packet:
    whole = Ipv4Packet(source=UE4, destination=HOST4, protocol=1, payload=build_icmpv4(message))
    return replace(whole, **changes)  # type: ignore[arg-type]


def test_error_about_an_ipv4_packet_is_icmp() -> None:
    echo = packet4_with(EchoRequest(1, 1, b""))
    answer = error_about(echo, TimeExceeded(0, echo.build()), ROUTER4)
    assert isinstance(answer, Ipv4Packet)
    assert (answer.source, answer.destination, answer.protocol) == (ROUTER4, UE4, 1)
    assert parse_icmpv4(answer.payload) == TimeExceeded(0, echo.build())


@pytest.mark.parametrize(
    "packet",
    [
        packet4_with(TimeExceeded(0, b"")),
        packet4_with(EchoRequest(1, 1, b""), fragment_offset=1),
        packet4_with(EchoRequest(1, 1, b""), destination=IPv4Address("224.0.0.1")),
        packet4_with(EchoRequest(1, 1, b""), source=IPv4Address(0)),
    ],
    ids=["error", "later fragment", "multicast", "no source"],
)
def test_error_is_not_sent_over_ipv4_either(packet: Ipv4Packet) -> None:
    # RFC 1122 §3.2.2
    assert error_about(packet, PacketTooBig(1400, b""), ROUTER4) is None
