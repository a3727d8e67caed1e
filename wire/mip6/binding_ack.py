"""The Binding Acknowledgement (RFC 6275 §6.1.8, RFC 3963 §4.2)."""

from dataclasses import dataclass
from enum import KEEP, IntFlag
from typing import ClassVar

from wire.buffer import Reader
from wire.mip6.header import FIXED_OCTETS, MH_BINDING_ACK
from wire.mip6.ipv6_options import LIFETIME_UNIT
from wire.mip6.options import MobilityOption, append_options, read_options


class AckFlag(IntFlag, boundary=KEEP):
    """The flags, from RFC 6275 §6.1.8, RFC 3963 §4.2 and RFC 5213 §8.2."""

    KEY_MANAGEMENT = 0x80
    MOBILE_ROUTER = 0x40
    PROXY_REGISTRATION = 0x20


@dataclass(frozen=True, slots=True, kw_only=True)
class BindingAck:
    """The answer to a Binding Update; `status` as in BindingStatus, `lifetime` granted in units of 4 s.

    `sequence` is the update's own, or with status 135 the last one accepted.
    """

    mh_type: ClassVar[int] = MH_BINDING_ACK
    status: int
    flags: AckFlag
    sequence: int
    lifetime: int
    options: tuple[MobilityOption, ...] = ()

    @property
    def lifetime_seconds(self) -> int:
        """The lifetime in seconds."""
        return self.lifetime * LIFETIME_UNIT

    @classmethod
    def parse(cls, data: bytes) -> "BindingAck":
        """Read message data, which begin at octet 6 of the Mobility Header; offsets count from its octet 0."""
        reader = Reader(data, base=FIXED_OCTETS)
        return cls(
            status=reader.u8(),
            flags=AckFlag(reader.u8()),
            sequence=reader.u16(),
            lifetime=reader.u16(),
            options=read_options(reader),
        )

    def build(self) -> bytes:
        """The message data, padded to the end of the Mobility Header."""
        fixed = (
            bytes((self.status, int(self.flags))) + self.sequence.to_bytes(2, "big") + self.lifetime.to_bytes(2, "big")
        )
        return append_options(bytes(FIXED_OCTETS) + fixed, self.options)[FIXED_OCTETS:]
