"""What a Router Advertisement says of a home agent (RFC 4861 §4.2, RFC 6275 §7.1, RFC 6275 §7.2, RFC 6275 §7.4)."""

from ipaddress import IPv6Address

from wire.buffer import Reader
from wire.errors import DecodeError
from wire.frozen import dataclass
from wire.ip.checksum import transport_checksum
from wire.ip.ipv6 import PROTO_ICMPV6, Ipv6Packet

ROUTER_ADVERTISEMENT = 134

_HOP_LIMIT = 255
_HOME_AGENT = 0x20
_PREFIX_INFORMATION, _HOME_AGENT_INFORMATION = 3, 8
_ROUTER_ADDRESS = 0x20
_OPTION_UNIT = 8


@dataclass(frozen=True, slots=True)
class AdvertisedAgent:
    """A router, by its link-local address `router`, as a home agent: with which global addresses, for how many seconds.

    With a `lifetime` of 0 it is none, or no longer; of the higher `preference` the better.
    """

    router: IPv6Address
    addresses: tuple[IPv6Address, ...]
    lifetime: int
    preference: int


def parse_agent(octets: bytes) -> AdvertisedAgent | None:
    """What a whole IPv6 packet of the link says; None for anything but a Router Advertisement.

    DecodeError for one that does not pass the tests of RFC 4861 §6.1.2.
    """
    packet = Ipv6Packet.parse(octets)
    if packet.next_header != PROTO_ICMPV6 or packet.payload[:1] != bytes((ROUTER_ADVERTISEMENT,)):
        return None
    if packet.hop_limit != _HOP_LIMIT or not packet.source.is_link_local:
        raise DecodeError(7, f"a Router Advertisement of {packet.source}, which is not on the link")
    reader = Reader(packet.payload)
    reader.skip(1)
    if reader.u8() or transport_checksum(packet.source, packet.destination, PROTO_ICMPV6, packet.payload):
        raise DecodeError(1, "the ICMPv6 code is not zero, or the checksum is wrong")
    reader.skip(3)
    flags, lifetime, preference = reader.u8(), reader.u16(), 0
    reader.skip(8)
    addresses: list[IPv6Address] = []
    while reader.remaining:
        kind, units = reader.u8(), reader.u8()
        if not units:
            raise reader.error("an option without length")
        body = reader.sub(units * _OPTION_UNIT - 2)
        if kind == _HOME_AGENT_INFORMATION and units == 1:
            body.skip(2)
            preference, lifetime = body.u16(), body.u16()
        elif kind == _PREFIX_INFORMATION and units == 4 and (address := _router_address(body)) is not None:
            addresses.append(address)
    return AdvertisedAgent(packet.source, tuple(addresses), lifetime if flags & _HOME_AGENT else 0, preference)


def _router_address(body: Reader) -> IPv6Address | None:
    """The whole address that stands in place of a prefix, with R."""
    body.skip(1)
    flags, valid = body.u8(), body.u32()
    body.skip(8)
    address = IPv6Address(body.take(16))
    return address if flags & _ROUTER_ADDRESS and valid else None
