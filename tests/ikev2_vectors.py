"""What the tests of IKEv2 read: tests/vectors/ikev2.json, whose sets name their sources."""

import json
from pathlib import Path
from typing import Any

VECTORS: dict[str, Any] = json.loads((Path(__file__).parent / "vectors" / "ikev2.json").read_text(encoding="utf-8"))
SESSIONS: list[dict[str, str]] = VECTORS["ikev2_eap_sessions"]


def octets(vector: dict[str, Any], name: str) -> bytes:
    """One value of a vector, from its hexadecimal digits."""
    return bytes.fromhex(vector[name])
