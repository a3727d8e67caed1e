"""Octets to packets and back, beside pyrad's codec, and everything that pyrad would let through."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyrad.packet import Packet

from wire.errors import DecodeError, EncodeError
from wire.radius.codec import build_attribute, build_attributes, build_packet, parse_packet
from wire.radius.packet import Attribute, RadiusPacket

VECTORS = Path(__file__).parents[2] / "vectors"
HEADER = bytes.fromhex("01070000") + bytes(range(16))


def framed(attributes: bytes, length: int | None = None) -> bytes:
    total = 20 + len(attributes) if length is None else length
    return HEADER[:2] + total.to_bytes(2, "big") + HEADER[4:] + attributes


def _hex_packets(value: object) -> list[str]:
    if isinstance(value, dict):
        own = [v for k, v in value.items() if k in {"request", "response", "packet"} and isinstance(v, str)]
        return own + [found for inner in value.values() for found in _hex_packets(inner)]
    if isinstance(value, list):
        return [found for inner in value for found in _hex_packets(inner)]
    return []


CAPTURED = [
    bytes.fromhex(text)
    for file in ("radius.json", "eap_captures.json")
    for text in _hex_packets(json.loads((VECTORS / file).read_text(encoding="utf-8")))
]

attributes = st.one_of(
    st.builds(Attribute, st.integers(1, 255).filter(lambda key: key not in {26, 79, 80}), st.binary(max_size=60)),
    st.builds(Attribute, st.tuples(st.integers(0, 2**24), st.integers(0, 255)), st.binary(min_size=1, max_size=60)),
)


@given(
    st.integers(0, 255),
    st.integers(0, 255),
    st.binary(min_size=16, max_size=16),
    st.lists(attributes, max_size=30),
    st.lists(st.binary(max_size=253), max_size=4),
)
def test_packet_round_trips(
    code: int, identifier: int, authenticator: bytes, others: list[Attribute], eap: list[bytes]
) -> None:
    every = (*others, *(Attribute(79, piece) for piece in eap))
    packet = RadiusPacket(code, identifier, authenticator, every)
    parsed = parse_packet(build_packet(packet))
    assert (parsed.code, parsed.identifier, parsed.authenticator) == (code, identifier, authenticator)
    assert parsed.attributes == every
    foreign = Packet(packet=build_packet(packet))
    for key in {attribute.key for attribute in every if isinstance(attribute.key, int)}:
        assert foreign[key] == [attribute.value for attribute in every if attribute.key == key]


@given(attributes)
def test_one_attribute_is_built_as_one_of_many(attribute: Attribute) -> None:
    assert build_attribute(*attribute) == build_attributes([attribute])


@pytest.mark.parametrize("octets", CAPTURED)
def test_captured_packet_round_trips_to_the_octet(octets: bytes) -> None:
    # RFC 2865 §7, RFC 5997 §6, Wireshark's and tcpdump's captures, hostap 2.10
    assert build_packet(parse_packet(octets)) == octets


def test_every_captured_packet_was_seen() -> None:
    assert len(CAPTURED) >= 40


@pytest.mark.parametrize("octets", CAPTURED)
def test_pyrad_reads_the_same_attributes(octets: bytes) -> None:
    foreign = Packet(packet=octets)
    parsed = parse_packet(octets)
    plain = [(key, value) for key, values in foreign.items() if key != 26 for value in values]
    assert [pair for pair in parsed.attributes if isinstance(pair[0], int)] == plain


def test_parser_ignores_padding_behind_the_length() -> None:
    assert parse_packet(framed(b"\x01\x03a") + b"padding") == parse_packet(framed(b"\x01\x03a"))


def test_parser_keeps_a_vendor_attribute_that_is_no_list_of_types() -> None:
    odd = b"\x1a\x09\x00\x00\x01\x37\x01\x09\x00"
    assert parse_packet(framed(odd)).attributes == (Attribute(26, odd[2:]),)
    assert build_packet(parse_packet(framed(odd))) == framed(odd)


def test_parser_reads_several_vendor_types_of_one_attribute() -> None:
    packet = parse_packet(framed(b"\x1a\x0c\x00\x00\x28\xaf\x01\x03a\x02\x03b"))
    assert packet.attributes == (Attribute((10415, 1), b"a"), Attribute((10415, 2), b"b"))


@pytest.mark.parametrize("octets", CAPTURED)
def test_parser_notes_where_the_message_authenticator_is(octets: bytes) -> None:
    parsed = parse_packet(octets + b"padding")
    at, seals = parsed.seal_at, parsed.values("Message-Authenticator")
    assert parsed.wire == octets
    assert (() if at is None else (octets[at : at + 16],)) == seals
    assert at is None or octets[at - 2 : at] == b"\x50\x12"


@pytest.mark.parametrize(
    ("octets", "reason"),
    [
        (b"", "0 octets"),
        (HEADER[:19], "19 octets"),
        (framed(b"", length=19), "Length 19"),
        (framed(b"", length=0), "Length 0"),
        (framed(b"", length=21), "20 octets arrived"),
        (framed(b"\x01\xff" + bytes(253)) + bytes(5000), ""),
        (framed(b"\x01\x03a" * 1359), "Length 4097"),
        (framed(b"\x01\x05ab"), "Length 5, 4 octets are left"),
        (framed(b"\x01\x00"), "Length 0"),
        (framed(b"\x01\x01"), "Length 1"),
        (framed(b"\x01"), "ends before its Length"),
        (framed(b"\x01\x03a\x02\x05ab"), "Length 5, 4 octets are left"),
        (framed(b"\x4f\x03a\x01\x03b\x4f\x03c"), "not consecutive"),
        (framed(b"\x50\x12" + bytes(16) + b"\x50\x12" + bytes(16)), "Message-Authenticator is repeated"),
        (framed(b"\x50\x11" + bytes(15)), "not 16 octets"),
        (framed(b"\x50\x02"), "not 16 octets"),
    ],
)
def test_parser_refuses_what_is_malformed(octets: bytes, reason: str) -> None:
    if not reason:
        parse_packet(octets)
        return
    with pytest.raises(DecodeError, match=reason):
        parse_packet(octets)


@pytest.mark.parametrize(
    "packet",
    [
        RadiusPacket(1, 0, bytes(15)),
        RadiusPacket(256, 0, bytes(16)),
        RadiusPacket(1, -1, bytes(16)),
        RadiusPacket(1, 0, bytes(16), (Attribute(24, bytes(254)),)),
        RadiusPacket(1, 0, bytes(16), (Attribute((311, 16), bytes(248)),)),
        RadiusPacket(1, 0, bytes(16), (Attribute(24, bytes(250)),) * 17),
    ],
)
def test_builder_refuses_what_no_packet_can_carry(packet: RadiusPacket) -> None:
    with pytest.raises(EncodeError):
        build_packet(packet)
