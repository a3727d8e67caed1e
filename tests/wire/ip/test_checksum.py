"""The Internet checksum against the worked example of its RFC and a slow sum."""

from ipaddress import IPv4Address, IPv6Address

from hypothesis import given
from hypothesis import strategies as st

from wire.ip.checksum import internet_checksum, ones_complement_sum, pseudo_header, transport_checksum

HERE, THERE = IPv6Address("2001:db8::1"), IPv6Address("2001:db8::2")


def slow_sum(octets: bytes) -> int:
    total = 0
    for at in range(0, len(octets), 2):
        total += int.from_bytes(octets[at : at + 2].ljust(2, b"\x00"), "big")
        total = (total & 0xFFFF) + (total >> 16)
    return total


def test_sum_is_the_example_of_rfc_1071() -> None:
    # RFC 1071 §3: 00 01 f2 03 f4 f5 f6 f7 sums to ddf2
    assert ones_complement_sum(bytes.fromhex("0001f203f4f5f6f7")) == 0xDDF2
    assert internet_checksum(bytes.fromhex("0001f203f4f5f6f7")) == 0x220D


@given(st.binary(max_size=300))
def test_sum_equals_the_slow_one(octets: bytes) -> None:
    assert ones_complement_sum(octets) == slow_sum(octets)


def test_sum_tells_all_ones_from_nothing() -> None:
    assert ones_complement_sum(b"") == 0
    assert ones_complement_sum(bytes(40)) == 0
    assert ones_complement_sum(b"\xff\xff") == 0xFFFF


@given(st.binary(min_size=2, max_size=100))
def test_octets_with_their_checksum_sum_to_zero(octets: bytes) -> None:
    octets = octets[: len(octets) & ~1]
    checksum = transport_checksum(HERE, THERE, 17, octets + b"\x00\x00")
    assert transport_checksum(HERE, THERE, 17, octets + checksum.to_bytes(2, "big")) == 0


def test_pseudo_header_has_the_shape_of_its_version() -> None:
    assert pseudo_header(HERE, THERE, 135, 40) == HERE.packed + THERE.packed + bytes.fromhex("0000002800000087")
    four = pseudo_header(IPv4Address("10.0.0.1"), IPv4Address("10.0.0.2"), 17, 9)
    assert four == bytes.fromhex("0a0000010a00000200110009")
