"""Home Address option and type 2 routing header: alignment, refusals, and the packets of the Mobile IPv6 set."""

from dataclasses import replace
from ipaddress import IPv6Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.wire.mip6.vectors import MOBILITY, SETS, Vector
from wire.errors import DecodeError, EncodeError
from wire.ip.extensions import DestinationOption, DestinationOptions, Type2RoutingHeader, unfold
from wire.ip.ipv6 import Ipv6Packet

HOME = IPv6Address(SETS["addresses"]["hoa"])
CARE_OF = IPv6Address(SETS["addresses"]["coa"])
AGENT = IPv6Address(SETS["addresses"]["ha"])
OPTION = st.builds(DestinationOption, st.integers(2, 63), st.binary(max_size=30))


def packet(next_header: int, payload: bytes) -> Ipv6Packet:
    return Ipv6Packet(source=CARE_OF, destination=AGENT, next_header=next_header, payload=payload)


@given(st.integers(0, 255), st.lists(OPTION, max_size=4).map(tuple))
def test_options_survive_a_round_trip(next_header: int, options: tuple[DestinationOption, ...]) -> None:
    header = DestinationOptions(next_header, options)
    assert len(header.build()) % 8 == 0
    assert DestinationOptions.parse(header.build()) == header


@given(st.binary(max_size=12))
def test_home_address_option_is_aligned_whatever_stands_before_it(before: bytes) -> None:
    header = DestinationOptions(59, (DestinationOption(30, before), DestinationOption.home_address(HOME)))
    octets = header.build()
    assert octets.index(b"\xc9\x10" + HOME.packed) % 8 == 6
    assert DestinationOptions.parse(octets) == header


@pytest.mark.parametrize("vector", MOBILITY, ids=lambda vector: vector.name)
def test_packets_of_the_mobile_ipv6_set_show_their_home_addresses(vector: Vector) -> None:
    seen = unfold(Ipv6Packet.parse(vector.packet[vector.header_at :]))
    assert (seen.source, seen.destination) == (vector.source, vector.destination)
    assert (seen.next_header, seen.payload) == (135, vector.mobility_header)


@pytest.mark.parametrize("vector", MOBILITY, ids=lambda vector: vector.name)
def test_headers_of_the_mobile_ipv6_set_are_rebuilt_octet_by_octet(vector: Vector) -> None:
    outer = Ipv6Packet.parse(vector.packet[vector.header_at :])
    headers = b""
    if outer.next_header == 60:
        headers = DestinationOptions(135, (DestinationOption.home_address(vector.source),)).build()
    elif outer.next_header == 43:
        headers = Type2RoutingHeader(135, vector.destination).build()
    assert headers + vector.mobility_header == outer.payload


def test_unfolding_tells_the_care_of_address() -> None:
    update = unfold(packet(60, DestinationOptions(59, (DestinationOption.home_address(HOME),)).build()))
    assert (update.source, update.care_of, update.routed_to) == (HOME, CARE_OF, None)
    answer = unfold(packet(43, Type2RoutingHeader(59, HOME).build()))
    assert (answer.destination, answer.routed_to, answer.care_of) == (HOME, AGENT, None)


def test_unfolding_passes_over_what_may_be_skipped() -> None:
    skippable = DestinationOptions(60, (DestinationOption(0x1E, b"?"),)).build()
    named = DestinationOptions(59, (DestinationOption.home_address(HOME),)).build()
    assert unfold(packet(0, skippable + named)).source == HOME


def test_unfolding_leaves_a_routing_header_that_is_used_up() -> None:
    assert unfold(packet(43, Type2RoutingHeader(59, HOME, segments_left=0).build())).destination == AGENT


@pytest.mark.parametrize("option", [DestinationOption(0x42, b""), DestinationOption(201, bytes(15))])
def test_unfolding_refuses_what_may_not_be_skipped(option: DestinationOption) -> None:
    with pytest.raises(DecodeError) as caught:
        unfold(packet(60, DestinationOptions(59, (option,)).build()))
    assert caught.value.offset == 40


def test_unfolding_refuses_a_second_home_address() -> None:
    twice = (DestinationOption.home_address(HOME), DestinationOption.home_address(AGENT))
    with pytest.raises(DecodeError):
        unfold(packet(60, DestinationOptions(59, twice).build()))


def test_unfolding_has_a_limit() -> None:
    with pytest.raises(DecodeError, match="more than 8"):
        unfold(packet(60, DestinationOptions(60, ()).build() * 9))


@pytest.mark.parametrize("octets", ["3b020001", "3b020300", "3b040201", "3b020202"])
def test_routing_header_refuses_other_types_and_lengths(octets: str) -> None:
    with pytest.raises(DecodeError):
        Type2RoutingHeader.parse(bytes.fromhex(octets).ljust(24, b"\x00"))


def test_parsers_insist_on_the_whole_header() -> None:
    header = DestinationOptions(59, (DestinationOption.home_address(HOME),))
    for octets in (header.build()[:-1], header.build() + b"\x00"):
        with pytest.raises(DecodeError):
            DestinationOptions.parse(octets)
    with pytest.raises(DecodeError):
        Type2RoutingHeader.parse(Type2RoutingHeader(59, HOME).build() + b"\x00")


def test_builder_refuses_too_many_options() -> None:
    header = DestinationOptions(59, (DestinationOption(30, bytes(250)),) * 9)
    with pytest.raises(EncodeError):
        replace(header).build()
