"""The mobility options of RFC 6275 (RFC 6275 §6.2)."""

from dataclasses import dataclass
from ipaddress import IPv6Address
from typing import ClassVar

from wire.buffer import Reader

LIFETIME_UNIT = 4
"""Seconds that one unit of every lifetime and interval stands for (RFC 6275 §6.1.7)."""


@dataclass(frozen=True, slots=True)
class BindingRefreshAdvice:
    """When the home agent would like the next Binding Update; `interval` in units of 4 s (RFC 6275 §6.2.4)."""

    kind: ClassVar[int] = 2
    alignment: ClassVar[tuple[int, int]] = (2, 0)
    interval: int

    @classmethod
    def read(cls, reader: Reader) -> "BindingRefreshAdvice":
        """Read the option's two octets."""
        return cls(reader.u16())

    def body(self) -> bytes:
        """The option's octets behind its length."""
        return self.interval.to_bytes(2, "big")


@dataclass(frozen=True, slots=True)
class AlternateCareOf:
    """The Care-of Address inside what ESP protects (RFC 6275 §6.2.5, RFC 6275 §11.7.1)."""

    kind: ClassVar[int] = 3
    alignment: ClassVar[tuple[int, int]] = (8, 6)
    address: IPv6Address

    @classmethod
    def read(cls, reader: Reader) -> "AlternateCareOf":
        """Read the option's sixteen octets."""
        return cls(IPv6Address(reader.take(16)))

    def body(self) -> bytes:
        """The option's octets behind its length."""
        return self.address.packed


@dataclass(frozen=True, slots=True)
class NonceIndices:
    """Of route optimisation; a home registration must not carry it (RFC 6275 §6.2.6, RFC 6275 §9.5.1)."""

    kind: ClassVar[int] = 4
    alignment: ClassVar[tuple[int, int]] = (2, 0)
    home: int
    care_of: int

    @classmethod
    def read(cls, reader: Reader) -> "NonceIndices":
        """Read the option's four octets."""
        return cls(reader.u16(), reader.u16())

    def body(self) -> bytes:
        """The option's octets behind its length."""
        return self.home.to_bytes(2, "big") + self.care_of.to_bytes(2, "big")


@dataclass(frozen=True, slots=True)
class BindingAuthorizationData:
    """Of route optimisation: the authenticator, which comes last (RFC 6275 §6.2.7)."""

    kind: ClassVar[int] = 5
    alignment: ClassVar[tuple[int, int]] = (8, 2)
    authenticator: bytes

    @classmethod
    def read(cls, reader: Reader) -> "BindingAuthorizationData":
        """Read the whole option."""
        return cls(reader.rest())

    def body(self) -> bytes:
        """The option's octets behind its length."""
        return self.authenticator
