"""The Binding Error (RFC 6275 §6.1.9)."""

from dataclasses import dataclass
from ipaddress import IPv6Address
from typing import ClassVar

from wire.buffer import Reader
from wire.mip6.header import FIXED_OCTETS, MH_BINDING_ERROR
from wire.mip6.options import MobilityOption, append_options, read_options


@dataclass(frozen=True, slots=True)
class BindingError:
    """`status` as in BindingErrorStatus; `home_address` from the Home Address option, or unspecified."""

    mh_type: ClassVar[int] = MH_BINDING_ERROR
    status: int
    home_address: IPv6Address
    options: tuple[MobilityOption, ...] = ()

    @classmethod
    def parse(cls, data: bytes) -> "BindingError":
        """Read message data, which begin at octet 6 of the Mobility Header; offsets count from its octet 0."""
        reader = Reader(data, base=FIXED_OCTETS)
        status = reader.u8()
        reader.skip(1)
        return cls(status, IPv6Address(reader.take(16)), read_options(reader))

    def build(self) -> bytes:
        """The message data, padded to the end of the Mobility Header."""
        fixed = bytes((self.status, 0)) + self.home_address.packed
        return append_options(bytes(FIXED_OCTETS) + fixed, self.options)[FIXED_OCTETS:]
