"""The IPv4 header (RFC 791 §3.1)."""

from dataclasses import replace
from ipaddress import IPv4Address

from wire.buffer import Reader
from wire.errors import DecodeError, EncodeError
from wire.frozen import dataclass
from wire.ip.checksum import internet_checksum

HEADER_OCTETS = 20
_DONT_FRAGMENT = 0x4000
_MORE_FRAGMENTS = 0x2000
_OFFSET = 0x1FFF


@dataclass(frozen=True, slots=True, kw_only=True)
class Ipv4Packet:
    """One packet or fragment; `options` are 0 to 40 octets in fours, `fragment_offset` counts eight octets."""

    source: IPv4Address
    destination: IPv4Address
    protocol: int
    payload: bytes
    ttl: int = 64
    tos: int = 0
    identification: int = 0
    dont_fragment: bool = False
    more_fragments: bool = False
    fragment_offset: int = 0
    options: bytes = b""

    def __len__(self) -> int:
        """Octets of the whole packet."""
        return HEADER_OCTETS + len(self.options) + len(self.payload)

    @classmethod
    def parse(cls, data: bytes) -> "Ipv4Packet":
        """Read one packet and check its header checksum; octets behind its Total Length are padding and are left."""
        reader = Reader(data)
        first = reader.u8()
        if first >> 4 != 4:
            raise DecodeError(0, f"IP version {first >> 4} is not 4")
        header_octets = (first & 0xF) * 4
        if header_octets < HEADER_OCTETS:
            raise DecodeError(0, f"a header of {header_octets} octets")
        tos, total = reader.u8(), reader.u16()
        identification, fragment = reader.u16(), reader.u16()
        ttl, protocol = reader.u8(), reader.u8()
        reader.skip(2)
        source, destination = IPv4Address(reader.take(4)), IPv4Address(reader.take(4))
        options = reader.take(header_octets - HEADER_OCTETS)
        if internet_checksum(data[:header_octets]):
            raise DecodeError(10, "the header checksum is wrong")
        if total < header_octets:
            raise DecodeError(2, f"a total length of {total} octets is less than the header")
        return cls(
            source=source,
            destination=destination,
            protocol=protocol,
            payload=reader.take(total - header_octets),
            ttl=ttl,
            tos=tos,
            identification=identification,
            dont_fragment=bool(fragment & _DONT_FRAGMENT),
            more_fragments=bool(fragment & _MORE_FRAGMENTS),
            fragment_offset=fragment & _OFFSET,
            options=options,
        )

    def build(self) -> bytes:
        """The packet's octets with the header checksum; EncodeError when options or payload do not fit."""
        header_octets = HEADER_OCTETS + len(self.options)
        if len(self.options) % 4 or header_octets > 60 or header_octets + len(self.payload) > 0xFFFF:
            raise EncodeError(f"{len(self.options)} octets of options, {len(self.payload)} of payload")
        fragment = self.dont_fragment * _DONT_FRAGMENT | self.more_fragments * _MORE_FRAGMENTS | self.fragment_offset
        before = b"".join(
            (
                bytes((4 << 4 | header_octets // 4, self.tos)),
                (header_octets + len(self.payload)).to_bytes(2, "big"),
                self.identification.to_bytes(2, "big"),
                fragment.to_bytes(2, "big"),
                bytes((self.ttl, self.protocol)),
            )
        )
        after = self.source.packed + self.destination.packed + self.options
        return before + internet_checksum(before + b"\x00\x00" + after).to_bytes(2, "big") + after + self.payload

    def fragments(self, mtu: int) -> "list[Ipv4Packet]":
        """The packet in pieces of at most `mtu` octets each, options in the first alone (RFC 791 §3.2).

        EncodeError when it may not be fragmented, or `mtu` leaves no room.
        """
        room = (mtu - HEADER_OCTETS - len(self.options)) // 8 * 8
        if self.dont_fragment or room <= 0:
            raise EncodeError(f"a packet that may not be sent in pieces of {mtu} octets")
        pieces = [self.payload[at : at + room] for at in range(0, len(self.payload), room)]
        last = len(pieces) - 1
        return [
            replace(
                self,
                payload=piece,
                more_fragments=self.more_fragments or number < last,
                fragment_offset=self.fragment_offset + number * room // 8,
                options=self.options if number == 0 else b"",
            )
            for number, piece in enumerate(pieces)
        ]
