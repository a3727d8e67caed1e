"""Identification payloads (RFC 7296 §3.5)."""

from typing import ClassVar, Self

from wire.buffer import Reader
from wire.frozen import dataclass
from wire.ikev2.constants import IdType, PayloadType, name_of

_LONGEST_NAME = 255
"""Octets of a name in DNS (RFC 1035 §2.3.4), and more than those of a NAI that RADIUS carries (RFC 7542 §2.2)."""

_MOST_SHOWN = 64


@dataclass(frozen=True, slots=True)
class Identification:
    """Who one end says it is; `build()` is also the ID' that AUTH signs (RFC 7296 §2.15)."""

    payload_type: ClassVar[int]
    id_type: int
    data: bytes
    reserved: bytes = bytes(3)

    @classmethod
    def parse(cls, reader: Reader) -> Self:
        """Read the payload's body to its end; the reserved octets are kept, for AUTH signs them as they came."""
        id_type = reader.u8()
        reserved = reader.take(3)
        return cls(id_type, reader.rest(), reserved)

    def build(self) -> bytes:
        """The payload's body."""
        return bytes((self.id_type,)) + self.reserved + self.data

    @property
    def text(self) -> str:
        """For an operator's eye: names as they are, anything else by type and the digits of 64 octets."""
        is_name = self.id_type in (IdType.FQDN, IdType.RFC822_ADDR) and len(self.data) <= _LONGEST_NAME
        if is_name and self.data.isascii():
            name = self.data.decode("ascii")
            if name.isprintable():
                return name
        more = "..." if len(self.data) > _MOST_SHOWN else ""
        return f"{name_of(IdType, self.id_type)} {self.data[:_MOST_SHOWN].hex()}{more}"


@dataclass(frozen=True, slots=True)
class IdInitiator(Identification):
    """IDi."""

    payload_type: ClassVar[int] = PayloadType.IDI


@dataclass(frozen=True, slots=True)
class IdResponder(Identification):
    """IDr."""

    payload_type: ClassVar[int] = PayloadType.IDR
