"""IPv6 fragments by RFC 8200 §4.5: put together again they are the packet."""

from ipaddress import IPv6Address

from hypothesis import given
from hypothesis import strategies as st

from wire.ip.fragments import PROTO_FRAGMENT, fragments
from wire.ip.ipv6 import PROTO_UDP, Ipv6Packet

ONE, TWO = IPv6Address("2001:db8::1"), IPv6Address("2001:db8::2")


def whole(octets: bytes) -> Ipv6Packet:
    return Ipv6Packet(source=ONE, destination=TWO, next_header=PROTO_UDP, payload=octets)


@given(st.integers(1241, 8000).map(bytes), st.integers(1280, 1500), st.integers(0, 2**32 - 1))
def test_pieces_fit_and_are_the_packet_together(octets: bytes, mtu: int, identification: int) -> None:
    pieces = fragments(whole(octets), mtu, identification)
    if len(octets) + 40 <= mtu:
        assert pieces == [whole(octets)]
        return
    assert all(len(piece.build()) <= mtu and piece.next_header == PROTO_FRAGMENT for piece in pieces)
    assert b"".join(piece.payload[8:] for piece in pieces) == octets
    at = 0
    for number, piece in enumerate(pieces):
        more = number < len(pieces) - 1
        assert piece.payload[:8] == bytes((PROTO_UDP, 0)) + (at | more).to_bytes(2, "big") + identification.to_bytes(
            4, "big"
        )
        assert not more or len(piece.payload[8:]) % 8 == 0
        at += len(piece.payload) - 8


def test_packet_that_fits_is_left_alone() -> None:
    assert fragments(whole(bytes(1240)), 1280, 7) == [whole(bytes(1240))]
