"""A layout takes out of a packet what a walk through it finds, or says that it does not fit."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.wire.radius.test_codec import CAPTURED, framed
from wire.errors import DecodeError
from wire.radius.codec import _walked_through, build_attributes, parse_packet
from wire.radius.layout import MOST_ATTRIBUTES, Layout, Layouts
from wire.radius.packet import Pair, RadiusPacket

SEAL = (80, bytes(16))
KNOWN = st.sampled_from([1, 24, 26, 33, 79, 80, 102])
found_in_one = st.lists(st.tuples(KNOWN, st.binary(max_size=20)), max_size=12)
OFTEN = 16
"""Packets of a length after which one is learned."""


def learn(octets: bytes) -> None:
    """Have the parser meet `octets` as often as it takes."""
    for _ in range(OFTEN):
        _walked_through(octets)


def everything(packet: RadiusPacket) -> tuple[object, ...]:
    return packet, packet.wire, packet.seal_at, dict(packet.by_key), dict(packet.repeated)


def read(octets: bytes) -> tuple[object, ...] | str:
    try:
        return everything(parse_packet(octets))
    except DecodeError as error:
        return str(error)


def walked(octets: bytes) -> tuple[object, ...] | str:
    try:
        return everything(_walked_through(octets))
    except DecodeError as error:
        return str(error)


@pytest.mark.parametrize("octets", CAPTURED)
def test_captured_packet_is_read_alike_by_its_layout(octets: bytes) -> None:
    expected = walked(octets)
    learn(octets)
    assert [read(octets), read(octets + b"padding")] == [expected] * 2
    other = octets[:1] + bytes([octets[1] ^ 1]) + octets[2:4] + bytes(16) + octets[20:]
    assert read(other) == walked(other) != expected


@given(found_in_one, st.data())
def test_packet_is_read_alike_whatever_was_learned_of_its_length(found: list[Pair], data: st.DataObject) -> None:
    octets = framed(build_attributes(found))
    expected = walked(octets)
    if not isinstance(expected, str):
        learn(octets)
    assert read(octets) == expected
    # and so is what differs from it in some octets: heads, values, vendor's types or the header
    changed = bytearray(octets)
    for at in data.draw(st.lists(st.integers(0, len(octets) - 1), max_size=3)):
        changed[at] = data.draw(st.integers(0, 255))
    assert read(bytes(changed)) == walked(bytes(changed))


def test_layout_knows_a_packet_by_its_heads_alone() -> None:
    found: list[Pair] = [(1, b"ue"), SEAL, (24, b"")]
    octets = framed(build_attributes(found))
    layout = Layout(octets, found, 26)
    assert (layout.keys, layout.seal_at, layout.is_plain) == ((1, 80, 24), 26, True)
    assert layout.values(octets) == (1, 7, octets[4:20], b"ue", bytes(16), b"")
    assert layout.heads(octets) == layout.said
    heads = {2, 3, 20, 21, 24, 25, 42, 43}
    for at in range(len(octets)):
        other = octets[:at] + bytes([octets[at] ^ 1]) + octets[at + 1 :]
        assert (layout.heads(other) == layout.said) is (at not in heads)


@pytest.mark.parametrize("found", [[(33, b"a"), (33, b"b")], [(26, b"\0\0\0\x01\x01\x03a")]])
def test_layout_says_where_more_is_to_be_done(found: list[Pair]) -> None:
    assert not Layout(framed(build_attributes(found)), found, None).is_plain


def test_layout_of_no_attributes_takes_the_header() -> None:
    assert Layout(framed(b""), [], None).values(framed(b"")) == (1, 7, bytes(range(16)))


def test_what_comes_once_is_not_learned_and_what_goes_on_is() -> None:
    layouts = Layouts(size=2, often=3)
    for met in range(3):
        assert 23 not in layouts.of_length
        layouts.met(framed(b"\x01\x03" + bytes([met])), [(1, bytes([met]))], None)
    assert layouts.of_length[23].keys == (1,)
    # another layout of that length takes its place as it was taken
    for _ in range(3):
        assert layouts.of_length[23].keys == (1,)
        layouts.met(framed(b"\x02\x03a"), [(2, b"a")], None)
    assert layouts.of_length[23].keys == (2,)


def test_no_more_is_learned_than_there_is_room_for() -> None:
    layouts = Layouts(size=2, often=1)
    for length in range(10):
        found: list[Pair] = [(1, bytes(length))]
        layouts.met(framed(build_attributes(found)), found, None)
        assert len(layouts.of_length) <= 2
    many: list[Pair] = [(1, b"")] * (MOST_ATTRIBUTES + 1)
    layouts.met(framed(build_attributes(many)), many, None)
    assert 20 + 2 * len(many) not in layouts.of_length
