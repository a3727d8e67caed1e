"""The parsers of wire/esp, and the seeds they are fuzzed from."""

import json
from collections.abc import Callable
from pathlib import Path

from wire.ciphers import AES_GCM_16_128, IntegrityFailed, Protector
from wire.esp.encapsulation import has_ike_shape, parse_encapsulated
from wire.esp.packet import EspPacket, parse_trailer
from wire.esp.replay import Replayed
from wire.esp.sa import InboundSa
from wire.secret import Secret

SETS = json.loads((Path(__file__).parents[1] / "vectors" / "ikev2.json").read_text(encoding="utf-8"))
LINUX = SETS["esp_linux_generated"]
PACKETS = tuple(bytes.fromhex(vector["esp_packet"]) for vector in LINUX)
TRAILERS = tuple(bytes.fromhex(vector["plaintext"]) for vector in LINUX)
IKE = bytes.fromhex(SETS["ikev2_eap_sessions"][0]["ike_auth1_request"])


def _open(octets: bytes) -> object:
    """A fresh SA each time; forged and replayed packets are told apart from malformed ones."""
    protector = Protector(AES_GCM_16_128, None, Secret(bytes.fromhex(LINUX[1]["crypt_key"])))
    try:
        return InboundSa(spi=0x222, protector=protector).open(octets)
    except (IntegrityFailed, Replayed):
        return None


ENTRIES: dict[str, tuple[Callable[[bytes], object], tuple[bytes, ...]]] = {
    "wire.esp.packet.EspPacket.parse": (EspPacket.parse, PACKETS),
    "wire.esp.packet.parse_trailer": (parse_trailer, TRAILERS),
    "wire.esp.sa.InboundSa.open": (_open, PACKETS[1:2]),
    "wire.esp.encapsulation.parse_encapsulated": (parse_encapsulated, (b"\xff", bytes(4) + IKE, PACKETS[0])),
    "wire.esp.encapsulation.has_ike_shape": (has_ike_shape, (IKE, PACKETS[0])),
}
