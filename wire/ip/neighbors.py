"""Neighbor Solicitation and Advertisement, by which nodes find who has an address (RFC 4861 §4.3, §4.4)."""

from ipaddress import IPv6Address

from wire.buffer import Reader
from wire.errors import DecodeError
from wire.frozen import dataclass
from wire.ip.checksum import transport_checksum
from wire.ip.icmpv6 import UnknownIcmpv6, build_icmpv6
from wire.ip.ipv6 import PROTO_ICMPV6, Ipv6Packet

NEIGHBOR_SOLICITATION, NEIGHBOR_ADVERTISEMENT = 135, 136

ALL_NODES = IPv6Address("ff02::1")
UNSPECIFIED = IPv6Address(0)

_SOLICITED_NODES = int(IPv6Address("ff02::1:ff00:0"))
_HOP_LIMIT = 255
"""No router lets it through undiminished: who speaks is on the link (RFC 4861 §7.1)."""

_SOURCE_LINK_LAYER, _TARGET_LINK_LAYER = 1, 2
_OPTION_UNIT = 8
_ROUTER, _SOLICITED, _OVERRIDE = 0x80, 0x40, 0x20


@dataclass(frozen=True, slots=True)
class NeighborSolicitation:
    """Who has `target`? Asked from the unspecified address by who wants it for itself (RFC 4862 §5.4.2)."""

    source: IPv6Address
    target: IPv6Address

    @property
    def is_for_oneself(self) -> bool:
        """Whether it belongs to Duplicate Address Detection."""
        return self.source == UNSPECIFIED


@dataclass(frozen=True, slots=True, kw_only=True)
class NeighborAdvertisement:
    """`source` has `target`, at a link-layer address of 6 octets; `router`, `solicited`, `override` are R, S and O."""

    source: IPv6Address
    target: IPv6Address
    link_layer: bytes | None = None
    router: bool = False
    solicited: bool = False
    override: bool = False


NeighborMessage = NeighborSolicitation | NeighborAdvertisement


def solicited_node_of(address: IPv6Address) -> IPv6Address:
    """The multicast address of whoever has `address` (RFC 4291 §2.7.1)."""
    return IPv6Address(_SOLICITED_NODES | int(address) & 0xFFFFFF)


def solicitation(target: IPv6Address) -> bytes:
    """The whole packet that looks for a duplicate of `target` (RFC 4862 §5.4.2)."""
    return _packet(NEIGHBOR_SOLICITATION, bytes(4) + target.packed, UNSPECIFIED, solicited_node_of(target))


def advertisement(message: NeighborAdvertisement) -> bytes:
    """The whole packet that tells every node of the link (RFC 4861 §7.2.6)."""
    flags = message.router * _ROUTER | message.solicited * _SOLICITED | message.override * _OVERRIDE
    option = b"" if message.link_layer is None else bytes((_TARGET_LINK_LAYER, 1)) + message.link_layer
    body = bytes((flags, 0, 0, 0)) + message.target.packed + option
    return _packet(NEIGHBOR_ADVERTISEMENT, body, message.source, ALL_NODES)


def _packet(kind: int, body: bytes, source: IPv6Address, destination: IPv6Address) -> bytes:
    return Ipv6Packet(
        source=source,
        destination=destination,
        next_header=PROTO_ICMPV6,
        payload=build_icmpv6(UnknownIcmpv6(kind, 0, body), source, destination),
        hop_limit=_HOP_LIMIT,
    ).build()


def parse_neighbor(octets: bytes) -> NeighborMessage | None:
    """One of the two messages in an IPv6 packet, None for any other packet.

    DecodeError for one that does not pass the tests of RFC 4861 §7.1.1 and RFC 4861 §7.1.2.
    """
    packet = Ipv6Packet.parse(octets)
    kind = packet.payload[0] if packet.next_header == PROTO_ICMPV6 and packet.payload else 0
    if kind not in {NEIGHBOR_SOLICITATION, NEIGHBOR_ADVERTISEMENT}:
        return None
    reader = Reader(packet.payload)
    reader.skip(1)
    if packet.hop_limit != _HOP_LIMIT:
        raise DecodeError(0, f"a hop limit of {packet.hop_limit}: it comes from another link")
    if reader.u8() or transport_checksum(packet.source, packet.destination, PROTO_ICMPV6, packet.payload):
        raise DecodeError(1, "the ICMPv6 code is not zero, or the checksum is wrong")
    reader.skip(2)
    flags = reader.u32() >> 24
    target = IPv6Address(reader.take(16))
    if target.is_multicast:
        raise reader.error(f"the target {target} is a multicast address")
    options = dict(_options(reader))
    if kind == NEIGHBOR_ADVERTISEMENT:
        return _advertised(packet, target, flags, options.get(_TARGET_LINK_LAYER))
    if packet.source == UNSPECIFIED and (
        packet.destination != solicited_node_of(target) or _SOURCE_LINK_LAYER in options
    ):
        raise DecodeError(0, f"a solicitation of {target} from nobody, which does not look for a duplicate")
    return NeighborSolicitation(packet.source, target)


def _advertised(packet: Ipv6Packet, target: IPv6Address, flags: int, link_layer: bytes | None) -> NeighborAdvertisement:
    if packet.destination.is_multicast and flags & _SOLICITED:
        raise DecodeError(4, f"a solicited advertisement of {target} to everybody")
    return NeighborAdvertisement(
        source=packet.source,
        target=target,
        link_layer=link_layer,
        router=bool(flags & _ROUTER),
        solicited=bool(flags & _SOLICITED),
        override=bool(flags & _OVERRIDE),
    )


def _options(reader: Reader) -> list[tuple[int, bytes]]:
    options = []
    while reader.remaining:
        kind, length = reader.u8(), reader.u8()
        if not length:
            raise reader.error("an option without length")
        options.append((kind, reader.take(length * _OPTION_UNIT - 2)))
    return options
