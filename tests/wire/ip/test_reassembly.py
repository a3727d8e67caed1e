"""Fragments put together again, in any order, and nothing that grows or lies."""

from dataclasses import replace
from ipaddress import IPv6Address
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wire.errors import DecodeError
from wire.ip.fragments import PROTO_FRAGMENT, fragments
from wire.ip.ipv6 import PROTO_ESP, PROTO_UDP, Ipv6Packet
from wire.ip.reassembly import REASSEMBLY_SECONDS, Reassembly, is_piece

ONE, TWO = IPv6Address("2001:db8::1"), IPv6Address("2001:db8::2")


def whole(octets: bytes, source: IPv6Address = ONE) -> Ipv6Packet:
    return Ipv6Packet(source=source, destination=TWO, next_header=PROTO_ESP, payload=octets, hop_limit=7)


def piece(offset: int, octets: bytes, *, more: bool = True, identification: int = 1) -> Ipv6Packet:
    head = bytes((PROTO_UDP, 0)) + (offset | more).to_bytes(2, "big") + identification.to_bytes(4, "big")
    return Ipv6Packet(source=ONE, destination=TWO, next_header=PROTO_FRAGMENT, payload=head + octets)


@settings(deadline=None)
@given(st.integers(1500, 9000), st.integers(1280, 1500), st.randoms(use_true_random=False))
def test_pieces_in_any_order_and_twice_are_the_packet(length: int, mtu: int, chance: Random) -> None:
    packet = whole(chance.randbytes(length))
    pieces = fragments(packet, mtu, 99)
    chance.shuffle(pieces)
    reassembly = Reassembly()
    *early, last = pieces
    assert all(reassembly.add(one, 0.0) is None for one in (*early, *early))
    assert reassembly.add(last, 1.0) == packet
    assert (len(reassembly), reassembly.octets) == (0, 0)


def test_only_piece_of_a_packet_is_one() -> None:
    # RFC 6946
    reassembly = Reassembly()
    assert reassembly.add(piece(0, bytes(8)), 0.0) is None
    assert reassembly.add(piece(0, b"alone", more=False), 0.0) == replace(
        whole(b"alone"), next_header=PROTO_UDP, hop_limit=64
    )
    assert len(reassembly) == 1


def test_packets_are_told_apart_by_source_and_number() -> None:
    reassembly = Reassembly()
    first, second = (fragments(whole(bytes([number]) * 1600), 1280, number) for number in (1, 2))
    other = fragments(whole(bytes([3]) * 1600, TWO), 1280, 1)
    assert [reassembly.add(one[0], 0.0) for one in (first, second, other)] == [None] * 3
    found = [reassembly.add(one[1], 0.0) for one in (first, second, other)]
    assert [packet.payload[0] for packet in found if packet is not None] == [1, 2, 3]


@pytest.mark.parametrize(
    "pieces",
    [
        [piece(0, bytes(16)), piece(8, bytes(16))],
        [piece(0, bytes(16)), piece(0, bytes(15) + b"?")],
        [piece(8, bytes(8)), piece(0, bytes(16))],
        [piece(16, bytes(8), more=False), piece(24, bytes(8))],
        [piece(16, bytes(8), more=False), piece(8, bytes(8), more=False)],
        [piece(24, bytes(8)), piece(0, bytes(8), more=False, identification=1), piece(8, bytes(8), more=False)],
        [piece(0, bytes(12))],
        [piece(8, b"")],
        [piece(0xFFF8, bytes(8))],
    ],
    ids=["overlap", "another text", "overlap before", "past the end", "two ends", "end before", "12", "empty", "long"],
)
def test_pieces_that_cannot_be_undo_their_packet(pieces: list[Ipv6Packet]) -> None:
    reassembly = Reassembly()
    for one in pieces:
        reassembly.add(one, 0.0)
    assert (len(reassembly), reassembly.octets) == (0, 0)


def test_what_does_not_come_in_time_is_given_up() -> None:
    reassembly = Reassembly()
    first, second = fragments(whole(bytes(1600)), 1280, 1)
    reassembly.add(first, 0.0)
    assert reassembly.add(second, REASSEMBLY_SECONDS) is None
    assert len(reassembly) == 1


def test_one_source_keeps_no_more_than_its_share() -> None:
    reassembly = Reassembly(most=100, most_of_one=4)
    theirs = fragments(whole(bytes(1600), TWO), 1280, 7)
    reassembly.add(theirs[0], 0.0)
    for number in range(50):
        reassembly.add(piece(0, bytes(8), identification=number), 0.0)
    assert len(reassembly) == 5
    assert reassembly.add(theirs[1], 0.0) == whole(bytes(1600), TWO)


def test_all_sources_together_have_limits() -> None:
    many = Reassembly(most=10, most_octets=1 << 20)
    heavy = Reassembly(most=1000, most_octets=10_000)
    for number in range(500):
        one = replace(piece(0, bytes(800)), source=ONE + number)
        many.add(one, 0.0)
        heavy.add(one, 0.0)
    assert len(many) == 10
    assert heavy.octets <= 10_000 + 800
    crumbs = Reassembly()
    for number in range(100):
        crumbs.add(piece(number * 16, bytes(8)), 0.0)
    assert crumbs.octets <= 64 * 8


def test_piece_that_is_cut_short_is_broken() -> None:
    with pytest.raises(DecodeError):
        Reassembly().add(replace(whole(bytes(7)), next_header=PROTO_FRAGMENT), 0.0)


@pytest.mark.parametrize(
    ("octets", "is_one"),
    [(piece(0, bytes(8)).build(), True), (whole(bytes(8)).build(), False), (b"", False), (b"\x45" + bytes(60), False)],
)
def test_piece_is_known_by_its_first_header(octets: bytes, is_one: bool) -> None:
    assert is_piece(octets) is is_one
