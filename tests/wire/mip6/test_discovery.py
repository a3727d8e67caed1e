"""Questions and answers about home agents and prefixes, against the Mobile IPv6 set."""

from ipaddress import IPv6Address, IPv6Network

import pytest

from tests.wire.mip6.vectors import named
from wire.errors import DecodeError, EncodeError
from wire.ip.icmpv6 import UnknownIcmpv6, build_icmpv6, parse_icmpv6
from wire.ip.ipv6 import Ipv6Packet
from wire.mip6.discovery import (
    AgentReply,
    AgentRequest,
    HomePrefix,
    PrefixAdvertisement,
    PrefixSolicitation,
    home_agents_of,
    parse_answer,
    parse_question,
)

AGENT = IPv6Address("2001:db8:aaaa::1")


@pytest.mark.parametrize(
    ("name", "message"), [("dhaad_request", AgentRequest(0x55AA)), ("dhaad_reply", AgentReply(0x55AA, (AGENT,)))]
)
def test_messages_of_the_mobile_ipv6_set_are_rebuilt(name: str, message: AgentRequest | AgentReply) -> None:
    packet = Ipv6Packet.parse(named(name).packet)
    assert build_icmpv6(message.build(), packet.source, packet.destination) == packet.payload


def test_request_of_the_mobile_ipv6_set_is_read_and_goes_to_the_anycast_address() -> None:
    packet = Ipv6Packet.parse(named("dhaad_request").packet)
    message = parse_icmpv6(packet.payload, packet.source, packet.destination)
    assert isinstance(message, UnknownIcmpv6)
    assert parse_question(message) == AgentRequest(0x55AA)
    assert packet.destination == home_agents_of(IPv6Network("2001:db8:aaaa::/64"))


@pytest.mark.parametrize(
    ("prefix", "address"),
    [
        ("2001:db8::/64", "2001:db8::fdff:ffff:ffff:fffe"),
        ("2001:db8::/112", "2001:db8::fffe"),
        ("2001:db8::/120", "2001:db8::fe"),
    ],
)
def test_anycast_address_is_the_126th_from_the_top(prefix: str, address: str) -> None:
    # RFC 2526 §2, §4
    assert home_agents_of(IPv6Network(prefix)) == IPv6Address(address)


def test_prefix_without_room_has_none() -> None:
    with pytest.raises(EncodeError, match="no room"):
        home_agents_of(IPv6Network("2001:db8::/121"))


def test_solicitation_is_read_and_its_answer_built() -> None:
    assert parse_question(PrefixSolicitation(7).build()) == PrefixSolicitation(7)
    answer = PrefixAdvertisement(7, (HomePrefix(IPv6Network("2001:db8:1::/64"), 7200, 3600),)).build()
    assert (answer.kind, answer.code) == (147, 0)
    assert answer.body.hex() == "00070000030440c000001c2000000e100000000020010db8000100000000000000000000"


@pytest.mark.parametrize(
    "message", [UnknownIcmpv6(145, 0, bytes(4)), UnknownIcmpv6(144, 1, bytes(4)), UnknownIcmpv6(135, 0, b"")]
)
def test_other_messages_are_no_question(message: UnknownIcmpv6) -> None:
    assert parse_question(message) is None


def test_question_that_is_cut_short_is_broken() -> None:
    with pytest.raises(DecodeError):
        parse_question(UnknownIcmpv6(144, 0, b"\x01"))


def test_reply_of_the_mobile_ipv6_set_is_read() -> None:
    packet = Ipv6Packet.parse(named("dhaad_reply").packet)
    message = parse_icmpv6(packet.payload, packet.source, packet.destination)
    assert isinstance(message, UnknownIcmpv6)
    assert parse_answer(message) == AgentReply(0x55AA, (AGENT,))


def test_advertisement_is_read_with_all_its_prefixes_and_no_other_option() -> None:
    # RFC 4861 §4.6.1: a link-layer address; RFC 6275 §7.2: a router's whole address under R
    advertised = PrefixAdvertisement(
        7, (HomePrefix(IPv6Network("2001:db8:1::/64"), 7200, 3600), HomePrefix(IPv6Network("2001:db8:2::/64"), 60, 0))
    ).build()
    whole = advertised.body[:-1] + b"\x01"
    seen = parse_answer(UnknownIcmpv6(147, 0, whole[:4] + b"\x01\x01" + bytes(6) + whole[4:]))
    assert isinstance(seen, PrefixAdvertisement)
    assert seen.build() == advertised


@pytest.mark.parametrize(
    "message",
    [
        UnknownIcmpv6(145, 0, bytes(5)),
        UnknownIcmpv6(147, 0, bytes(4) + b"\x03\x00" + bytes(6)),
        UnknownIcmpv6(147, 0, bytes(4) + b"\x03\x04" + bytes(6)),
        UnknownIcmpv6(147, 0, bytes(4) + b"\x03\x04\x81" + bytes(29)),
    ],
)
def test_answer_that_cannot_be_is_broken(message: UnknownIcmpv6) -> None:
    with pytest.raises(DecodeError):
        parse_answer(message)


@pytest.mark.parametrize("message", [UnknownIcmpv6(144, 0, bytes(4)), UnknownIcmpv6(145, 1, bytes(4))])
def test_other_messages_are_no_answer(message: UnknownIcmpv6) -> None:
    assert parse_answer(message) is None
