"""The parsers of wire/ip, and the seeds they are fuzzed from."""

from collections.abc import Callable
from ipaddress import IPv4Address, IPv6Address

from tests.wire.mip6.vectors import PACKETS, named
from wire.ip.checksum import internet_checksum, transport_checksum
from wire.ip.extensions import DestinationOption, DestinationOptions, Type2RoutingHeader, unfold
from wire.ip.fragments import fragments
from wire.ip.icmpv4 import build_icmpv4, parse_icmpv4
from wire.ip.icmpv6 import EchoRequest, PacketTooBig, ParameterProblem, TimeExceeded, build_icmpv6, parse_icmpv6
from wire.ip.ipv4 import Ipv4Packet
from wire.ip.ipv6 import Ipv6Packet
from wire.ip.neighbors import NeighborAdvertisement, advertisement, parse_neighbor, solicitation
from wire.ip.packet import parse_packet
from wire.ip.reassembly import Reassembly
from wire.ip.responder import respond
from wire.ip.udp import UdpDatagram

HERE, THERE = IPv6Address("2001:db8::1"), IPv6Address("2001:db8::2")
MESSAGES = (EchoRequest(1, 2, b"data"), PacketTooBig(1400, b"?"), TimeExceeded(0, b"?"), ParameterProblem(0, 6, b"?"))
ICMPV6 = tuple(build_icmpv6(message, HERE, THERE) for message in MESSAGES)
ICMPV4 = tuple(build_icmpv4(message) for message in MESSAGES)
UDP = (UdpDatagram(4500, 7, b"hello").build(HERE, THERE),)
WHOLE = Ipv6Packet(source=HERE, destination=THERE, next_header=17, payload=bytes(1600))
NEIGHBORS = (
    solicitation(HERE),
    advertisement(NeighborAdvertisement(source=HERE, target=THERE, link_layer=bytes(6), override=True)),
)
PIECES = tuple(piece.build() for piece in fragments(WHOLE, 1280, 7))
SIX = tuple(vector.packet for vector in PACKETS if vector.linktype == "raw-ipv6")
FOUR = tuple(vector.packet for vector in PACKETS if vector.linktype == "raw-ipv4")


def _mended(octets: bytes, at: int, protocol: int) -> bytes:
    """The octets with a right checksum, so that what is behind it is reached."""
    bare = octets[:at] + bytes(2) + octets[at + 2 :]
    return octets[:at] + transport_checksum(HERE, THERE, protocol, bare).to_bytes(2, "big") + octets[at + 2 :]


def _neighbor(octets: bytes) -> object:
    """Octets behind the header that every message has here, their checksum right."""
    header, payload = NEIGHBORS[1][:40], octets[40:]
    source, destination = IPv6Address(header[8:24]), IPv6Address(header[24:40])
    bare = payload[:2] + bytes(2) + payload[4:]
    checksum = transport_checksum(source, destination, 58, bare).to_bytes(2, "big")
    payload = payload[:2] + checksum + payload[4:] if len(payload) > 3 else payload
    return parse_neighbor(header[:4] + len(payload).to_bytes(2, "big") + header[6:] + payload)


def _answer(octets: bytes, next_header: int, at: int) -> object:
    payload = _mended(octets, at, next_header) if len(octets) > at + 1 else octets
    return respond(Ipv6Packet(source=HERE, destination=THERE, next_header=next_header, payload=payload))


def _answer4(octets: bytes) -> object:
    bare = octets[:2] + bytes(2) + octets[4:]
    payload = octets[:2] + internet_checksum(bare).to_bytes(2, "big") + octets[4:] if len(octets) > 3 else octets
    return respond(Ipv4Packet(source=IPv4Address(1), destination=IPv4Address(2), protocol=1, payload=payload))


def _put_together(octets: bytes) -> object:
    """A piece before another that fits: what comes of both."""
    reassembly = Reassembly()
    reassembly.add(Ipv6Packet.parse(octets), 0.0)
    return reassembly.add(Ipv6Packet.parse(PIECES[0]), 0.0)


ENTRIES: dict[str, tuple[Callable[[bytes], object], tuple[bytes, ...]]] = {
    "wire.ip.ipv4.Ipv4Packet.parse": (Ipv4Packet.parse, FOUR),
    "wire.ip.ipv6.Ipv6Packet.parse": (Ipv6Packet.parse, SIX),
    "wire.ip.udp.UdpDatagram.parse": (lambda octets: UdpDatagram.parse(octets, HERE, THERE), UDP),
    "wire.ip.icmpv6.parse_icmpv6": (lambda octets: parse_icmpv6(octets, HERE, THERE), ICMPV6),
    "wire.ip.neighbors.parse_neighbor": (parse_neighbor, NEIGHBORS),
    "wire.ip.neighbors.parse_neighbor behind the checksum": (_neighbor, NEIGHBORS[1:]),
    "wire.ip.packet.parse_packet": (parse_packet, (*SIX[:1], *FOUR[:1])),
    "wire.ip.icmpv4.parse_icmpv4": (parse_icmpv4, ICMPV4),
    "wire.ip.responder.respond icmpv4": (_answer4, ICMPV4),
    "wire.ip.extensions.DestinationOptions.parse": (
        DestinationOptions.parse,
        (DestinationOptions(59, (DestinationOption.home_address(HERE),)).build(),),
    ),
    "wire.ip.extensions.Type2RoutingHeader.parse": (
        Type2RoutingHeader.parse,
        (Type2RoutingHeader(59, HERE).build(),),
    ),
    "wire.ip.extensions.unfold": (lambda octets: unfold(Ipv6Packet.parse(octets)), SIX),
    "wire.ip.reassembly.Reassembly.add": (_put_together, PIECES),
    "wire.ip.responder.respond icmpv6": (lambda octets: _answer(octets, 58, 2), ICMPV6),
    "wire.ip.responder.respond udp": (lambda octets: _answer(octets, 17, 6), UDP),
    "wire.ip.responder.respond any": (lambda octets: respond(Ipv6Packet.parse(octets)), (named("dhaad_reply").packet,)),
}
