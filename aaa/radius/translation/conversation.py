"""Which Diameter session a RADIUS conversation is, as State and Class carry it (RFC 2865 §5.24, §5.25).

Nothing is kept here for it, so that any process can go on, unless State has no room for what the server gave.
"""

import hashlib
import re
from collections import Counter, OrderedDict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from wire.errors import DecodeError
from wire.radius.dictionary import VALUE_LIMIT
from wire.sansio import RandomBytes

SESSION_LENGTH = 8
_SESSION_ID = re.compile(r"(?P<node>[^;]+);(?P<high>[0-9]{1,10});(?P<low>[0-9]{1,10});[0-9a-f]{8}\Z")
MOST_HELD = 10_000
_INLINE, _STATELESS, _HELD, _CLASS = 0xD0, 0xD1, 0xD2, 0xD3
_CONFIGURED = 0x80
"""From here on the octet before a host is the number of a configured server, which its name gives."""


@dataclass(frozen=True, slots=True)
class Conversation:
    """`session` of 8 octets, the Origin-Host of the `server` that answered, "" before one did, and its State."""

    session: bytes
    server: str = ""
    state: bytes | None = None

    def session_id(self, node: str, client: str) -> str:
        """Its Session-Id (RFC 6733 §8.8); the client is part of it, so that no client can name another's session."""
        high, low = int.from_bytes(self.session[:4], "big"), int.from_bytes(self.session[4:], "big")
        return f"{node};{high};{low};{hashlib.sha256(client.encode()).hexdigest()[:8]}"


class Conversations:
    """Packs and unpacks them; `servers` are the Origin-Hosts of the configuration, which take one octet."""

    def __init__(self, servers: Sequence[str], random: RandomBytes, limit: int = MOST_HELD) -> None:
        self._servers = _numbered(servers)
        self._random = random
        self._limit = limit
        self._held: OrderedDict[bytes, Conversation] = OrderedDict()

    def begin(self) -> Conversation:
        """A new one."""
        return Conversation(self._random(SESSION_LENGTH))

    def state(self, conversation: Conversation) -> bytes:
        """The State that brings it back, at most 253 octets."""
        kind = _STATELESS if conversation.state is None else _INLINE
        packed = bytes([kind]) + self._named(conversation) + (conversation.state or b"")
        if len(packed) <= VALUE_LIMIT:
            return packed
        self._held[conversation.session] = conversation
        self._held.move_to_end(conversation.session)
        if len(self._held) > self._limit:
            self._held.popitem(last=False)
        return bytes([_HELD]) + conversation.session

    def read_state(self, octets: bytes) -> Conversation:
        """The conversation of a State; DecodeError when it is not one of ours, or was held by another process."""
        kind, session = octets[:1], octets[1 : 1 + SESSION_LENGTH]
        if kind == bytes([_HELD]):
            held = self._held.get(session)
            if held is None:
                raise DecodeError(1, "State is of a conversation that is not held here")
            return held
        if kind not in {bytes([_INLINE]), bytes([_STATELESS])}:
            raise DecodeError(0, "State was not given by this proxy")
        server, end = self._read_server(octets)
        return Conversation(session, server, octets[end:] if kind == bytes([_INLINE]) else None)

    @staticmethod
    def of_session_id(session_id: str, node: str) -> Conversation | None:
        """The conversation of a Session-Id that `session_id` of one of ours gave; None for any other."""
        found = _SESSION_ID.match(session_id)
        if found is None or found["node"].lower() != node.lower():
            return None
        high, low = int(found["high"]), int(found["low"])
        if max(high, low) >= 1 << 32:
            return None
        return Conversation(high.to_bytes(4, "big") + low.to_bytes(4, "big"))

    def class_of(self, conversation: Conversation) -> bytes | None:
        """The Class by which accounting names the session; None when the server's name has no room in it."""
        packed = bytes([_CLASS]) + self._named(conversation)
        return packed if len(packed) <= VALUE_LIMIT else None

    @staticmethod
    def is_class(octets: bytes) -> bool:
        """Whether a Class has our form, which one of chance hardly ever has."""
        at = 1 + SESSION_LENGTH
        if octets[:1] != bytes([_CLASS]) or len(octets) <= at:
            return False
        return len(octets) == at + 1 + (0 if octets[at] >= _CONFIGURED else octets[at])

    def read_class(self, octets: bytes) -> Conversation | None:
        """The session that a Class names, None when it is another's."""
        if not self.is_class(octets):
            return None
        try:
            server, end = self._read_server(octets)
        except DecodeError:
            return None
        return Conversation(octets[1 : 1 + SESSION_LENGTH], server) if end == len(octets) else None

    def _named(self, conversation: Conversation) -> bytes:
        number = _number(conversation.server)
        if self._servers.get(number) == conversation.server:
            return conversation.session + bytes([number])
        # a name of 128 octets and more has a length that says another thing, and no room beside a State either
        host = conversation.server.encode()
        return conversation.session + bytes([len(host)]) + host if len(host) < _CONFIGURED else bytes(VALUE_LIMIT)

    def _read_server(self, octets: bytes) -> tuple[str, int]:
        at = 1 + SESSION_LENGTH
        if len(octets) <= at:
            raise DecodeError(len(octets), "State or Class ends before its server")
        if octets[at] >= _CONFIGURED:
            server = self._servers.get(octets[at])
            if server is None:
                raise DecodeError(at, "the server of the conversation is not configured any more")
            return server, at + 1
        end = at + 1 + octets[at]
        if end > len(octets):
            raise DecodeError(at, "State or Class ends in the name of its server")
        try:
            return octets[at + 1 : end].decode("ascii"), end
        except UnicodeDecodeError:
            raise DecodeError(at + 1, "the name of the server is no text") from None


def _numbered(servers: Iterable[str]) -> dict[int, str]:
    """The servers by their numbers; where a number is that of two, neither has one.

    A place in the list would be another server's on a node that has another list, or after the next reload.
    """
    numbers = Counter(map(_number, set(servers)))
    return {_number(server): server for server in servers if numbers[_number(server)] == 1}


def _number(server: str) -> int:
    return _CONFIGURED | hashlib.sha256(server.encode()).digest()[0]
