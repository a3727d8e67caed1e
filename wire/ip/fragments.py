"""IPv6 packets cut by their own source, who is the only one that may (RFC 8200 §4.5)."""

from dataclasses import replace

from wire.ip.ipv6 import HEADER_OCTETS, Ipv6Packet

PROTO_FRAGMENT = 44
_FRAGMENT_OCTETS = 8


def fragments(packet: Ipv6Packet, mtu: int, identification: int) -> list[Ipv6Packet]:
    """The packet in pieces of at most `mtu` octets, or itself where it fits; `identification` of 32 bits is one's own.

    For packets whose payload is an upper-layer header: there is nothing before the Fragment header.
    """
    if HEADER_OCTETS + len(packet.payload) <= mtu:
        return [packet]
    room = (mtu - HEADER_OCTETS - _FRAGMENT_OCTETS) // 8 * 8
    pieces = [packet.payload[at : at + room] for at in range(0, len(packet.payload), room)]
    return [
        replace(
            packet,
            next_header=PROTO_FRAGMENT,
            payload=b"".join(
                (
                    bytes((packet.next_header, 0)),
                    (number * room | (number < len(pieces) - 1)).to_bytes(2, "big"),
                    identification.to_bytes(4, "big"),
                    piece,
                )
            ),
        )
        for number, piece in enumerate(pieces)
    ]
