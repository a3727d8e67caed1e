"""Any Mobility Header message: from octets to its type and back (RFC 6275 §6.1)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from ipaddress import IPv6Address
from types import MappingProxyType

from wire.errors import DecodeError
from wire.mip6.binding_ack import BindingAck
from wire.mip6.binding_error import BindingError
from wire.mip6.binding_update import BindingUpdate
from wire.mip6.header import HEADER_LEN_OFFSET, MH_REVOCATION, MobilityHeader
from wire.mip6.refresh_request import RefreshRequest
from wire.mip6.revocation import RevocationAck, RevocationIndication, parse_revocation


@dataclass(frozen=True, slots=True)
class UnknownMessage:
    """A message of another type, kept as it is; `data` begin at octet 6 of the header."""

    mh_type: int
    data: bytes

    def build(self) -> bytes:
        """The message data as they came."""
        return self.data


MobilityMessage = (
    BindingUpdate | BindingAck | BindingError | RefreshRequest | RevocationIndication | RevocationAck | UnknownMessage
)

_PARSERS: Mapping[int, tuple[int, Callable[[bytes], MobilityMessage]]] = MappingProxyType(
    {
        RefreshRequest.mh_type: (2, RefreshRequest.parse),
        BindingUpdate.mh_type: (6, BindingUpdate.parse),
        BindingAck.mh_type: (6, BindingAck.parse),
        BindingError.mh_type: (18, BindingError.parse),
        MH_REVOCATION: (6, parse_revocation),
    }
)


def is_known_type(mh_type: int) -> bool:
    """Whether messages of this type are read; the answer to any other is a Binding Error (RFC 6275 §9.2)."""
    return mh_type in _PARSERS


def parse_message(data: bytes) -> MobilityMessage:
    """Read a whole Mobility Header, its checksum apart.

    A header too short for its type is the fault of its Header Len, and the offset says so (RFC 6275 §9.2).
    """
    header = MobilityHeader.parse(data)
    if header.mh_type not in _PARSERS:
        return UnknownMessage(header.mh_type, header.data)
    least, parse = _PARSERS[header.mh_type]
    if len(header.data) < least:
        raise DecodeError(HEADER_LEN_OFFSET, f"{len(data)} octets are too few for MH type {header.mh_type}")
    return parse(header.data)


def build_message(message: MobilityMessage, source: IPv6Address, destination: IPv6Address) -> bytes:
    """The whole Mobility Header with its checksum; the addresses are the Home Address forms (RFC 6275 §6.1.1)."""
    return MobilityHeader(message.mh_type, message.build()).build(source, destination)
