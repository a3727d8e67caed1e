"""The mobility options of DS-MIPv6 (RFC 5555 §3.1, RFC 5555 §3.2)."""

from dataclasses import dataclass
from ipaddress import IPv4Address
from typing import ClassVar

from wire.buffer import Reader

NO_KEEPALIVE = 0xFFFF_FFFF
"""A refresh time of all ones: the tunnel needs no keepalive (RFC 5555 §3.2.2)."""


@dataclass(frozen=True, slots=True)
class Ipv4HomeAddress:
    """Asks for an IPv4 Home Address, any when it is 0.0.0.0, or with P for a prefix (RFC 5555 §3.1.1)."""

    kind: ClassVar[int] = 29
    alignment: ClassVar[tuple[int, int]] = (4, 0)
    address: IPv4Address
    prefix_length: int = 32
    prefix_requested: bool = False

    @classmethod
    def read(cls, reader: Reader) -> "Ipv4HomeAddress":
        """Read the option's six octets."""
        word = reader.u16()
        return cls(IPv4Address(reader.take(4)), word >> 10, bool(word & 0x200))

    def body(self) -> bytes:
        """The option's octets behind its length."""
        return (self.prefix_length << 10 | self.prefix_requested << 9).to_bytes(2, "big") + self.address.packed


@dataclass(frozen=True, slots=True)
class Ipv4AddressAck:
    """The answer to an IPv4 Home Address option: an Ipv4AckStatus, with prefix 0 when it refuses (RFC 5555 §3.2.1)."""

    kind: ClassVar[int] = 30
    alignment: ClassVar[tuple[int, int]] = (4, 0)
    status: int
    address: IPv4Address
    prefix_length: int = 32

    @classmethod
    def read(cls, reader: Reader) -> "Ipv4AddressAck":
        """Read the option's six octets."""
        status, prefix = reader.u8(), reader.u8()
        return cls(status, IPv4Address(reader.take(4)), prefix >> 2)

    def body(self) -> bytes:
        """The option's octets behind its length."""
        return bytes((self.status, self.prefix_length << 2)) + self.address.packed


@dataclass(frozen=True, slots=True)
class NatDetection:
    """The home agent's finding; `refresh` in seconds between keepalives, 0 to be ignored (RFC 5555 §3.2.2)."""

    kind: ClassVar[int] = 31
    alignment: ClassVar[tuple[int, int]] = (4, 0)
    refresh: int
    force_udp: bool = False

    @classmethod
    def read(cls, reader: Reader) -> "NatDetection":
        """Read the option's six octets."""
        return cls(force_udp=bool(reader.u16() & 0x8000), refresh=reader.u32())

    def body(self) -> bytes:
        """The option's octets behind its length."""
        return (self.force_udp << 15).to_bytes(2, "big") + self.refresh.to_bytes(4, "big")


@dataclass(frozen=True, slots=True)
class Ipv4CareOf:
    """The address that the mobile node itself sees in an IPv4-only network (RFC 5555 §3.1.2)."""

    kind: ClassVar[int] = 32
    alignment: ClassVar[tuple[int, int]] = (4, 0)
    address: IPv4Address

    @classmethod
    def read(cls, reader: Reader) -> "Ipv4CareOf":
        """Read the option's six octets."""
        reader.skip(2)
        return cls(IPv4Address(reader.take(4)))

    def body(self) -> bytes:
        """The option's octets behind its length."""
        return bytes(2) + self.address.packed
