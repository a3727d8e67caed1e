"""Octets to RadiusPacket and back (RFC 2865 §3, §5, §5.26): a walk from attribute to attribute, or none."""

import struct
from collections.abc import Iterable, Sequence
from functools import lru_cache

from wire.errors import DecodeError, EncodeError
from wire.radius.dictionary import VALUE_LIMIT, Key
from wire.radius.layout import Layouts
from wire.radius.packet import (
    AUTHENTICATOR_LENGTH,
    EAP_MESSAGE,
    HEADER_LENGTH,
    MAX_LENGTH,
    MESSAGE_AUTHENTICATOR,
    VENDOR_SPECIFIC,
    Pair,
    RadiusPacket,
)

DIGEST_LENGTH = 16
"""Octets of a Message-Authenticator."""
_VENDOR_ID_LENGTH = 4
_HEAD = struct.Struct("!BBH")
"""Code, Identifier and Length."""


def parse_packet(octets: bytes) -> RadiusPacket:
    """Read one packet; octets behind its Length are padding (RFC 2865 §3). DecodeError for all that is malformed."""
    layout = _layout_of_length.get(len(octets))
    if layout is None or layout.heads(octets) != layout.said:
        return _walked_through(octets)
    code, identifier, authenticator, *values = layout.values(octets)
    attributes = tuple(zip(layout.keys, values))  # noqa: B905 - a layout has as many of both, and strict takes its time
    if layout.is_plain:
        return RadiusPacket(code, identifier, authenticator, attributes, octets, layout.seal_at, dict(attributes))
    return RadiusPacket(code, identifier, authenticator, _each_type(attributes), octets, layout.seal_at)


def _walked_through(octets: bytes) -> RadiusPacket:
    length = int.from_bytes(octets[2:4], "big")
    if not HEADER_LENGTH <= length <= MAX_LENGTH or length > len(octets):
        raise _bad_header(octets, length)
    if length < len(octets):
        octets = octets[:length]
    found: list[Pair] = []
    at, eap_end, seal_at = HEADER_LENGTH, 0, None
    try:
        while at < length:
            kind, size = octets[at], octets[at + 1]
            if size < 2:
                break
            end = at + size
            found.append((kind, octets[at + 2 : end]))
            if kind == MESSAGE_AUTHENTICATOR:
                seal_at = _only_place(at, size, seal_at)
            elif kind == EAP_MESSAGE:
                if eap_end not in (0, at):
                    raise DecodeError(at, "EAP-Message attributes are not consecutive")
                eap_end = end
            at = end
    except IndexError:
        raise _bad_length(octets) from None
    # beyond it when the last attribute is longer than what is left
    if at != length:
        raise _bad_length(octets)
    _LAYOUTS.met(octets, found, seal_at)
    return RadiusPacket(octets[0], octets[1], octets[4:HEADER_LENGTH], _each_type(found), octets, seal_at)


_LAYOUTS = Layouts()
_layout_of_length = _LAYOUTS.of_length


def build_packet(packet: RadiusPacket) -> bytes:
    """The octets of `packet`, its authenticator as it stands; EncodeError when a field cannot carry its value."""
    authenticator, body = packet.authenticator, build_attributes(packet.attributes)
    if len(authenticator) != AUTHENTICATOR_LENGTH:
        raise EncodeError(f"an authenticator of {len(authenticator)} octets")
    return build_head(packet.code, packet.identifier, HEADER_LENGTH + len(body)) + authenticator + body


def build_head(code: int, identifier: int, length: int) -> bytes:
    """The four octets before the authenticator of a packet that is `length` octets long; EncodeError as above."""
    if length > MAX_LENGTH:
        raise EncodeError(f"a packet of {length} octets, {MAX_LENGTH} are allowed")
    try:
        return _HEAD.pack(code, identifier, length)
    except struct.error:
        raise EncodeError("code and identifier are one octet each") from None


def build_attribute(key: Key, value: bytes) -> bytes:
    """One of those behind the authenticator; EncodeError when it cannot carry its value."""
    return _head(key, len(value)) + value


def build_attributes(attributes: Iterable[Pair]) -> bytes:
    """All that is behind the authenticator; EncodeError when an attribute cannot carry its value."""
    return b"".join([_head(key, len(value)) + value for key, value in attributes])


def _bad_header(octets: bytes, length: int) -> DecodeError:
    """What is wrong with the header, or with the `length` that it says."""
    if len(octets) < HEADER_LENGTH:
        return DecodeError(len(octets), f"{len(octets)} octets, a header has {HEADER_LENGTH}")
    if not HEADER_LENGTH <= length <= MAX_LENGTH:
        return DecodeError(2, f"Length {length} is not between {HEADER_LENGTH} and {MAX_LENGTH}")
    return DecodeError(2, f"Length {length}, {len(octets)} octets arrived")


def _only_place(at: int, size: int, before: int | None) -> int:
    """Where the octets of the Message-Authenticator at `at` are, of which there was none `before`."""
    if before is not None or size != DIGEST_LENGTH + 2:
        raise DecodeError(at, "Message-Authenticator is repeated or not 16 octets long")
    return at + 2


def _bad_length(octets: bytes) -> DecodeError:
    """What is wrong with the Length of the first attribute that has a wrong one."""
    at, end = HEADER_LENGTH, len(octets)
    while at + 1 < end and 2 <= octets[at + 1] <= end - at:
        at += octets[at + 1]
    if at + 1 >= end:
        return DecodeError(at + 1, f"attribute {octets[at]} ends before its Length")
    length = octets[at + 1]
    if length < 2:
        return DecodeError(at + 1, f"attribute {octets[at]} has Length {length}")
    return DecodeError(at + 2, f"attribute {octets[at]} has Length {length}, {end - at} octets are left")


def _each_type(found: Sequence[Pair]) -> tuple[Pair, ...]:
    """What was found, with the types inside a Vendor-Specific in its place."""
    if VENDOR_SPECIFIC not in dict(found):
        return tuple(found)
    attributes: list[Pair] = []
    for pair in found:
        if pair[0] == VENDOR_SPECIFIC:
            attributes += _vendor_attributes(pair[1])
        else:
            attributes.append(pair)
    return tuple(attributes)


def _vendor_attributes(value: bytes) -> list[Pair]:
    """Each vendor type in it; the whole of it where it is no list of types, as RFC 2865 §5.26 allows."""
    vendor, end = int.from_bytes(value[:_VENDOR_ID_LENGTH], "big"), len(value)
    found: list[Pair] = []
    at = _VENDOR_ID_LENGTH
    while at + 1 < end and 2 <= value[at + 1] <= end - at:
        following = at + value[at + 1]
        found.append(((vendor, value[at]), value[at + 2 : following]))
        at = following
    return found if found and at == end else [(VENDOR_SPECIFIC, value)]


@lru_cache(maxsize=4096)
def _head(key: Key, size: int) -> bytes:
    """What stands before a value of `size` octets: a server writes few heads, and each of them often."""
    if isinstance(key, tuple):
        vendor, kind = key
        # a type of a vendor has a Length of its own, inside the attribute's
        inside = bytes((kind, min(size + 2, 255)))
        carried = _VENDOR_ID_LENGTH + len(inside) + size
        head = VENDOR_SPECIFIC, vendor.to_bytes(_VENDOR_ID_LENGTH, "big") + inside
    else:
        carried, head = size, (key, b"")
    if carried > VALUE_LIMIT:
        raise EncodeError(f"attribute {key} of {carried} octets, {VALUE_LIMIT} are allowed")
    return bytes((head[0], carried + 2)) + head[1]
