"""RADIUS packets made and judged with hashlib and hmac alone, so that no fault of our codec hides itself (RFC 2865)."""

import hashlib
import hmac
from dataclasses import dataclass

EAP_MESSAGE, STATE, MESSAGE_AUTHENTICATOR, PROXY_STATE = 79, 24, 80, 33
ACCEPT, REJECT, CHALLENGE = 2, 3, 11
ACCOUNTING_REQUEST, ACCOUNTING_RESPONSE, STATUS_SERVER = 4, 5, 12
_HEADER = 20
_ANSWERS = (ACCEPT, REJECT, CHALLENGE)


@dataclass(frozen=True, slots=True)
class Read:
    """An answer: its code, the EAP packet in it, its State, and all attributes with their places."""

    code: int
    eap: bytes
    state: bytes | None
    attributes: tuple[tuple[int, bytes], ...]


def tlv(kind: int, value: bytes) -> bytes:
    """One attribute; `value` has at most 253 octets."""
    return bytes((kind, len(value) + 2)) + value


def eap_tlvs(eap: bytes) -> bytes:
    """EAP-Message as often as it takes; at least once."""
    return b"".join(tlv(EAP_MESSAGE, eap[at : at + 253]) for at in range(0, max(len(eap), 1), 253))


def sealed(code: int, identifier: int, authenticator: bytes, attributes: bytes, secret: bytes) -> bytes:
    """A request with a right Message-Authenticator, which comes first (RFC 3579 §3.2)."""
    length = min(_HEADER + 18 + len(attributes), 0xFFFF)
    head = bytes((code & 0xFF, identifier & 0xFF)) + length.to_bytes(2, "big") + authenticator + b"\x50\x12"
    return head + hmac.digest(secret, head + bytes(16) + attributes, "md5") + attributes


def signed(code: int, identifier: int, attributes: bytes, secret: bytes) -> bytes:
    """A request whose Authenticator is computed, as those of accounting are (RFC 2866 §3)."""
    length = min(_HEADER + len(attributes), 0xFFFF)
    head = bytes((code & 0xFF, identifier & 0xFF)) + length.to_bytes(2, "big")
    return head + hashlib.md5(head + bytes(16) + attributes + secret).digest() + attributes


def is_signed(octets: bytes, secret: bytes) -> bool:
    """Whether the Authenticator of such a request is right."""
    packet = octets[: int.from_bytes(octets[2:4], "big")] if len(octets) >= _HEADER else b""
    expected = hashlib.md5(packet[:4] + bytes(16) + packet[_HEADER:] + secret).digest()
    return len(packet) >= _HEADER and packet[4:_HEADER] == expected


def is_response(octets: bytes, request: bytes, secret: bytes) -> bool:
    """Whether it is an answer to `request` by its Identifier, length and Response Authenticator."""
    expected = hashlib.md5(octets[:4] + request[4:_HEADER] + octets[_HEADER:] + secret).digest()
    return (
        octets[1] == request[1] and int.from_bytes(octets[2:4], "big") == len(octets) and octets[4:_HEADER] == expected
    )


def is_protected(octets: bytes, secret: bytes) -> bool:
    """Whether exactly one Message-Authenticator is in the request, and right."""
    packet = octets[: int.from_bytes(octets[2:4], "big")] if len(octets) >= _HEADER else b""
    places = [at for kind, at, _ in _walk(packet) if kind == MESSAGE_AUTHENTICATOR]
    if len(places) != 1 or packet[places[0] - 1] != 18:
        return False
    at = places[0]
    zeroed = packet[:at] + bytes(16) + packet[at + 16 :]
    return hmac.compare_digest(packet[at : at + 16], hmac.digest(secret, zeroed, "md5"))


def read(octets: bytes, request: bytes, secret: bytes) -> Read | str:
    """An answer to `request`, or what is wrong with it."""
    if len(octets) < _HEADER or int.from_bytes(octets[2:4], "big") != len(octets):
        return "its Length is not its length"
    if octets[0] not in _ANSWERS or octets[1] != request[1]:
        return "its code or Identifier is wrong"
    expected = hashlib.md5(octets[:4] + request[4:_HEADER] + octets[_HEADER:] + secret).digest()
    if octets[4:_HEADER] != expected:
        return "its Response Authenticator is wrong"
    asked = octets[:4] + request[4:_HEADER] + octets[_HEADER:]
    if asked[_HEADER : _HEADER + 2] != b"\x50\x12" or not is_protected(asked, secret):
        return "its Message-Authenticator is not first, or wrong"
    found = tuple((kind, asked[at : at + size]) for kind, at, size in _walk(asked))
    states = [value for kind, value in found if kind == STATE]
    eap = b"".join(value for kind, value in found if kind == EAP_MESSAGE)
    return Read(octets[0], eap, states[0] if states else None, found)


def attributes_of(octets: bytes) -> list[tuple[int, bytes]]:
    """Type and value of every attribute; none of a packet that cannot be walked to its end."""
    packet = octets[: int.from_bytes(octets[2:4], "big")]
    return [(kind, packet[at : at + size]) for kind, at, size in _walk(packet)]


def response(code: int, request: bytes, attributes: bytes, secret: bytes, *, protected: bool = True) -> bytes:
    """An answer to `request`; `protected` by a Message-Authenticator, which comes first, but where it accounts."""
    placed = b"\x50\x12" + bytes(16) if protected and code != ACCOUNTING_RESPONSE else b""
    length = _HEADER + len(placed) + len(attributes)
    head = bytes((code, request[1])) + length.to_bytes(2, "big")
    if placed:
        placed = b"\x50\x12" + hmac.digest(secret, head + request[4:_HEADER] + placed + attributes, "md5")
    return head + hashlib.md5(head + request[4:_HEADER] + placed + attributes + secret).digest() + placed + attributes


def mppe(key: bytes, secret: bytes, authenticator: bytes, salt: bytes) -> bytes:
    """The String of an MS-MPPE key under `secret` (RFC 2548 §2.4.2); `salt` of 2 octets."""
    plain, found, previous = bytes((len(key),)) + key, b"", authenticator + salt
    plain += bytes(-len(plain) % 16)
    for at in range(0, len(plain), 16):
        previous = _xor(plain[at : at + 16], hashlib.md5(secret + previous).digest())
        found += previous
    return salt + found


def opened_mppe(string: bytes, secret: bytes, authenticator: bytes) -> bytes:
    """The key of such a String, whatever comes out."""
    plain, previous = b"", authenticator + string[:2]
    for at in range(2, len(string), 16):
        block = string[at : at + 16]
        plain += _xor(block, hashlib.md5(secret + previous).digest())
        previous = block
    return plain[1 : 1 + plain[0]]


def _xor(left: bytes, right: bytes) -> bytes:
    return bytes(a ^ b for a, b in zip(left, right, strict=False))


def _walk(packet: bytes) -> list[tuple[int, int, int]]:
    """Type, place and size of every value; none of a packet that cannot be walked to its end."""
    found, at = [], _HEADER
    while at + 2 <= len(packet):
        size = packet[at + 1]
        if size < 2 or at + size > len(packet):
            return []
        found.append((packet[at], at + 2, size - 2))
        at += size
    return found if at == len(packet) else []
