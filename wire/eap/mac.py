"""AT_MAC: a keyed digest of the whole packet, with its own value zero, and of what is agreed beside it.

RFC 4187 §10.15; RFC 9048 §3.4.2 for EAP-AKA'.
"""

from hashlib import sha1, sha256
from hmac import compare_digest

from wire.eap.attributes import At, build_attribute
from wire.errors import EncodeError
from wire.identity import EapMethod
from wire.keyed_digest import keyed_digest
from wire.secret import Secret

_DIGEST = {EapMethod.SIM: sha1, EapMethod.AKA: sha1, EapMethod.AKA_PRIME: sha256}
_HEADER = 8
_VALUE = 4
_LENGTH = 20
_ZERO = bytes(16)
_HEAD = build_attribute(At.MAC, _ZERO)[:_VALUE]


def _find_mac(packet: bytes) -> int | None:
    """Where the 16 octets of AT_MAC's value begin, or None; a malformed packet has none."""
    at, end = _HEADER, len(packet)
    while at + 1 < end:
        length = 4 * packet[at + 1]
        if length == 0 or at + length > end:
            return None
        if packet[at] == At.MAC:
            return at + _VALUE if length == _LENGTH else None
        at += length
    return None


def mac_is_genuine(packet: bytes, method: EapMethod, k_aut: Secret, extra: bytes = b"", at: int = 0) -> bool:
    """Whether AT_MAC of `packet` (exactly one EAP packet) was made with `k_aut`; False when there is none.

    `extra` is NONCE_S for the response of AKA-Reauthentication (RFC 4187 §9.8) and empty elsewhere in EAP-AKA. Whoever
    has read the packet knows where the value of AT_MAC begins: `at`.
    """
    if not at:
        at = _find_mac(packet) or 0
        if not at:
            return False
    behind = at + 16
    unsigned = packet[:at] + _ZERO + packet[behind:] + extra
    return compare_digest(packet[at:behind], keyed_digest(_DIGEST[method], k_aut, unsigned)[:16])


def signed(packet: bytes, method: EapMethod, k_aut: Secret, extra: bytes = b"") -> bytes:
    """As `fill_mac`, where AT_MAC is missing at the end, though Length knows of it."""
    packet += _HEAD
    return packet + keyed_digest(_DIGEST[method], k_aut, packet + _ZERO + extra)[:16]


def fill_mac(packet: bytes, method: EapMethod, k_aut: Secret, extra: bytes = b"") -> bytes:
    """`packet` with the value of its AT_MAC computed; EncodeError when it has no AT_MAC."""
    at = _find_mac(packet)
    if at is None:
        raise EncodeError("there is no AT_MAC to fill")
    behind = at + 16
    unsigned = packet[:at] + _ZERO + packet[behind:] + extra
    return packet[:at] + keyed_digest(_DIGEST[method], k_aut, unsigned)[:16] + packet[behind:]
