"""The EAP packet: Code, Identifier, Length, Type and its data (RFC 3748 §4)."""

from enum import IntEnum
from struct import Struct

from wire.errors import DecodeError, EncodeError
from wire.frozen import dataclass


class EapCode(IntEnum):
    """Code (RFC 3748 §4)."""

    REQUEST = 1
    RESPONSE = 2
    SUCCESS = 3
    FAILURE = 4


HEADER_LENGTH = 4
_CODES = {int(code): code for code in EapCode}
_WITH_TYPE = {int(code): code for code in (EapCode.REQUEST, EapCode.RESPONSE)}
_typed_header = Struct(">BBHB").unpack_from


class EapType(IntEnum):
    """Types that every end knows (RFC 3748 §5); methods of a USIM are wire.identity.EapMethod."""

    IDENTITY = 1
    NOTIFICATION = 2
    NAK = 3
    EXPANDED = 254


@dataclass(frozen=True, slots=True)
class EapPacket:
    """One EAP packet; `type` is None in Success and Failure alone, `type_data` what follows Type."""

    code: EapCode
    identifier: int
    type: int | None = None
    type_data: bytes = b""

    @classmethod
    def parse(cls, octets: bytes) -> "EapPacket":
        """Read one packet; octets after its Length are padding of the link and ignored (RFC 3748 §4.1)."""
        if len(octets) > HEADER_LENGTH:
            number, identifier, length, kind = _typed_header(octets)
            code = _WITH_TYPE.get(number)
            if code is not None and 5 <= length <= len(octets):
                return cls(code, identifier, kind, octets[5:length])
        return cls(_without_type(octets), octets[1])

    def build(self) -> bytes:
        """The octets; EncodeError when a field does not fit or Type is there where it must not be."""
        with_type = self.code in _WITH_TYPE
        if with_type != (self.type is not None) or (self.type_data and self.type is None):
            raise EncodeError("requests and responses have a Type, Success and Failure have none")
        if self.type is None:
            return _head(self.code, self.identifier, HEADER_LENGTH)
        return typed_packet(self.code, self.identifier, self.type, self.type_data)


def _without_type(octets: bytes) -> EapCode:
    """The code of what has no Type; DecodeError for a packet that should have one, or is none."""
    if len(octets) < HEADER_LENGTH:
        raise DecodeError(len(octets), f"{len(octets)} octets, an EAP header has {HEADER_LENGTH}")
    code, length = _CODES.get(octets[0]), octets[2] << 8 | octets[3]
    if code is None:
        raise DecodeError(HEADER_LENGTH, f"unknown EAP code {octets[0]}")
    if length <= HEADER_LENGTH if code in _WITH_TYPE else length != HEADER_LENGTH:
        raise DecodeError(HEADER_LENGTH, f"an EAP {code.name.lower()} of {length} octets")
    if length > len(octets):
        raise DecodeError(HEADER_LENGTH, f"{length} octets needed, {len(octets)} arrived")
    return code


def _head(code: EapCode, identifier: int, length: int) -> bytes:
    try:
        return bytes((code, identifier, length >> 8, length & 0xFF))
    except ValueError:
        raise EncodeError("Identifier has one octet and Length two") from None


_SUCCESS = {identifier: _head(EapCode.SUCCESS, identifier, HEADER_LENGTH) for identifier in range(256)}


def typed_packet(code: EapCode, identifier: int, kind: int, *type_data: bytes) -> bytes:
    """The octets of a request or response of type `kind`; EncodeError when a field does not fit."""
    body = b"".join(type_data)
    length = HEADER_LENGTH + 1 + len(body)
    try:
        return bytes((code, identifier, length >> 8, length & 0xFF, kind)) + body
    except ValueError:
        raise EncodeError("Identifier and Type have one octet each, and Length two") from None


def identity_request(identifier: int) -> bytes:
    """EAP-Request/Identity without a displayable message (RFC 3748 §5.1)."""
    return EapPacket(EapCode.REQUEST, identifier, EapType.IDENTITY).build()


def identity_response(identifier: int, identity: bytes) -> bytes:
    """EAP-Response/Identity; `identity` is the octets of a NAI (RFC 3748 §5.1)."""
    return EapPacket(EapCode.RESPONSE, identifier, EapType.IDENTITY, identity).build()


def nak(identifier: int, *wanted: int) -> bytes:
    """Legacy Nak that asks for the Types `wanted`, or for none (RFC 3748 §5.3.1)."""
    return EapPacket(EapCode.RESPONSE, identifier, EapType.NAK, bytes(wanted or (0,))).build()


def success(identifier: int) -> bytes:
    """EAP-Success; `identifier` is that of the response it follows (RFC 3748 §4.2)."""
    packet = _SUCCESS.get(identifier)
    return _head(EapCode.SUCCESS, identifier, HEADER_LENGTH) if packet is None else packet


def failure(identifier: int) -> bytes:
    """EAP-Failure; `identifier` is that of the response it follows (RFC 3748 §4.2)."""
    return _head(EapCode.FAILURE, identifier, HEADER_LENGTH)
