"""The IPv6 header (RFC 8200 §3)."""

from ipaddress import IPv6Address

from wire.buffer import Reader
from wire.errors import DecodeError, EncodeError
from wire.frozen import dataclass

HEADER_OCTETS = 40
MINIMUM_MTU = 1280

PROTO_HOP_BY_HOP = 0
PROTO_IPV4 = 4
PROTO_UDP = 17
PROTO_IPV6 = 41
PROTO_ROUTING = 43
PROTO_ESP = 50
PROTO_AH = 51
PROTO_ICMPV6 = 58
PROTO_NONE = 59
PROTO_DESTINATION_OPTIONS = 60
PROTO_MOBILITY = 135


@dataclass(frozen=True, slots=True, kw_only=True)
class Ipv6Packet:
    """One packet; `payload` begins with the header that `next_header` names, extension headers included."""

    source: IPv6Address
    destination: IPv6Address
    next_header: int
    payload: bytes
    hop_limit: int = 64
    traffic_class: int = 0
    flow_label: int = 0

    def __len__(self) -> int:
        """Octets of the whole packet."""
        return HEADER_OCTETS + len(self.payload)

    @classmethod
    def parse(cls, data: bytes) -> "Ipv6Packet":
        """Read one packet; octets behind its Payload Length are traffic flow padding (RFC 4303 §2.7) and are left."""
        reader = Reader(data)
        first = reader.u32()
        if first >> 28 != 6:
            raise DecodeError(0, f"IP version {first >> 28} is not 6")
        length, next_header, hop_limit = reader.u16(), reader.u8(), reader.u8()
        return cls(
            source=IPv6Address(reader.take(16)),
            destination=IPv6Address(reader.take(16)),
            next_header=next_header,
            payload=reader.take(length),
            hop_limit=hop_limit,
            traffic_class=first >> 20 & 0xFF,
            flow_label=first & 0xFFFFF,
        )

    def build(self) -> bytes:
        """The packet's octets; EncodeError when the payload is past 65535 octets."""
        if len(self.payload) > 0xFFFF:
            raise EncodeError(f"{len(self.payload)} octets do not fit an IPv6 packet")
        first = 6 << 28 | self.traffic_class << 20 | self.flow_label
        return b"".join(
            (
                first.to_bytes(4, "big"),
                len(self.payload).to_bytes(2, "big"),
                bytes((self.next_header, self.hop_limit)),
                self.source.packed,
                self.destination.packed,
                self.payload,
            )
        )


def is_whole(octets: bytes) -> bool:
    """Whether these are one IPv6 packet by its header, with nothing missing and nothing behind it."""
    return (
        len(octets) >= HEADER_OCTETS
        and octets[0] >> 4 == 6
        and (octets[4] << 8 | octets[5]) == len(octets) - HEADER_OCTETS
    )
