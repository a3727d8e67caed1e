"""Packets out of a stream, whatever pieces it comes in."""

import pytest

from wire.radius.framing import RadiusFramer

PACKETS = [bytes([1, 1, 0, 20]) + bytes(16), bytes([4, 2, 0, 25]) + bytes(21)]


@pytest.mark.parametrize("size", [1, 3, 20, 21, 100])
def test_packets_come_out_as_they_went_in(size: int) -> None:
    framer = RadiusFramer()
    stream = b"".join(PACKETS * 3)
    pieces = [stream[at : at + size] for at in range(0, len(stream), size)]
    assert [packet for piece in pieces for packet in framer.feed(piece)] == PACKETS * 3
    assert framer.lost is None


@pytest.mark.parametrize("length", [0, 19, 4097, 65535])
def test_stream_is_lost_after_a_length_that_cannot_be(length: int) -> None:
    framer = RadiusFramer()
    assert framer.feed(PACKETS[0] + b"\1\1" + length.to_bytes(2, "big") + bytes(99)) == [PACKETS[0]]
    assert framer.lost == f"Length {length} is not between 20 and 4096"
    assert framer.feed(PACKETS[0]) == []
