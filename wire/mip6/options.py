"""Mobility options: their framing, alignment and padding (RFC 6275 §6.2.1)."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import ClassVar, TypeVar

from wire.buffer import Reader
from wire.errors import EncodeError
from wire.mip6.ipv4_options import Ipv4AddressAck, Ipv4CareOf, Ipv4HomeAddress, NatDetection
from wire.mip6.ipv6_options import AlternateCareOf, BindingAuthorizationData, BindingRefreshAdvice, NonceIndices

_PAD1, _PADN = 0, 1


@dataclass(frozen=True, slots=True)
class UnknownOption:
    """An option that is passed over and kept (RFC 6275 §6.2.1)."""

    alignment: ClassVar[tuple[int, int]] = (1, 0)
    kind: int
    data: bytes

    def body(self) -> bytes:
        """The option's octets behind its length."""
        return self.data


MobilityOption = (
    BindingRefreshAdvice
    | AlternateCareOf
    | NonceIndices
    | BindingAuthorizationData
    | Ipv4HomeAddress
    | Ipv4AddressAck
    | NatDetection
    | Ipv4CareOf
    | UnknownOption
)
KnownT = TypeVar("KnownT")

_READERS: Mapping[int, Callable[[Reader], MobilityOption]] = MappingProxyType(
    {
        BindingRefreshAdvice.kind: BindingRefreshAdvice.read,
        AlternateCareOf.kind: AlternateCareOf.read,
        NonceIndices.kind: NonceIndices.read,
        BindingAuthorizationData.kind: BindingAuthorizationData.read,
        Ipv4HomeAddress.kind: Ipv4HomeAddress.read,
        Ipv4AddressAck.kind: Ipv4AddressAck.read,
        NatDetection.kind: NatDetection.read,
        Ipv4CareOf.kind: Ipv4CareOf.read,
    }
)


def read_options(reader: Reader) -> tuple[MobilityOption, ...]:
    """Read options to the end of the reader's scope, without the padding; DecodeError when one overruns it."""
    options: list[MobilityOption] = []
    while reader.remaining:
        kind = reader.u8()
        if kind == _PAD1:
            continue
        body = reader.sub(reader.u8())
        if kind == _PADN:
            continue
        read = _READERS.get(kind)
        if read is None:
            options.append(UnknownOption(kind, body.rest()))
            continue
        options.append(read(body))
        body.finish()
    return tuple(options)


def append_options(start: bytes, options: Iterable[MobilityOption]) -> bytes:
    """`start`, which begins with the Mobility Header's first octet, and the options behind it, each where it belongs.

    The whole is padded to a multiple of eight octets. EncodeError for an option past 255 octets.
    """
    octets = start
    for option in options:
        body = option.body()
        if len(body) > 0xFF:
            raise EncodeError(f"{len(body)} octets in mobility option {option.kind}")
        multiple, remainder = option.alignment
        octets += _padding((remainder - len(octets)) % multiple) + bytes((option.kind, len(body))) + body
    return octets + _padding(-len(octets) % 8)


def _padding(count: int) -> bytes:
    if count < 2:
        return bytes(count)
    return bytes((_PADN, count - 2)) + bytes(count - 2)


def find(options: Iterable[MobilityOption], wanted: type[KnownT]) -> KnownT | None:
    """The first option of that type, or None."""
    return next((option for option in options if isinstance(option, wanted)), None)
