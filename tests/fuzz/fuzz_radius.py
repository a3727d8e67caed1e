"""The RADIUS parsers and packets of other implementations to mutate."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from aaa.radius.accounting.record import to_record
from aaa.radius.radsec.names import RADSEC
from aaa.radius.radsec.routing import route
from tests.aaa.radius.accounting.reports import reported
from tests.aaa.radius.samples import CLIENT, asked
from wire.radius.codec import parse_packet
from wire.radius.eap import is_authentic, join_eap
from wire.radius.forwarding import forward_answer, forward_request
from wire.radius.framing import RadiusFramer
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


def _account(octets: bytes) -> None:
    """Everything that becomes of an Accounting-Request before it is kept."""
    record = to_record(parse_packet(octets), "lab", "192.0.2.1", datetime(2027, 1, 2, tzinfo=UTC))
    texts = (record.nas, record.session_id, record.user_name, record.calling_station)
    if any(text is not None and ("\0" in text or len(text) > 253) for text in texts):
        raise AssertionError("a text that a store cannot hold")


def _frame(octets: bytes) -> None:
    framer = RadiusFramer()
    for packet in framer.feed(octets[:7]) + framer.feed(octets[7:]):
        route(packet, _TLS)


def _forward(octets: bytes) -> None:
    """A request to another server, and the same octets as its answer."""
    on = forward_request(octets, identifier=1, authenticator=bytes(16), secret=b"home", proxy_state=b"ours")
    parse_packet(on)
    parse_packet(
        forward_answer(
            octets,
            _REPORTED,
            server_secret=b"secret",
            server_authenticator=bytes(16),
            client_secret=b"nas",
            random=bytes,
        )
    )


_TLS = replace(CLIENT, secret=RADSEC)
_REPORTED = reported()
_KEYS = msk_attributes(bytes(64), secret=b"secret", request_authenticator=bytes(16), random=bytes)
_ACCEPT = reply(RadiusPacket(Code.ACCESS_REQUEST, 1, bytes(16)), Code.ACCESS_ACCEPT, secret=b"secret", attributes=_KEYS)


def _parse_msk(octets: bytes) -> None:
    msk_of(parse_packet(octets), secret=b"secret", request_authenticator=bytes(16))


ENTRIES: dict[str, tuple[Callable[[bytes], object], tuple[bytes, ...]]] = {
    "wire.radius.codec.parse_packet": (parse_packet, SEEDS),
    "wire.radius.codec.parse_packet and every reader": (_parse_all, SEEDS),
    "aaa.radius.accounting.record.to_record": (_account, (_REPORTED, reported(status=3))),
    "wire.radius.framing.RadiusFramer": (_frame, (asked(secret=RADSEC) + reported(secret=RADSEC),)),
    "wire.radius.forwarding": (_forward, (_ACCEPT, *(seed for seed in SEEDS if seed[0] == Code.ACCESS_REQUEST))),
    "wire.radius.mppe.msk_of": (_parse_msk, (_ACCEPT,)),
}
