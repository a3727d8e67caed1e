"""The Binding Update (RFC 6275 §6.1.7, RFC 5555 §3.1.3)."""

from dataclasses import dataclass
from enum import KEEP, IntFlag
from typing import ClassVar

from wire.buffer import Reader
from wire.mip6.header import FIXED_OCTETS, MH_BINDING_UPDATE
from wire.mip6.ipv6_options import LIFETIME_UNIT
from wire.mip6.options import MobilityOption, append_options, read_options


class BindingFlag(IntFlag, boundary=KEEP):
    """The flags of RFC 6275 §6.1.7, RFC 3963 §4.1, RFC 5213 §8.1, RFC 5555 §3.1.3, RFC 5648 §4.2 and others."""

    ACKNOWLEDGE = 0x8000
    HOME_REGISTRATION = 0x4000
    LINK_LOCAL = 0x2000
    KEY_MANAGEMENT = 0x1000
    MAP_REGISTRATION = 0x0800
    MOBILE_ROUTER = 0x0400
    PROXY_REGISTRATION = 0x0200
    FORCE_UDP = 0x0100
    TLV_HEADER = 0x0080
    OVERWRITE = 0x0040


@dataclass(frozen=True, slots=True, kw_only=True)
class BindingUpdate:
    """A binding asked for; `lifetime` in units of 4 s, 0 to delete it."""

    mh_type: ClassVar[int] = MH_BINDING_UPDATE
    sequence: int
    flags: BindingFlag
    lifetime: int
    options: tuple[MobilityOption, ...] = ()

    @property
    def lifetime_seconds(self) -> int:
        """The lifetime in seconds."""
        return self.lifetime * LIFETIME_UNIT

    @classmethod
    def parse(cls, data: bytes) -> "BindingUpdate":
        """Read message data, which begin at octet 6 of the Mobility Header; offsets count from its octet 0."""
        reader = Reader(data, base=FIXED_OCTETS)
        return cls(
            sequence=reader.u16(),
            flags=BindingFlag(reader.u16()),
            lifetime=reader.u16(),
            options=read_options(reader),
        )

    def build(self) -> bytes:
        """The message data, padded to the end of the Mobility Header."""
        fixed = b"".join(number.to_bytes(2, "big") for number in (self.sequence, int(self.flags), self.lifetime))
        return append_options(bytes(FIXED_OCTETS) + fixed, self.options)[FIXED_OCTETS:]
