"""EAP inside RADIUS: EAP-Message and Message-Authenticator (RFC 3579 §3.1, §3.2)."""

from collections.abc import Callable
from functools import lru_cache
from hashlib import md5
from hmac import compare_digest

from wire.errors import EncodeError
from wire.keyed_digest import keyed
from wire.radius.codec import DIGEST_LENGTH, build_attributes, build_head, parse_packet
from wire.radius.dictionary import VALUE_LIMIT
from wire.radius.packet import (
    EAP_MESSAGE,
    HEADER_LENGTH,
    MESSAGE_AUTHENTICATOR,
    SIGNED_REQUESTS,
    ZERO_AUTHENTICATOR,
    Attribute,
    RadiusPacket,
    response_authenticator,
    with_authenticator,
)

_ZERO = bytes(DIGEST_LENGTH)
_KIND = bytes((MESSAGE_AUTHENTICATOR,))
_FIRST = HEADER_LENGTH + 2
"""Where its octets are when it is the first attribute."""

_EAP_HEADS = tuple(bytes((EAP_MESSAGE, length + 2)) for length in range(VALUE_LIMIT + 1))
"""What stands before an EAP packet by its length, where one attribute carries it."""

UNSEALED = Attribute(MESSAGE_AUTHENTICATOR, bytes(DIGEST_LENGTH))
"""The Message-Authenticator as it stands while it is computed; builders place it first (RFC 3579 §3.2)."""
_SEAL_HEAD = bytes((MESSAGE_AUTHENTICATOR, DIGEST_LENGTH + 2))
_UNSEALED = _SEAL_HEAD + _ZERO
_BEFORE_BODY = HEADER_LENGTH + len(_UNSEALED)


def split_eap(eap: bytes) -> tuple[Attribute, ...]:
    """One EAP packet as EAP-Message attributes of at most 253 octets; an empty one is EAP-Start (RFC 3579 §2.1)."""
    if len(eap) <= VALUE_LIMIT:
        return (Attribute(EAP_MESSAGE, eap),)
    starts = range(0, len(eap), VALUE_LIMIT)
    return tuple(Attribute(EAP_MESSAGE, eap[start : start + VALUE_LIMIT]) for start in starts)


def build_eap(eap: bytes) -> bytes:
    """The same as octets of a packet."""
    if len(eap) <= VALUE_LIMIT:
        return _EAP_HEADS[len(eap)] + eap
    return build_attributes(split_eap(eap))


def join_eap(packet: RadiusPacket) -> bytes | None:
    """The EAP packet that `packet` carries, b"" for EAP-Start, None without any EAP-Message."""
    pieces = packet.repeated.get(EAP_MESSAGE)
    return packet.by_key.get(EAP_MESSAGE) if pieces is None else b"".join(pieces)


def authenticity(packet: RadiusPacket, secret: bytes, request_authenticator: bytes | None = None) -> bool | None:
    """Whether the Message-Authenticator of a packet that was read is right, None without one (RFC 3579 §3.2).

    `request_authenticator` is that of the request which `packet` answers, None when `packet` is a request.
    """
    octets, at = packet.wire, packet.seal_at
    if at is None:
        return None
    if request_authenticator is not None or packet.code in SIGNED_REQUESTS:
        octets = with_authenticator(octets, request_authenticator or ZERO_AUTHENTICATOR)
    expected = _keyed(secret)(octets[:at] + _ZERO + octets[at + DIGEST_LENGTH :])
    return compare_digest(packet.by_key[MESSAGE_AUTHENTICATOR], expected)


def is_authentic(octets: bytes, secret: bytes, request_authenticator: bytes | None = None) -> bool:
    """Whether the Message-Authenticator of a packet is there and right; DecodeError as `parse_packet`."""
    return bool(authenticity(parse_packet(octets), secret, request_authenticator))


def seal_request(octets: bytes, secret: bytes) -> bytes:
    """A request with its Message-Authenticator filled in and, where its code has one, its computed Authenticator."""
    sealed = _with_digest(octets, secret, _own_authenticator(octets))
    if octets[0] in SIGNED_REQUESTS:
        return with_authenticator(sealed, response_authenticator(sealed, ZERO_AUTHENTICATOR, secret))
    return sealed


def seal_answer(octets: bytes, secret: bytes, request_authenticator: bytes) -> bytes:
    """An answer with its Message-Authenticator and then its Response Authenticator filled in (RFC 3579 §3.2)."""
    sealed = _with_digest(octets, secret, request_authenticator)
    return with_authenticator(sealed, response_authenticator(sealed, request_authenticator, secret))


def sealed_answer(code: int, identifier: int, body: bytes, secret: bytes, request_authenticator: bytes) -> bytes:
    """An answer of a Message-Authenticator and, behind it, the attributes in `body`; sealed as by `seal_answer`."""
    head = build_head(code, identifier, _BEFORE_BODY + len(body))
    begun = head + request_authenticator
    attributes = _SEAL_HEAD + _keyed(secret)(begun + _UNSEALED + body) + body
    return head + md5(begun + attributes + secret).digest() + attributes


def _own_authenticator(octets: bytes) -> bytes:
    # RFC 5176 §2.3: the Authenticator of these is computed later, so it is zero in the Message-Authenticator.
    return ZERO_AUTHENTICATOR if octets[0] in SIGNED_REQUESTS else octets[4:HEADER_LENGTH]


def _with_digest(octets: bytes, secret: bytes, authenticator: bytes) -> bytes:
    """HMAC-MD5 over the packet with `authenticator` in its field and the octets of the Message-Authenticator zero."""
    at = _FIRST if octets[HEADER_LENGTH : HEADER_LENGTH + 1] == _KIND else parse_packet(octets).seal_at
    if at is None:
        raise EncodeError("there is no Message-Authenticator to fill")
    before, behind = octets[:at], octets[at + DIGEST_LENGTH :]
    return before + _keyed(secret)(with_authenticator(before, authenticator) + _ZERO + behind) + behind


@lru_cache(maxsize=1024)
def _keyed(secret: bytes) -> Callable[[bytes], bytes]:
    """RADIUS has few secrets and many packets."""
    return keyed(md5, secret)
