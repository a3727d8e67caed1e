"""Synthesised IP packets: the checksums by their definition, and an example that others computed."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.frames import Segment, TcpFlag, internet_checksum, tcp_packet, udp_packet

V4 = ("127.1.2.3", 1812), ("127.1.2.4", 40000)
V6 = ("2001:db8::1", 500), ("fe80::2%eth0", 4500)


def added_up(octets: bytes) -> int:
    """RFC 1071 §4.1, word by word."""
    total = 0
    for at in range(0, len(octets), 2):
        total += int.from_bytes(octets[at : at + 2].ljust(2, b"\0"))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def test_checksum_of_the_example_of_rfc_1071() -> None:
    # RFC 1071 §3: the sum of 0001 f203 f4f5 f6f7 is ddf2.
    assert internet_checksum(bytes.fromhex("0001f203f4f5f6f7")) == 0xFFFF - 0xDDF2


@given(st.binary(max_size=99))
def test_checksum_is_what_adding_words_gives(octets: bytes) -> None:
    assert internet_checksum(octets) == added_up(octets)


@given(st.binary(max_size=99))
def test_udp_over_ipv4_verifies(payload: bytes) -> None:
    packet = udp_packet(*V4, payload)
    assert added_up(packet[:20]) == 0
    assert added_up(packet[12:20] + struct.pack("!HH", 17, len(packet) - 20) + packet[20:]) == 0
    assert packet[:2] == b"\x45\x00"
    assert int.from_bytes(packet[2:4]) == len(packet)
    assert struct.unpack("!HHH", packet[20:26]) == (1812, 40000, 8 + len(payload))
    assert packet[28:] == payload


@given(st.binary(max_size=99))
def test_udp_over_ipv6_verifies(payload: bytes) -> None:
    packet = udp_packet(*V6, payload)
    assert added_up(packet[8:40] + struct.pack("!II", len(packet) - 40, 17) + packet[40:]) == 0
    assert packet[0] >> 4 == 6
    assert int.from_bytes(packet[4:6]) == len(packet) - 40
    assert packet[6] == 17
    assert packet[24:26] == b"\xfe\x80"


def test_udp_checksum_of_zero_is_sent_as_ones() -> None:
    packets = (udp_packet(*V4, struct.pack("!H", number)) for number in range(65536))
    packet = next(packet for packet in packets if packet[26:28] == b"\xff\xff")
    assert added_up(packet[12:20] + struct.pack("!HH", 17, 10) + packet[20:]) == 0


@pytest.mark.parametrize(("ends", "header"), [(V4, 20), (V6, 40)])
@pytest.mark.parametrize("payload", [b"", b"odd", b"even"])
def test_tcp_verifies(ends: tuple[tuple[str, int], tuple[str, int]], header: int, payload: bytes) -> None:
    packet = tcp_packet(Segment(*ends, 7, 9, TcpFlag.PSH | TcpFlag.ACK, payload))
    if header == 20:
        pseudo = packet[12:20] + struct.pack("!HH", 6, len(packet) - 20)
    else:
        pseudo = packet[8:40] + struct.pack("!II", len(packet) - 40, 6)
    assert added_up(pseudo + packet[header:]) == 0
    assert struct.unpack("!II", packet[header + 4 : header + 12]) == (7, 9)
    assert packet[header + 12 : header + 14] == b"\x50\x18"
    assert packet[header + 20 :] == payload


def test_syn_carries_segment_size_and_window_scale() -> None:
    packet = tcp_packet(Segment(*V4, 0, 0, TcpFlag.SYN))
    assert packet[32:34] == b"\x70\x02"
    assert packet[40:] == bytes.fromhex("0204ffd703030e01")


def test_packet_that_is_too_long_is_refused() -> None:
    udp_packet(*V4, bytes(65507))
    with pytest.raises(ValueError, match="65536 octets"):
        udp_packet(*V4, bytes(65508))
