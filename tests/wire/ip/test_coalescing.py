"""Segments put together: nothing is lost, nothing changes its order, and a wrong checksum stays wrong."""

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.wire.ip.segments import ACK, FIN, FOUR, PSH, TCP, segment, segment4
from wire.ip.checksum import transport_checksum
from wire.ip.coalescing import Train, coalesce
from wire.ip.ipv4 import Ipv4Packet
from wire.ip.packet import parse_packet

TIMESTAMPS = b"\x01\x01\x08\x0a" + bytes(range(8))


def joined(train: Train) -> bytes:
    return b"".join(train.buffers())


def holds(packet: bytes) -> bool:
    """Whether TCP's checksum, and of IPv4 that of the header, is right."""
    seen = parse_packet(packet)
    return transport_checksum(seen.source, seen.destination, TCP, seen.payload) == 0


@given(
    size=st.integers(1, 700).map(lambda half: half * 2), count=st.integers(2, 40), last=st.integers(1, 1400),
    start=st.integers(0, 0xFFFF_FFFF), options=st.sampled_from([b"", TIMESTAMPS]), random=st.randoms(),
)  # fmt: skip
def test_segments_that_follow_each_other_become_one_packet(
    size: int, count: int, last: int, start: int, options: bytes, random: Random
) -> None:
    sizes = [size] * (count - 1) + [min(last, size)]
    payloads = [random.randbytes(octets) for octets in sizes]
    packets = [
        segment((start + size * number) % 2**32, payload, options=options) for number, payload in enumerate(payloads)
    ]
    whole = sum(sizes) + 60 + len(options)
    if whole > 65535:
        return
    (train,) = coalesce(packets)
    assert (train.segments, train.segment_octets, train.header_octets) == (count, size, 60 + len(options))
    # as if the sender had not cut them
    assert joined(train) == segment(start, b"".join(payloads), options=options)
    assert not train.is_ipv4


def test_ipv4_too_becomes_one_packet_whatever_identifications_it_had() -> None:
    packets = [segment4(1 + 1000 * number, bytes(1000), identification=number) for number in range(5)]
    (train,) = coalesce(packets)
    assert train.is_ipv4
    assert joined(train) == segment4(1, bytes(5000))
    assert holds(joined(train))


@pytest.mark.parametrize("at", range(60, 64))
def test_whole_is_wrong_when_a_segment_was(at: int) -> None:
    packets = [segment(1 + 1000 * number, bytes(range(250)) * 4) for number in range(3)]
    assert holds(joined(coalesce(packets)[0]))
    for number in range(3):
        broken = bytearray(packets[number])
        broken[at] ^= 0x11
        (train,) = coalesce([*packets[:number], bytes(broken), *packets[number + 1 :]])
        assert not holds(joined(train))


FIRST = segment(1000, bytes(100))


@pytest.mark.parametrize(
    ("why", "second"),
    [
        ("a gap", segment(1101, bytes(100))),
        ("again", FIRST),
        ("longer", segment(1100, bytes(101))),
        ("another connection", segment(1100, bytes(100), port=81)),
        ("another window", segment(1100, bytes(100), window=501)),
        ("other options", segment(1100, bytes(100), options=TIMESTAMPS)),
        ("the end", segment(1100, bytes(100), flags=ACK | FIN)),
        ("no data", segment(1100, b"")),
        ("IPv4", segment4(1100, bytes(100))),
        ("no packet", b"\x60"),
        ("padding behind it", segment(1100, bytes(100)) + b"\0"),
        ("no TCP", FIRST[:6] + b"\x11" + FIRST[7:]),
        ("a short header of TCP", FIRST[:52] + b"\x40" + FIRST[53:]),
        ("a long header of TCP", segment(1100, b"12")[:52] + b"\xf0" + segment(1100, b"12")[53:]),
    ],
)
def test_what_does_not_follow_stays_alone(why: str, second: bytes) -> None:
    assert [joined(train) for train in coalesce([FIRST, second])] == [FIRST, second], why


@pytest.mark.parametrize(
    "packets",
    [
        [segment4(1, bytes(100), dont_fragment=False), segment4(101, bytes(100), dont_fragment=False)],
        [segment4(1, bytes(100))[:10] + b"\0\0" + segment4(1, bytes(100))[12:], segment4(101, bytes(100))],
        [segment(1, bytes(99)), segment(100, bytes(99))],
        [segment(1, bytes(100), flags=ACK | PSH), segment(101, bytes(100))],
        [segment(1, bytes(100)), segment(101, bytes(50)), segment(151, bytes(50))][1:],
    ],
    ids=["may be cut", "wrong header checksum", "odd", "pushed", "short"],
)
def test_these_begin_no_train(packets: list[bytes]) -> None:
    if len(packets[0]) == 60 + 50:
        assert len(coalesce([segment(1, bytes(100)), *packets])) == 2
    else:
        assert [joined(train) for train in coalesce(packets)] == packets


def test_pushed_segment_ends_a_train_and_pushes_the_whole() -> None:
    packets = [segment(1, bytes(100)), segment(101, bytes(100), flags=ACK | PSH), segment(201, bytes(100))]
    whole, rest = coalesce(packets)
    assert joined(whole) == segment(1, bytes(200), flags=ACK | PSH)
    assert joined(rest) == packets[2]


def test_train_is_no_longer_than_a_packet_may_be() -> None:
    trains = coalesce(segment(1 + 1400 * number, bytes(1400)) for number in range(60))
    assert [train.segments for train in trains] == [46, 14]
    assert all(holds(joined(train)) for train in trains)


def test_connections_that_alternate_have_a_train_each() -> None:
    packets = [segment(1 + 100 * number, bytes(100), port=port) for number in range(3) for port in (80, 81)]
    assert [joined(train) for train in coalesce(packets)] == [segment(1, bytes(300), port=port) for port in (80, 81)]


def test_header_of_an_ipv4_train_is_parsed() -> None:
    (train,) = coalesce([segment4(1, bytes(100)), segment4(101, bytes(100))])
    packet = Ipv4Packet.parse(joined(train))
    assert (packet.source, packet.destination, packet.dont_fragment) == (*FOUR, True)
