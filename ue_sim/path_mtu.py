"""What routers say of the path to the PDN GW in an IPv6 network (RFC 8201 §4).

A kernel takes it for the way to the home agent's own address, which leads into the tunnel where a TUN device has the
home prefix. The socket goes another way, of which the kernel never learns; so what is too large is cut here.
"""

from ipaddress import IPv6Address

from wire.errors import DecodeError
from wire.ikev2.nat import Endpoint
from wire.ip.fragments import fragments
from wire.ip.icmpv6 import PacketTooBig, parse_icmpv6
from wire.ip.ipv6 import MINIMUM_MTU, PROTO_ICMPV6, PROTO_UDP, Ipv6Packet
from wire.ip.udp import UdpDatagram

_PORT = slice(40, 42)
"""Of the quoted packet's sender, behind its IPv6 header."""


def told_mtu(octets: bytes, care_of: IPv6Address, port: int) -> int | None:
    """The MTU in a Packet Too Big about UDP from `care_of` and `port`, no less than every path has; else None."""
    try:
        packet = Ipv6Packet.parse(octets)
        if packet.destination != care_of or packet.next_header != PROTO_ICMPV6:
            return None
        message = parse_icmpv6(packet.payload, packet.source, packet.destination)
    except DecodeError:
        return None
    if not isinstance(message, PacketTooBig):
        return None
    quoted = message.invoking
    ours = (bytes((PROTO_UDP,)), care_of.packed, port.to_bytes(2, "big"))
    return max(message.mtu, MINIMUM_MTU) if (quoted[6:7], quoted[8:24], quoted[_PORT]) == ours else None


def pieces(datagram: bytes, source: Endpoint, to: Endpoint, mtu: int, number: int) -> list[bytes]:
    """A UDP datagram between IPv6 addresses as whole packets, none over `mtu` octets; none at all where it fits.

    `number` is the Identification of them all, which nobody should guess (RFC 7739).
    """
    own, far = IPv6Address(int(source.address)), IPv6Address(int(to.address))
    payload = UdpDatagram(source.port, to.port, datagram).build(own, far)
    whole = Ipv6Packet(source=own, destination=far, next_header=PROTO_UDP, payload=payload)
    return [piece.build() for piece in fragments(whole, mtu, number)] if len(whole) > mtu else []
