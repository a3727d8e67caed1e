"""A packet on its way through a proxy: other secrets and authenticators, everything else untouched (RFC 2865 §2.3).

Attributes keep their order and their octets, also those that nobody here knows. Keys are under the secret of each hop
(RFC 2548 §2.4), so they are opened and closed again.
"""

from collections.abc import Iterable, Iterator

from wire.errors import EncodeError
from wire.radius.codec import parse_packet
from wire.radius.eap import UNSEALED, seal_answer, seal_request
from wire.radius.mppe import SALT_LENGTH, decrypt_key, encrypt_key
from wire.radius.packet import (
    HEADER_LENGTH,
    MAX_LENGTH,
    MESSAGE_AUTHENTICATOR,
    SIGNED_REQUESTS,
    VENDOR_SPECIFIC,
    ZERO_AUTHENTICATOR,
    Code,
    response_authenticator,
    with_authenticator,
    without_padding,
)
from wire.sansio import RandomBytes

PROXY_STATE, TUNNEL_PASSWORD = 33, 69
_MICROSOFT = (311).to_bytes(4, "big")
_KEY_TYPES = frozenset({16, 17})

Raw = tuple[int, bytes]
"""An attribute as it stands: its type and its value."""


def forward_request(
    octets: bytes, *, identifier: int, authenticator: bytes, secret: bytes, proxy_state: bytes
) -> bytes:
    """`octets`, a request that was admitted, for the next server; `authenticator` is 16 octets for an Access-Request.

    Our Proxy-State goes behind all others (RFC 2865 §5.33). EncodeError when the packet grows too long.
    """
    kept = [attribute for attribute in _split(octets) if attribute[0] != MESSAGE_AUTHENTICATOR]
    every = [(MESSAGE_AUTHENTICATOR, UNSEALED.value), *kept, (PROXY_STATE, proxy_state)]
    own = ZERO_AUTHENTICATOR if octets[0] in SIGNED_REQUESTS else authenticator
    return seal_request(_join(octets[0], identifier, own, every), secret)


def forward_answer(
    answer: bytes,
    request: bytes,
    *,
    server_secret: bytes,
    server_authenticator: bytes,
    client_secret: bytes,
    random: RandomBytes,
) -> bytes:
    """The server's `answer`, which is proved, for the client that sent `request`.

    The Proxy-State of the answer are those of the request again. Keys under the server's secret and the authenticator
    that went to it come under the client's; a Tunnel-Password is left out. DecodeError when a key does not open.
    """
    authenticator = request[4:HEADER_LENGTH]
    salts = _salts(random)
    kept = [
        _rekeyed(attribute, server_secret, server_authenticator, client_secret, authenticator, salts)
        for attribute in _split(answer)
        if attribute[0] not in {MESSAGE_AUTHENTICATOR, PROXY_STATE, TUNNEL_PASSWORD}
    ]
    kept += [attribute for attribute in _split(request) if attribute[0] == PROXY_STATE]
    if answer[0] == Code.ACCOUNTING_RESPONSE:
        octets = _join(answer[0], request[1], authenticator, kept)
        return with_authenticator(octets, response_authenticator(octets, authenticator, client_secret))
    octets = _join(answer[0], request[1], authenticator, [(MESSAGE_AUTHENTICATOR, UNSEALED.value), *kept])
    return seal_answer(octets, client_secret, authenticator)


def _rekeyed(
    attribute: Raw,
    server: bytes,
    server_authenticator: bytes,
    client: bytes,
    authenticator: bytes,
    salts: Iterator[bytes],
) -> Raw:
    kind, value = attribute
    # RFC 2865 §5.26: one attribute may hold several of a vendor's, and so both keys
    inside = _inside(value[4:]) if kind == VENDOR_SPECIFIC and value[:4] == _MICROSOFT else []
    if not any(vendor_type in _KEY_TYPES and string for vendor_type, string in inside):
        return attribute
    changed = value[:4]
    for vendor_type, string in inside:
        closed = string
        if vendor_type in _KEY_TYPES and string:
            closed = encrypt_key(decrypt_key(string, server, server_authenticator), client, authenticator, next(salts))
        changed += bytes((vendor_type, len(closed) + 2)) + closed
    return kind, changed


def _inside(octets: bytes) -> list[Raw]:
    """The attributes of a vendor; none where it is no list of them."""
    at, found = 0, []
    while at + 1 < len(octets) and 2 <= octets[at + 1] <= len(octets) - at:
        found.append((octets[at], octets[at + 2 : at + octets[at + 1]]))
        at += octets[at + 1]
    return found if at == len(octets) else []


def _salts(random: RandomBytes) -> Iterator[bytes]:
    """Salts with the high bit set, none twice in one packet (RFC 2548 §2.4.2)."""
    first = int.from_bytes(random(SALT_LENGTH), "big")
    for number in range(0x8000):
        yield (0x8000 | (first + number) & 0x7FFF).to_bytes(SALT_LENGTH, "big")


def _split(octets: bytes) -> list[Raw]:
    packet, at, found = without_padding(octets), HEADER_LENGTH, []
    parse_packet(packet)
    while at < len(packet):
        length = packet[at + 1]
        found.append((packet[at], packet[at + 2 : at + length]))
        at += length
    return found


def _join(code: int, identifier: int, authenticator: bytes, attributes: Iterable[Raw]) -> bytes:
    body = b"".join(bytes([kind, len(value) + 2]) + value for kind, value in attributes)
    length = HEADER_LENGTH + len(body)
    if length > MAX_LENGTH:
        raise EncodeError(f"a packet of {length} octets, {MAX_LENGTH} are allowed")
    return bytes([code, identifier]) + length.to_bytes(2, "big") + authenticator + body
