"""Destination Options with the Home Address option, and the type 2 routing header (RFC 6275 §6.3, RFC 6275 §6.4)."""

from ipaddress import IPv6Address

from wire.buffer import Reader
from wire.errors import DecodeError, EncodeError
from wire.frozen import dataclass
from wire.ip.ipv6 import HEADER_OCTETS, PROTO_DESTINATION_OPTIONS, PROTO_HOP_BY_HOP, PROTO_ROUTING, Ipv6Packet

HOME_ADDRESS_OPTION = 201
_PAD1, _PADN = 0, 1
_MOST_HEADERS = 8
_ACTION_SKIP = 0


@dataclass(frozen=True, slots=True)
class DestinationOption:
    """One option; the top two bits of `kind` say what to do when it is not known (RFC 8200 §4.2)."""

    kind: int
    data: bytes

    @classmethod
    def home_address(cls, address: IPv6Address) -> "DestinationOption":
        """The option that names a mobile node's Home Address (RFC 6275 §6.3)."""
        return cls(HOME_ADDRESS_OPTION, address.packed)


@dataclass(frozen=True, slots=True)
class DestinationOptions:
    """A Destination Options header without its padding, which is made anew by each option's alignment."""

    next_header: int
    options: tuple[DestinationOption, ...]

    @classmethod
    def read(cls, reader: Reader) -> "DestinationOptions":
        """Read the header where `reader` stands, to its end."""
        next_header = reader.u8()
        body = reader.sub(reader.u8() * 8 + 6)
        options = []
        while body.remaining:
            kind = body.u8()
            if kind == _PAD1:
                continue
            data = body.take(body.u8())
            if kind != _PADN:
                options.append(DestinationOption(kind, data))
        return cls(next_header, tuple(options))

    @classmethod
    def parse(cls, data: bytes) -> "DestinationOptions":
        """Read `data`, which is this header and nothing more."""
        reader = Reader(data)
        header = cls.read(reader)
        reader.finish()
        return header

    def build(self) -> bytes:
        """The header's octets, a multiple of eight; the Home Address option is aligned to 8n+6 (RFC 6275 §6.3)."""
        body = b"\x00\x00"
        for option in self.options:
            if option.kind == HOME_ADDRESS_OPTION:
                body += _padding((6 - len(body)) % 8)
            body += bytes((option.kind, len(option.data))) + option.data
        body += _padding(-len(body) % 8)
        if len(body) > 256 * 8:
            raise EncodeError(f"{len(body)} octets of destination options")
        return bytes((self.next_header, len(body) // 8 - 1)) + body[2:]


def _padding(count: int) -> bytes:
    if count < 2:
        return bytes(count)
    return bytes((_PADN, count - 2)) + bytes(count - 2)


@dataclass(frozen=True, slots=True)
class Type2RoutingHeader:
    """The routing header that carries a Home Address, and that alone (RFC 6275 §6.4)."""

    next_header: int
    home_address: IPv6Address
    segments_left: int = 1

    @classmethod
    def read(cls, reader: Reader) -> "Type2RoutingHeader":
        """Read the header where `reader` stands; every other type, length or segment count is refused (§6.4)."""
        next_header, length, kind, segments = (reader.u8() for _ in range(4))
        if (length, kind) != (2, 2) or segments > 1:
            raise reader.error(f"a routing header of type {kind}, length {length}, {segments} segments left")
        reader.skip(4)
        return cls(next_header, IPv6Address(reader.take(16)), segments)

    @classmethod
    def parse(cls, data: bytes) -> "Type2RoutingHeader":
        """Read `data`, which is this header and nothing more."""
        reader = Reader(data)
        header = cls.read(reader)
        reader.finish()
        return header

    def build(self) -> bytes:
        """The header's 24 octets."""
        return bytes((self.next_header, 2, 2, self.segments_left)) + bytes(4) + self.home_address.packed


@dataclass(frozen=True, slots=True, kw_only=True)
class Unfolded:
    """A packet as the layers above Mobile IPv6 see it: Home Addresses in the place of Care-of Addresses.

    `care_of` is the source that a Home Address option stood for, `routed_to` the destination that a type 2 routing
    header was sent to; None without them.
    """

    source: IPv6Address
    destination: IPv6Address
    next_header: int
    payload: bytes
    care_of: IPv6Address | None = None
    routed_to: IPv6Address | None = None


def unfold(packet: Ipv6Packet) -> Unfolded:
    """Read the packet's leading option and routing headers; DecodeError for what must be dropped (RFC 8200 §4.2)."""
    reader = Reader(packet.payload, base=HEADER_OCTETS)
    next_header = packet.next_header
    home_address = routed_home = None
    for _ in range(_MOST_HEADERS):
        if next_header in {PROTO_DESTINATION_OPTIONS, PROTO_HOP_BY_HOP}:
            at = reader.offset
            options = DestinationOptions.read(reader)
            home_address = _home_address(options, at) or home_address
            next_header = options.next_header
        elif next_header == PROTO_ROUTING:
            routing = Type2RoutingHeader.read(reader)
            routed_home = routing.home_address if routing.segments_left else routed_home
            next_header = routing.next_header
        else:
            return Unfolded(
                source=home_address or packet.source,
                destination=routed_home or packet.destination,
                next_header=next_header,
                payload=reader.rest(),
                care_of=packet.source if home_address else None,
                routed_to=packet.destination if routed_home else None,
            )
    raise reader.error(f"more than {_MOST_HEADERS} extension headers")


def _home_address(header: DestinationOptions, at: int) -> IPv6Address | None:
    found = None
    for option in header.options:
        if option.kind == HOME_ADDRESS_OPTION and len(option.data) == 16 and found is None:
            found = IPv6Address(option.data)
        elif option.kind == HOME_ADDRESS_OPTION or option.kind >> 6 != _ACTION_SKIP:
            raise DecodeError(at, f"destination option {option.kind} is not understood")
    return found
