"""Octets to RadiusPacket and back (RFC 2865 §3), on pyrad's packet codec behind checks of our own."""

from pyrad.packet import AuthPacket, Packet, PacketError

from wire.buffer import Reader
from wire.errors import DecodeError, EncodeError
from wire.radius.dictionary import pyrad_dictionary
from wire.radius.packet import AUTHENTICATOR_LENGTH, HEADER_LENGTH, MAX_LENGTH, Attribute, RadiusPacket

EAP_MESSAGE = 79


def parse_packet(octets: bytes) -> RadiusPacket:
    """Read one packet; octets behind its Length are padding (RFC 2865 §3). DecodeError for all that is malformed."""
    length = _check_header(octets)
    _check_attributes(octets[:length])
    try:
        decoded = Packet(packet=octets[:length], dict=pyrad_dictionary())
    except PacketError as error:
        raise DecodeError(HEADER_LENGTH, str(error)) from None
    attributes = tuple(Attribute(key, bytes(value)) for key, values in decoded.items() for value in values)
    return RadiusPacket(decoded.code, decoded.id, bytes(decoded.authenticator), attributes)


def build_packet(packet: RadiusPacket) -> bytes:
    """The octets of `packet`, its authenticator as it stands; EncodeError when a field cannot carry its value."""
    if len(packet.authenticator) != AUTHENTICATOR_LENGTH:
        raise EncodeError(f"an authenticator of {len(packet.authenticator)} octets")
    if not (0 <= packet.code <= 255 and 0 <= packet.identifier <= 255):
        raise EncodeError("code and identifier are one octet each")
    encoder = AuthPacket(packet.code, packet.identifier, b"", packet.authenticator, dict=pyrad_dictionary())
    for attribute in packet.attributes:
        encoder.setdefault(attribute.key, []).append(attribute.value)
    try:
        octets = bytes(encoder.RequestPacket())
    except (ValueError, TypeError) as error:
        raise EncodeError(str(error)) from None
    if len(octets) > MAX_LENGTH:
        raise EncodeError(f"a packet of {len(octets)} octets, {MAX_LENGTH} are allowed")
    return octets


def _check_header(octets: bytes) -> int:
    if len(octets) < HEADER_LENGTH:
        raise DecodeError(len(octets), f"{len(octets)} octets, a header has {HEADER_LENGTH}")
    length = int.from_bytes(octets[2:4], "big")
    if length < HEADER_LENGTH or length > MAX_LENGTH:
        raise DecodeError(2, f"Length {length} is not between {HEADER_LENGTH} and {MAX_LENGTH}")
    if length > len(octets):
        raise DecodeError(2, f"Length {length}, {len(octets)} octets arrived")
    return length


def _check_attributes(packet: bytes) -> None:
    """pyrad truncates an attribute that overruns the packet and loses the order that RFC 3579 §3.1 prescribes."""
    reader = Reader(packet)
    reader.skip(HEADER_LENGTH)
    previous, eap_ended = 0, False
    while reader.remaining:
        start = reader.offset
        kind = reader.u8()
        length = reader.u8()
        if length < 2:
            raise DecodeError(start + 1, f"attribute {kind} has Length {length}")
        reader.skip(length - 2)
        eap_ended = eap_ended or (previous == EAP_MESSAGE and kind != EAP_MESSAGE)
        if kind == EAP_MESSAGE and eap_ended:
            raise DecodeError(start, "EAP-Message attributes are not consecutive")
        previous = kind
