"""Packets inside a tunnel, and what becomes of the ESP of one on its way."""

from ipaddress import IPv6Address
from random import Random

from wire.ip.ipv6 import PROTO_UDP, Ipv6Packet
from wire.ip.udp import UdpDatagram


def packet(source: IPv6Address, destination: IPv6Address, *, octets: int = 60, hops: int = 64) -> bytes:
    """UDP of so many octets."""
    payload = UdpDatagram(7000, 7001, bytes(octets)).build(source, destination)
    return Ipv6Packet(
        source=source, destination=destination, next_header=PROTO_UDP, payload=payload, hop_limit=hops
    ).build()


def on_the_way(octets: bytes, seen: list[bytes], chance: Random) -> bytes:
    """A datagram as it was sent, mostly; else as somebody would send it who has `seen` this one and those before."""
    seen.append(octets)
    at = chance.randrange(len(octets))
    match chance.randrange(20):
        case 0:
            return chance.choice(seen)
        case 1:
            return octets[:at] + bytes((octets[at] ^ 0x40,)) + octets[at + 1 :]
        case 2:
            return octets[:at]
        case 3:
            return b"\xff"
        case _:
            return octets
