"""The UDP header (RFC 768; over IPv6 RFC 8200 §8.1)."""

from ipaddress import IPv6Address

from wire.buffer import Reader
from wire.errors import DecodeError, EncodeError
from wire.frozen import dataclass
from wire.ip.checksum import IpAddress, transport_checksum
from wire.ip.ipv6 import PROTO_UDP

_HEADER_OCTETS = 8


@dataclass(frozen=True, slots=True)
class UdpDatagram:
    """One datagram; the checksum is made and checked with the addresses around it."""

    source_port: int
    destination_port: int
    payload: bytes

    @classmethod
    def parse(cls, data: bytes, source: IpAddress, destination: IpAddress) -> "UdpDatagram":
        """Read one datagram; a checksum of zero means none over IPv4 and is refused over IPv6 (RFC 8200 §8.1)."""
        reader = Reader(data)
        source_port, destination_port, length, checksum = (reader.u16() for _ in range(4))
        if length < _HEADER_OCTETS:
            raise DecodeError(4, f"a UDP length of {length} octets")
        payload = reader.take(length - _HEADER_OCTETS)
        if checksum == 0 and isinstance(source, IPv6Address):
            raise DecodeError(6, "a UDP datagram without checksum over IPv6")
        if checksum and transport_checksum(source, destination, PROTO_UDP, data[:length]):
            raise DecodeError(6, "the UDP checksum is wrong")
        return cls(source_port, destination_port, payload)

    def build(self, source: IpAddress, destination: IpAddress) -> bytes:
        """The datagram's octets with its checksum; EncodeError when the payload is too long."""
        length = _HEADER_OCTETS + len(self.payload)
        if length > 0xFFFF:
            raise EncodeError(f"{len(self.payload)} octets do not fit a UDP datagram")
        ports = b"".join(number.to_bytes(2, "big") for number in (self.source_port, self.destination_port, length))
        checksum = transport_checksum(source, destination, PROTO_UDP, ports + b"\x00\x00" + self.payload)
        return ports + (checksum or 0xFFFF).to_bytes(2, "big") + self.payload
