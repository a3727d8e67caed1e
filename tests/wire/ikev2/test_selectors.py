"""Traffic selectors: octets, matching, intersection and narrowing."""

from ipaddress import IPv4Address, IPv6Address, IPv6Network
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wire.buffer import Reader
from wire.errors import DecodeError
from wire.ikev2.selectors import (
    ANY_PORT,
    MOBILITY_HEADER,
    OPAQUE_PORT,
    OpaqueSelector,
    TrafficSelector,
    mobility_ports,
    narrow,
    parse_selector,
)

HOME_ADDRESS = IPv6Address("2001:db8:7::100")
HA_ADDRESS = IPv6Address("2001:db8:7::1")
EVERYWHERE = IPv6Network("::/0")


@st.composite
def traffic_selectors(draw: st.DrawFn) -> TrafficSelector:
    version: Any = draw(st.sampled_from([4, 6]))
    # Few values, so that ranges meet.
    make = IPv4Address if version == 4 else IPv6Address
    start, end = sorted((draw(st.integers(0, 12)), draw(st.integers(0, 12))))
    ports = draw(st.one_of(st.just(ANY_PORT), st.just(OPAQUE_PORT), st.tuples(st.integers(0, 9), st.integers(0, 9))))
    return TrafficSelector(draw(st.sampled_from([0, 17, 135])), *ports, make(start), make(end))


SELECTORS = st.one_of(
    traffic_selectors(),
    st.builds(OpaqueSelector, st.integers(9, 255), st.integers(0, 255), st.binary(max_size=20)),
)


@given(SELECTORS)
def test_selector_survives_the_round_trip(selector: TrafficSelector | OpaqueSelector) -> None:
    reader = Reader(selector.build())
    assert parse_selector(reader) == selector
    reader.finish()


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        ("0800", "octets needed"),
        ("0800000400000000", "octets needed"),
        ("07000010" + "0000ffff" + "0a000002" + "0a000001", "backwards"),
        ("07000011" + "0000ffff" + "0a000001" + "0a00000200", "left over"),
    ],
)
def test_parser_refuses_what_is_no_range(data: str, reason: str) -> None:
    with pytest.raises(DecodeError, match=reason):
        parse_selector(Reader(bytes.fromhex(data)))


@given(traffic_selectors(), traffic_selectors(), st.integers(0, 12), st.sampled_from([17, 135]), st.integers(0, 9))
def test_intersection_matches_what_both_match(
    one: TrafficSelector, other: TrafficSelector, number: int, protocol: int, port: int
) -> None:
    both = one.intersection(other)
    address = (IPv4Address if one.start.version == 4 else IPv6Address)(number)
    for shown in (port, None):
        expected = one.matches(address, protocol, shown) and other.matches(address, protocol, shown)
        if both is None:
            assert not expected
        elif shown is not None or OPAQUE_PORT not in (
            (one.start_port, one.end_port),
            (other.start_port, other.end_port),
        ):
            assert both.matches(address, protocol, shown) == expected


def test_mobility_header_type_stands_in_the_upper_octet() -> None:
    """RFC 7296 §3.13.1: a Binding Update (5) alone is start and end port 0x0500."""
    selector = TrafficSelector.address(HOME_ADDRESS, MOBILITY_HEADER, mobility_ports(5))
    assert selector.build().hex() == "0887002805000500" + 2 * HOME_ADDRESS.packed.hex()
    assert selector.matches(HOME_ADDRESS, MOBILITY_HEADER, 0x0500)
    assert not selector.matches(HOME_ADDRESS, MOBILITY_HEADER, 0x0600)
    assert mobility_ports() == ANY_PORT


def test_any_includes_opaque_and_a_port_does_not() -> None:
    opaque = TrafficSelector.address(HOME_ADDRESS, 17, OPAQUE_PORT)
    anything = TrafficSelector.address(HOME_ADDRESS, 17)
    one_port = TrafficSelector.address(HOME_ADDRESS, 17, (53, 53))
    assert anything.intersection(opaque) == opaque
    assert one_port.intersection(opaque) is None
    assert opaque.intersection(opaque) == opaque
    assert opaque.matches(HOME_ADDRESS, 17, None)
    assert not opaque.matches(HOME_ADDRESS, 17, 53)
    assert not one_port.matches(HOME_ADDRESS, 17, None)


def test_narrowing_leaves_the_home_address_of_the_whole_range() -> None:
    """The shape of RFC 4877 §4.3: everything with Mobility Headers is asked for, one Home Address is given."""
    asked = (TrafficSelector.network(EVERYWHERE, MOBILITY_HEADER),)
    allowed = (TrafficSelector.address(HOME_ADDRESS, MOBILITY_HEADER),)
    assert narrow(asked, allowed) == allowed
    assert narrow(asked, (TrafficSelector.address(HOME_ADDRESS),)) == allowed
    assert narrow(asked, (TrafficSelector.address(HOME_ADDRESS, 17),)) == ()


def test_narrowing_keeps_the_order_of_the_offer_and_no_part_twice() -> None:
    specific = TrafficSelector.address(HOME_ADDRESS, 17, (500, 500))
    wide = TrafficSelector.network(EVERYWHERE)
    assert narrow((specific, wide), (TrafficSelector.address(HOME_ADDRESS),)) == (
        specific,
        TrafficSelector.address(HOME_ADDRESS),
    )
    assert narrow((wide, specific), (wide,)) == (wide,)


def test_covers_is_containment() -> None:
    wide = TrafficSelector.network(EVERYWHERE)
    narrow_one = TrafficSelector.address(HA_ADDRESS, MOBILITY_HEADER)
    assert wide.covers(narrow_one)
    assert not narrow_one.covers(wide)
    assert not TrafficSelector.address(HOME_ADDRESS).covers(narrow_one)


def test_text_is_for_an_operator() -> None:
    assert str(TrafficSelector.address(HOME_ADDRESS, 17, (53, 54))) == "2001:db8:7::100[17:53-54]"
    assert str(TrafficSelector.network(IPv6Network("2001:db8::/126"))) == "2001:db8::-2001:db8::3[any]"
