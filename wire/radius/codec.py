"""Octets to RadiusPacket and back (RFC 2865 §3, §5, §5.26): one pass over the octets, for every request pays for it."""

from collections.abc import Iterable

from wire.errors import DecodeError, EncodeError
from wire.radius.dictionary import VALUE_LIMIT, Key
from wire.radius.packet import AUTHENTICATOR_LENGTH, HEADER_LENGTH, MAX_LENGTH, Attribute, RadiusPacket

EAP_MESSAGE = 79
VENDOR_SPECIFIC = 26
_VENDOR_ID_LENGTH = 4
_OCTETS = tuple(bytes((octet,)) for octet in range(256))
_new = tuple.__new__


def parse_packet(octets: bytes) -> RadiusPacket:
    """Read one packet; octets behind its Length are padding (RFC 2865 §3). DecodeError for all that is malformed."""
    length = _check_header(octets)
    if length < len(octets):
        octets = octets[:length]
    attributes: list[Attribute] = []
    at, eap_end = HEADER_LENGTH, 0
    try:
        while at < length:
            kind = octets[at]
            end = at + octets[at + 1]
            value = octets[at + 2 : end]
            # the value is two octets shorter than the attribute, unless Length says nothing that can be
            if len(value) != end - at - 2:
                break
            if kind == EAP_MESSAGE:
                if eap_end not in (0, at):
                    raise DecodeError(at, "EAP-Message attributes are not consecutive")
                eap_end = end
            if kind == VENDOR_SPECIFIC:
                attributes += _vendor_attributes(value)
            else:
                # as Attribute(), which takes a call more
                attributes.append(_new(Attribute, (kind, value)))
            at = end
    except IndexError:
        raise _bad_length(octets, at) from None
    if at < length:
        raise _bad_length(octets, at)
    return RadiusPacket(octets[0], octets[1], octets[4:HEADER_LENGTH], tuple(attributes))


def build_packet(packet: RadiusPacket) -> bytes:
    """The octets of `packet`, its authenticator as it stands; EncodeError when a field cannot carry its value."""
    return build_octets(packet.code, packet.identifier, packet.authenticator, packet.attributes)


def build_octets(code: int, identifier: int, authenticator: bytes, attributes: Iterable[Attribute]) -> bytes:
    """As `build_packet`, of the parts of a packet."""
    if len(authenticator) != AUTHENTICATOR_LENGTH:
        raise EncodeError(f"an authenticator of {len(authenticator)} octets")
    if not (0 <= code <= 255 and 0 <= identifier <= 255):
        raise EncodeError("code and identifier are one octet each")
    parts = [b"", authenticator]
    for key, value in attributes:
        size = len(value)
        if type(key) is int and size <= VALUE_LIMIT:
            parts += (_OCTETS[key], _OCTETS[size + 2], value)
        else:
            parts.append(_attribute(key, value))
    length = 4 + sum(map(len, parts))
    if length > MAX_LENGTH:
        raise EncodeError(f"a packet of {length} octets, {MAX_LENGTH} are allowed")
    parts[0] = bytes((code, identifier, length >> 8, length & 0xFF))
    return b"".join(parts)


def _check_header(octets: bytes) -> int:
    if len(octets) < HEADER_LENGTH:
        raise DecodeError(len(octets), f"{len(octets)} octets, a header has {HEADER_LENGTH}")
    length = int.from_bytes(octets[2:4], "big")
    if length < HEADER_LENGTH or length > MAX_LENGTH:
        raise DecodeError(2, f"Length {length} is not between {HEADER_LENGTH} and {MAX_LENGTH}")
    if length > len(octets):
        raise DecodeError(2, f"Length {length}, {len(octets)} octets arrived")
    return length


def _bad_length(octets: bytes, at: int) -> DecodeError:
    """What is wrong with the Length of the attribute that begins at `at`."""
    end = len(octets)
    if at + 1 >= end:
        return DecodeError(at + 1, f"attribute {octets[at]} ends before its Length")
    length = octets[at + 1]
    if length < 2:
        return DecodeError(at + 1, f"attribute {octets[at]} has Length {length}")
    return DecodeError(at + 2, f"attribute {octets[at]} has Length {length}, {end - at} octets are left")


def _vendor_attributes(value: bytes) -> list[Attribute]:
    """Each vendor type in it; the whole of it where it is no list of types, as RFC 2865 §5.26 allows."""
    vendor, end = int.from_bytes(value[:_VENDOR_ID_LENGTH], "big"), len(value)
    found: list[Attribute] = []
    at = _VENDOR_ID_LENGTH
    while at + 1 < end and 2 <= value[at + 1] <= end - at:
        following = at + value[at + 1]
        found.append(Attribute((vendor, value[at]), value[at + 2 : following]))
        at = following
    return found if found and at == end else [Attribute(VENDOR_SPECIFIC, value)]


def _attribute(key: Key, value: bytes) -> bytes:
    named = key
    if isinstance(key, tuple):
        vendor, kind = key
        value = vendor.to_bytes(_VENDOR_ID_LENGTH, "big") + bytes((kind, min(len(value) + 2, 255))) + value
        key = VENDOR_SPECIFIC
    if len(value) > VALUE_LIMIT:
        raise EncodeError(f"attribute {named} of {len(value)} octets, {VALUE_LIMIT} are allowed")
    return bytes((key, len(value) + 2)) + value
