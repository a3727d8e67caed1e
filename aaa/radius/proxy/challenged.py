"""Which server has challenged a user: his answer goes back to it, whoever has come to life meanwhile (RFC 2865 §5.24).

Another server knows nothing of its State, and would reject him. The process that forwarded the challenge remembers.
"""

from collections import OrderedDict
from hashlib import sha256

from wire.radius.codec import parse_packet
from wire.radius.packet import Code, RadiusPacket

REMEMBERED = 20_000
"""Challenges, of which each is answered within seconds or never."""


class Challenged:
    """Remembers by client, User-Name and State; some servers only count their States."""

    def __init__(self, limit: int = REMEMBERED) -> None:
        self._limit = limit
        self._servers: OrderedDict[bytes, str] = OrderedDict()

    def note(self, answer: bytes, request: RadiusPacket, client: str, server: str) -> None:
        """`server` has given `answer` to `request`, and may have challenged its user."""
        state = parse_packet(answer).first("State") if answer[0] == Code.ACCESS_CHALLENGE else None
        if state is None:
            return
        key = _key(client, request, state)
        self._servers[key] = server
        self._servers.move_to_end(key)
        if len(self._servers) > self._limit:
            self._servers.popitem(last=False)

    def first(self, servers: list[str], request: RadiusPacket, client: str) -> list[str]:
        """`servers`, the one that `request` answers in front of the others."""
        state = request.first("State")
        server = None if state is None else self._servers.get(_key(client, request, state))
        return servers if server not in servers else [server, *(one for one in servers if one != server)]


def _key(client: str, request: RadiusPacket, state: bytes) -> bytes:
    parts = (client.encode(), request.first("User-Name") or b"", state)
    return sha256(b"".join(len(part).to_bytes(4, "big") + part for part in parts)).digest()[:16]
