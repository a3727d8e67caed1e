"""ICMP in the words of ICMPv6: against an echo request of Linux, and the table of RFC 7915 §5.2."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.wire.ip.test_ipv4 import LINUX
from wire.errors import DecodeError
from wire.ip.checksum import internet_checksum
from wire.ip.icmpv4 import build_icmpv4, parse_icmpv4
from wire.ip.icmpv6 import (
    DestinationUnreachable,
    EchoReply,
    EchoRequest,
    Icmpv6Message,
    PacketTooBig,
    ParameterProblem,
    TimeExceeded,
    UnknownIcmpv6,
)

U16 = st.integers(0, 65535)
QUOTED = st.binary(max_size=548)
MESSAGE = st.one_of(
    st.builds(EchoRequest, U16, U16, st.binary(max_size=64)),
    st.builds(EchoReply, U16, U16, st.binary(max_size=64)),
    st.builds(DestinationUnreachable, st.sampled_from([0, 1, 3, 4]), QUOTED),
    st.builds(PacketTooBig, U16, QUOTED),
    st.builds(TimeExceeded, st.integers(0, 1), QUOTED),
    st.builds(ParameterProblem, st.just(1), st.just(9), QUOTED),
    st.builds(UnknownIcmpv6, st.integers(13, 255), st.integers(0, 255), st.binary(max_size=40)),
)


@given(MESSAGE)
def test_message_survives_a_round_trip(message: Icmpv6Message) -> None:
    octets = build_icmpv4(message)
    assert internet_checksum(octets) == 0
    assert parse_icmpv4(octets) == message


def test_echo_request_of_linux_is_read_and_rebuilt() -> None:
    message = parse_icmpv4(LINUX[20:])
    assert isinstance(message, EchoRequest)
    assert (message.identifier, message.sequence, len(message.data)) == (0x0172, 1, 56)
    assert build_icmpv4(message) == LINUX[20:]


@pytest.mark.parametrize(
    ("message", "kind", "code"),
    [
        (DestinationUnreachable(0, b""), 3, 0),
        (DestinationUnreachable(1, b""), 3, 13),
        (DestinationUnreachable(3, b""), 3, 1),
        (DestinationUnreachable(4, b""), 3, 3),
        (PacketTooBig(1400, b""), 3, 4),
        (TimeExceeded(0, b""), 11, 0),
        (ParameterProblem(1, 6, b""), 3, 2),
        (ParameterProblem(0, 8, b""), 12, 0),
        (EchoRequest(1, 2, b""), 8, 0),
        (EchoReply(1, 2, b""), 0, 0),
    ],
)
def test_types_and_codes_are_those_of_ipv4(message: Icmpv6Message, kind: int, code: int) -> None:
    assert build_icmpv4(message)[:2] == bytes((kind, code))


def test_next_hop_mtu_is_in_the_second_word() -> None:
    # RFC 1191 §4
    assert build_icmpv4(PacketTooBig(1400, b"")).hex()[8:] == "00000578"


def test_error_keeps_the_whole_packet_within_576_octets() -> None:
    assert len(build_icmpv4(TimeExceeded(0, bytes(2000)))) + 20 == 576


def test_wrong_checksum_is_refused() -> None:
    octets = bytearray(build_icmpv4(EchoRequest(1, 2, b"data")))
    octets[2] ^= 1
    with pytest.raises(DecodeError, match="checksum"):
        parse_icmpv4(bytes(octets))
