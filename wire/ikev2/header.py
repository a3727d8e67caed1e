"""The IKE header (RFC 7296 §3.1)."""

import struct

from wire.buffer import Reader
from wire.errors import DecodeError
from wire.frozen import dataclass

HEADER_OCTETS = 28
SPI_OCTETS = 8
MAJOR_VERSION = 2
NO_SPI = bytes(SPI_OCTETS)

_FIELDS = struct.Struct(">8s8sBBBBII")
_INITIATOR, _RESPONSE = 0x08, 0x20


class UnsupportedMajorVersion(DecodeError):
    """The message is of another major version, which INVALID_MAJOR_VERSION answers (RFC 7296 §2.5)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """SPIs of 8 octets; `initiator` is the I flag (the sender began the IKE SA), `response` the R flag.

    `length` counts the whole message in octets, header included.
    """

    spi_i: bytes
    spi_r: bytes
    next_payload: int
    exchange: int
    initiator: bool
    response: bool
    message_id: int
    length: int

    @classmethod
    def parse(cls, reader: Reader) -> "Header":
        """Read 28 octets; DecodeError when short, UnsupportedMajorVersion unless the major version is 2."""
        start = reader.offset
        spi_i, spi_r, next_payload, version, exchange, flags, message_id, length = _FIELDS.unpack(
            reader.take(HEADER_OCTETS)
        )
        if version >> 4 != MAJOR_VERSION:
            raise UnsupportedMajorVersion(start + 17, f"major version {version >> 4}")
        return cls(
            spi_i=spi_i,
            spi_r=spi_r,
            next_payload=next_payload,
            exchange=exchange,
            initiator=bool(flags & _INITIATOR),
            response=bool(flags & _RESPONSE),
            message_id=message_id,
            length=length,
        )

    def build(self) -> bytes:
        """The 28 octets, as version 2.0."""
        flags = self.initiator * _INITIATOR | self.response * _RESPONSE
        kinds = bytes((self.next_payload, MAJOR_VERSION << 4, self.exchange, flags))
        return self.spi_i + self.spi_r + kinds + self.message_id.to_bytes(4, "big") + self.length.to_bytes(4, "big")
