"""The RADIUS parsers and packets of other implementations to mutate."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from wire.radius.codec import parse_packet
from wire.radius.eap import is_authentic, join_eap
from wire.radius.messages import reply
from wire.radius.mppe import msk_attributes, msk_of
from wire.radius.packet import Code, RadiusPacket, is_genuine_response

_FOLDER = Path(__file__).parents[1] / "vectors"
_RADIUS: dict[str, Any] = json.loads((_FOLDER / "radius.json").read_text(encoding="utf-8"))
_CAPTURES: dict[str, Any] = json.loads((_FOLDER / "eap_captures.json").read_text(encoding="utf-8"))

SEEDS = tuple(bytes.fromhex(entry["packet"]) for run in _CAPTURES["runs"] for entry in run.get("radius", [])) + tuple(
    bytes.fromhex(exchange[side])
    for exchange in _RADIUS["wireshark_sample_radius_localhost"]["exchanges"]
    for side in ("request", "response")
)


def _parse_all(octets: bytes) -> None:
    """Everything that a node does with a datagram before it believes it."""
    packet = parse_packet(octets)
    is_authentic(octets, b"secret")
    is_genuine_response(octets, bytes(16), b"secret")
    join_eap(packet)
    for name in ("User-Name", "NAS-IP-Address", "Framed-IPv6-Address", "Reply-Message", "Service-Selection"):
        packet.text(name)
    for name in ("Session-Timeout", "Framed-MTU", "3GPP-RAT-Type"):
        packet.integer(name)


_KEYS = msk_attributes(bytes(64), secret=b"secret", request_authenticator=bytes(16), random=bytes)
_ACCEPT = reply(RadiusPacket(Code.ACCESS_REQUEST, 1, bytes(16)), Code.ACCESS_ACCEPT, secret=b"secret", attributes=_KEYS)


def _parse_msk(octets: bytes) -> None:
    msk_of(parse_packet(octets), secret=b"secret", request_authenticator=bytes(16))


ENTRIES: dict[str, tuple[Callable[[bytes], object], tuple[bytes, ...]]] = {
    "wire.radius.codec.parse_packet": (parse_packet, SEEDS),
    "wire.radius.codec.parse_packet and every reader": (_parse_all, SEEDS),
    "wire.radius.mppe.msk_of": (_parse_msk, (_ACCEPT,)),
}
