"""IPv4 headers: round trip, checksum, limits, and the packets of foreign kernels."""

from dataclasses import replace
from ipaddress import IPv4Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.wire.mip6.vectors import PACKETS, Vector
from wire.errors import DecodeError, EncodeError
from wire.ip.ipv4 import Ipv4Packet

ADDRESSES = st.integers(0, 2**32 - 1).map(IPv4Address)
PACKET = st.builds(
    Ipv4Packet,
    source=ADDRESSES,
    destination=ADDRESSES,
    protocol=st.integers(0, 255),
    payload=st.binary(max_size=100),
    ttl=st.integers(0, 255),
    tos=st.integers(0, 255),
    identification=st.integers(0, 65535),
    dont_fragment=st.booleans(),
    more_fragments=st.booleans(),
    fragment_offset=st.integers(0, 0x1FFF),
    options=st.integers(0, 10).flatmap(lambda words: st.binary(min_size=words * 4, max_size=words * 4)),
)
# The echo request inside an ESP packet that Linux 4.4 made (tests/vectors/ikev2.json, esp_linux_generated)
LINUX = bytes.fromhex(
    "450000546b2340003f01bb580ac800010a6400010800e88b017200012f6fc1580000000050660e0000000000"
    "101112131415161718191a1b1c1d1e1f202122232425262728292a2b2c2d2e2f3031323334353637"
)


@given(PACKET)
def test_packet_survives_a_round_trip(packet: Ipv4Packet) -> None:
    assert Ipv4Packet.parse(packet.build()) == packet


def test_packet_of_linux_is_read_and_rebuilt() -> None:
    packet = Ipv4Packet.parse(LINUX)
    assert (packet.source, packet.destination) == (IPv4Address("10.200.0.1"), IPv4Address("10.100.0.1"))
    assert (packet.ttl, packet.protocol, packet.dont_fragment, packet.identification) == (63, 1, True, 0x6B23)
    assert packet.build() == LINUX


@pytest.mark.parametrize(
    "vector", [vector for vector in PACKETS if vector.linktype == "raw-ipv4"], ids=lambda vector: vector.name
)
def test_outer_packets_of_the_mobile_ipv6_set_are_rebuilt_octet_by_octet(vector: Vector) -> None:
    assert Ipv4Packet.parse(vector.packet).build() == vector.packet


def test_packet_is_cut_into_fragments_that_fit() -> None:
    # RFC 791 §3.2
    whole = replace(Ipv4Packet.parse(LINUX), payload=bytes(range(256)) * 6, dont_fragment=False, options=b"\x01" * 4)
    pieces = whole.fragments(576)
    assert all(len(piece.build()) <= 576 for piece in pieces)
    assert b"".join(piece.payload for piece in pieces) == whole.payload
    offsets = [piece.fragment_offset * 8 for piece in pieces]
    assert offsets == [sum(len(piece.payload) for piece in pieces[:number]) for number in range(len(pieces))]
    assert [piece.more_fragments for piece in pieces] == [True] * (len(pieces) - 1) + [False]
    assert [piece.options for piece in pieces] == [b"\x01" * 4, b"", b""]
    assert {piece.identification for piece in pieces} == {whole.identification}


def test_fragment_of_a_fragment_keeps_its_place() -> None:
    middle = replace(
        Ipv4Packet.parse(LINUX), payload=bytes(64), dont_fragment=False, more_fragments=True, fragment_offset=10
    )
    assert [(piece.fragment_offset, piece.more_fragments) for piece in middle.fragments(60)] == [(10, True), (15, True)]


def test_packet_that_may_not_be_fragmented_is_not() -> None:
    with pytest.raises(EncodeError, match="may not be sent"):
        Ipv4Packet.parse(LINUX).fragments(60)


def test_parser_leaves_padding_behind_the_total_length() -> None:
    assert Ipv4Packet.parse(LINUX + bytes(9)) == Ipv4Packet.parse(LINUX)


def _with_checksum(header: bytes) -> bytes:
    from wire.ip.checksum import internet_checksum

    return header[:10] + internet_checksum(header[:10] + bytes(2) + header[12:]).to_bytes(2, "big") + header[12:]


@pytest.mark.parametrize(
    ("octets", "offset"),
    [
        (b"", 0),
        (b"\x60" + LINUX[1:], 0),
        (b"\x44" + LINUX[1:], 0),
        (LINUX[:19], 16),
        (LINUX[:-1], 20),
        (LINUX[:8] + b"\x01" + LINUX[9:], 10),
        (_with_checksum(LINUX[:2] + b"\x00\x13" + LINUX[4:20]), 2),
    ],
)
def test_parser_says_where_a_packet_is_wrong(octets: bytes, offset: int) -> None:
    with pytest.raises(DecodeError) as caught:
        Ipv4Packet.parse(octets)
    assert caught.value.offset == offset


@pytest.mark.parametrize(("options", "payload"), [(bytes(3), b""), (bytes(44), b""), (b"", bytes(65516))])
def test_builder_refuses_what_does_not_fit(options: bytes, payload: bytes) -> None:
    packet = Ipv4Packet(
        source=IPv4Address(1), destination=IPv4Address(2), protocol=17, payload=payload, options=options
    )
    with pytest.raises(EncodeError):
        packet.build()


def test_length_is_that_of_the_octets() -> None:
    ends = IPv4Address("192.0.2.1"), IPv4Address("192.0.2.2")
    packet = Ipv4Packet(source=ends[0], destination=ends[1], protocol=17, payload=bytes(7), options=bytes(4))
    assert len(packet) == len(packet.build()) == 31
