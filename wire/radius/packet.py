"""A RADIUS packet as data, and the authenticators that protect one (RFC 2865 §3, RFC 2866 §3, RFC 5176 §2.3)."""

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Final, NamedTuple

from wire.errors import DecodeError
from wire.radius.dictionary import Key, Value, decode_value, encode_value, key_of

AUTHENTICATOR_LENGTH = 16
HEADER_LENGTH = 20
MAX_LENGTH = 4096
EAP_MESSAGE, MESSAGE_AUTHENTICATOR, VENDOR_SPECIFIC = 79, 80, 26
ZERO_AUTHENTICATOR = bytes(AUTHENTICATOR_LENGTH)


class Code(IntEnum):
    """Packet codes (RFC 2865 §4, RFC 2866 §4, RFC 5176 §2, RFC 5997 §2)."""

    ACCESS_REQUEST = 1
    ACCESS_ACCEPT = 2
    ACCESS_REJECT = 3
    ACCOUNTING_REQUEST = 4
    ACCOUNTING_RESPONSE = 5
    ACCESS_CHALLENGE = 11
    STATUS_SERVER = 12
    STATUS_CLIENT = 13
    DISCONNECT_REQUEST = 40
    DISCONNECT_ACK = 41
    DISCONNECT_NAK = 42
    COA_REQUEST = 43
    COA_ACK = 44
    COA_NAK = 45
    PROTOCOL_ERROR = 52


SIGNED_REQUESTS = frozenset({Code.ACCOUNTING_REQUEST, Code.DISCONNECT_REQUEST, Code.COA_REQUEST})
"""Requests whose Authenticator is computed over the packet instead of being random."""

ACCESS_ANSWERS = frozenset({Code.ACCESS_ACCEPT, Code.ACCESS_REJECT, Code.ACCESS_CHALLENGE})


Pair = tuple[Key, bytes]
"""An attribute as it was read; equal to the `Attribute` of the same key and value."""


class Attribute(NamedTuple):
    """One attribute: its key and its value of 0 to 253 octets (247 inside a Vendor-Specific one)."""

    key: Key
    value: bytes

    @classmethod
    def of(cls, name: str, value: Value) -> "Attribute":
        """The attribute called `name` with `value` in its own type; EncodeError when that cannot be."""
        return cls(key_of(name), encode_value(name, value))


Repeated = Mapping[Key, tuple[bytes, ...]]
NONE_REPEATED: Repeated = {}


@dataclass(init=False, unsafe_hash=True)
class RadiusPacket:
    """A packet: `code` 0 to 255, `identifier` 0 to 255, `authenticator` 16 octets.

    Attributes keep their order; `by_key` has the first value of each key, `repeated` all those of a key that has
    several. One that was read has the octets that it was read from, `wire`, and `seal_at` says where the octets of its
    Message-Authenticator begin there, None without one.
    """

    __slots__ = ("attributes", "authenticator", "by_key", "code", "identifier", "repeated", "seal_at", "wire")

    code: Final[int]
    identifier: Final[int]
    authenticator: Final[bytes]
    attributes: Final[tuple[Pair, ...]]

    def __init__(
        self,
        code: int,
        identifier: int,
        authenticator: bytes,
        attributes: tuple[Pair, ...] = (),
        wire: bytes = b"",
        seal_at: int | None = None,
        by_key: Mapping[Key, bytes] | None = None,
        repeated: Repeated = NONE_REPEATED,
    ) -> None:
        if by_key is None:
            by_key, repeated = _looked_through(attributes)
        self.code = code
        self.identifier = identifier
        self.authenticator = authenticator
        self.attributes = attributes
        self.wire: Final = wire
        self.seal_at: Final = seal_at
        self.by_key: Final = by_key
        self.repeated: Final = repeated

    def values(self, name: str) -> tuple[bytes, ...]:
        """The octets of every attribute called `name`, in order."""
        key = key_of(name)
        several, one = self.repeated.get(key), self.by_key.get(key)
        return several or (() if one is None else (one,))

    def first(self, name: str) -> bytes | None:
        """The octets of the first attribute called `name`, None without one."""
        return self.by_key.get(key_of(name))

    def octets(self, name: str) -> bytes | None:
        """The octets of the attribute called `name`, None without one; DecodeError when there are several."""
        key = key_of(name)
        if key in self.repeated:
            raise DecodeError(0, f"{len(self.repeated[key])} attributes {name}, one is allowed")
        return self.by_key.get(key)

    def text(self, name: str) -> str | None:
        """The attribute called `name`, of type string, ipaddr or ipv6addr, as text; DecodeError when it is no text."""
        octets = self.octets(name)
        return None if octets is None else str(decode_value(name, octets))

    def integer(self, name: str) -> int | None:
        """The attribute called `name`, of type integer or byte; DecodeError when its length is wrong."""
        octets = self.octets(name)
        value = None if octets is None else decode_value(name, octets)
        return value if isinstance(value, int) else None


def _looked_through(attributes: tuple[Pair, ...]) -> tuple[Mapping[Key, bytes], Repeated]:
    by_key = dict(attributes)
    if len(by_key) == len(attributes):
        return by_key, NONE_REPEATED
    values: dict[Key, list[bytes]] = {}
    for key, value in attributes:
        values.setdefault(key, []).append(value)
    repeated = {key: tuple(several) for key, several in values.items() if len(several) > 1}
    return {key: several[0] for key, several in values.items()}, repeated


def response_authenticator(octets: bytes, request_authenticator: bytes, secret: bytes) -> bytes:
    """MD5(Code | Id | Length | Request Authenticator | Attributes | Secret), 16 octets (RFC 2865 §3)."""
    return hashlib.md5(octets[:4] + request_authenticator + octets[HEADER_LENGTH:] + secret).digest()


def request_authenticator(octets: bytes, secret: bytes) -> bytes:
    """The Authenticator of an Accounting-, CoA- or Disconnect-Request (RFC 2866 §3, RFC 5176 §2.3)."""
    return response_authenticator(octets, ZERO_AUTHENTICATOR, secret)


def with_authenticator(octets: bytes, authenticator: bytes) -> bytes:
    """The same packet with another Authenticator field."""
    return octets[:4] + authenticator + octets[HEADER_LENGTH:]


def is_genuine_response(octets: bytes, request_authenticator: bytes, secret: bytes) -> bool:
    """Whether the Response Authenticator is right; `octets` is the whole packet, padding included or not."""
    packet = without_padding(octets)
    expected = response_authenticator(packet, request_authenticator, secret)
    return hmac.compare_digest(packet[4:HEADER_LENGTH], expected)


def is_genuine_request(octets: bytes, secret: bytes) -> bool:
    """Whether the Authenticator of an Accounting-, CoA- or Disconnect-Request is right."""
    return is_genuine_response(octets, ZERO_AUTHENTICATOR, secret)


def without_padding(octets: bytes) -> bytes:
    """The packet alone: what follows its Length is padding (RFC 2865 §3)."""
    return octets[: int.from_bytes(octets[2:4], "big")]
