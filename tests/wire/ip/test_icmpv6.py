"""ICMPv6 messages: round trip, checksum, quotation limit, and the discovery messages of the Mobile IPv6 set."""

from ipaddress import IPv6Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.wire.mip6.vectors import named
from wire.errors import DecodeError
from wire.ip.icmpv6 import (
    DestinationUnreachable,
    EchoReply,
    EchoRequest,
    Icmpv6Message,
    PacketTooBig,
    ParameterProblem,
    TimeExceeded,
    UnknownIcmpv6,
    build_icmpv6,
    parse_icmpv6,
)
from wire.ip.ipv6 import Ipv6Packet

ENDS = IPv6Address("2001:db8::1"), IPv6Address("2001:db8::2")
U8, U16, U32 = st.integers(0, 255), st.integers(0, 65535), st.integers(0, 2**32 - 1)
DATA = st.binary(max_size=80)
MESSAGE = st.one_of(
    st.builds(EchoRequest, U16, U16, DATA),
    st.builds(EchoReply, U16, U16, DATA),
    st.builds(DestinationUnreachable, U8, DATA),
    st.builds(PacketTooBig, U32, DATA),
    st.builds(TimeExceeded, U8, DATA),
    st.builds(ParameterProblem, U8, U32, DATA),
    st.builds(UnknownIcmpv6, st.integers(130, 255), U8, DATA),
)


@given(MESSAGE)
def test_message_survives_a_round_trip(message: Icmpv6Message) -> None:
    assert parse_icmpv6(build_icmpv6(message, *ENDS), *ENDS) == message


@pytest.mark.parametrize(("name", "kind"), [("dhaad_request", 144), ("dhaad_reply", 145)])
def test_home_agent_discovery_of_the_mobile_ipv6_set_is_kept_octet_by_octet(name: str, kind: int) -> None:
    packet = Ipv6Packet.parse(named(name).packet)
    message = parse_icmpv6(packet.payload, packet.source, packet.destination)
    assert isinstance(message, UnknownIcmpv6)
    assert message.kind == kind
    assert build_icmpv6(message, packet.source, packet.destination) == packet.payload


def test_error_quotes_no_more_than_the_minimum_mtu() -> None:
    octets = build_icmpv6(TimeExceeded(0, bytes(3000)), *ENDS)
    assert 40 + len(octets) == 1280


@pytest.mark.parametrize(("octets", "offset"), [(b"", 0), (b"\x80\x00\x00", 2), (bytes(8), 2)])
def test_parser_says_where_a_message_is_wrong(octets: bytes, offset: int) -> None:
    with pytest.raises(DecodeError) as caught:
        parse_icmpv6(octets, *ENDS)
    assert caught.value.offset == offset


def test_parser_refuses_an_echo_request_without_sequence() -> None:
    short = build_icmpv6(UnknownIcmpv6(128, 0, b"\x00\x01"), *ENDS)
    with pytest.raises(DecodeError) as caught:
        parse_icmpv6(short, *ENDS)
    assert caught.value.offset == 6


def test_parser_refuses_a_message_for_other_addresses() -> None:
    octets = build_icmpv6(EchoRequest(1, 2, b"data"), *ENDS)
    with pytest.raises(DecodeError, match="checksum"):
        parse_icmpv6(octets, ENDS[0], IPv6Address("2001:db8::3"))
