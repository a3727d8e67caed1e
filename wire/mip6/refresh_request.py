"""The Binding Refresh Request (RFC 6275 §6.1.2)."""

from dataclasses import dataclass
from typing import ClassVar

from wire.buffer import Reader
from wire.mip6.header import FIXED_OCTETS, MH_REFRESH_REQUEST
from wire.mip6.options import MobilityOption, append_options, read_options


@dataclass(frozen=True, slots=True)
class RefreshRequest:
    """Asks a mobile node to update its binding."""

    mh_type: ClassVar[int] = MH_REFRESH_REQUEST
    options: tuple[MobilityOption, ...] = ()

    @classmethod
    def parse(cls, data: bytes) -> "RefreshRequest":
        """Read message data, which begin at octet 6 of the Mobility Header; offsets count from its octet 0."""
        reader = Reader(data, base=FIXED_OCTETS)
        reader.skip(2)
        return cls(read_options(reader))

    def build(self) -> bytes:
        """The message data, padded to the end of the Mobility Header."""
        return append_options(bytes(FIXED_OCTETS + 2), self.options)[FIXED_OCTETS:]
