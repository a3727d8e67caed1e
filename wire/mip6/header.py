"""The Mobility Header and its checksum (RFC 6275 §6.1.1)."""

from dataclasses import dataclass
from ipaddress import IPv6Address

from wire.buffer import Reader
from wire.errors import DecodeError, EncodeError
from wire.ip.checksum import transport_checksum
from wire.ip.ipv6 import PROTO_MOBILITY, PROTO_NONE

MH_REFRESH_REQUEST = 0
MH_BINDING_UPDATE = 5
MH_BINDING_ACK = 6
MH_BINDING_ERROR = 7
MH_REVOCATION = 16

FIXED_OCTETS = 6
"""Where the message data begins; options are aligned as counted from the start of the header."""

PAYLOAD_PROTO_OFFSET = 0
HEADER_LEN_OFFSET = 1


@dataclass(frozen=True, slots=True)
class MobilityHeader:
    """One header; `data` are message data and options, so that 6 + len(data) is a multiple of 8."""

    mh_type: int
    data: bytes

    @classmethod
    def parse(cls, data: bytes) -> "MobilityHeader":
        """Read one header that fills `data`.

        The offset of the DecodeError is the Parameter Problem's pointer (RFC 6275 §9.2). The checksum is another
        question, because it needs the addresses: `checksum_holds`.
        """
        reader = Reader(data)
        payload_proto, header_len, mh_type = reader.u8(), reader.u8(), reader.u8()
        if payload_proto != PROTO_NONE:
            raise DecodeError(PAYLOAD_PROTO_OFFSET, f"payload protocol {payload_proto} follows a Mobility Header")
        if (header_len + 1) * 8 != len(data):
            raise DecodeError(HEADER_LEN_OFFSET, f"a Header Len of {header_len} in {len(data)} octets")
        reader.skip(3)
        return cls(mh_type, reader.rest())

    def build(self, source: IPv6Address, destination: IPv6Address) -> bytes:
        """The header's octets with the checksum for these addresses; EncodeError when the length does not fit."""
        octets = FIXED_OCTETS + len(self.data)
        if octets % 8 or octets > 256 * 8:
            raise EncodeError(f"{len(self.data)} octets do not fill a Mobility Header")
        start = bytes((PROTO_NONE, octets // 8 - 1, self.mh_type, 0))
        checksum = mobility_checksum(start + b"\x00\x00" + self.data, source, destination)
        return start + checksum.to_bytes(2, "big") + self.data


def mobility_checksum(octets: bytes, source: IPv6Address, destination: IPv6Address) -> int:
    """The checksum of a whole header; 0 when it holds its own right one (RFC 6275 §6.1.1).

    The addresses are the Home Address forms: what a Home Address option or a type 2 routing header names stands in
    the place of the Care-of Address.
    """
    return transport_checksum(source, destination, PROTO_MOBILITY, octets)


def checksum_holds(octets: bytes, source: IPv6Address, destination: IPv6Address) -> bool:
    """Whether a received header carries the right checksum; when not, it is dropped without a word (RFC 6275 §9.2)."""
    return mobility_checksum(octets, source, destination) == 0
