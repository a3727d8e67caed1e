"""Messages out of a stream of octets (RFC 6733 §3, §7.1.5)."""

from struct import Struct

from wire.diameter.message import HEADER_LENGTH, Header
from wire.errors import DecodeError

DEFAULT_LIMIT = 1 << 20
LIMIT_BEFORE_CER = 1 << 14
_read_word = Struct(">I").unpack_from
_LENGTH = 0xFFFFFF
"""Of the first word: what is before it is the version."""


class FramingError(DecodeError):
    """A length after which the stream cannot be followed: the connection has to be closed.

    `header` is there when all twenty octets of it have arrived, so that 5015 may be answered first.
    """

    def __init__(self, offset: int, reason: str, header: Header | None) -> None:
        super().__init__(offset, reason)
        self.header = header


class Framer:
    """Cuts a stream into messages; never holds more than `limit` octets of an unfinished one."""

    def __init__(self, limit: int = DEFAULT_LIMIT) -> None:
        self.limit = limit
        self.lost: FramingError | None = None
        self._buffer = bytearray()

    @property
    def unfinished(self) -> int:
        """Octets of a message that has not arrived whole."""
        return len(self._buffer)

    def feed(self, data: bytes) -> list[bytes]:
        """Take the next octets and return every message that is now whole, of whatever version.

        After an impossible length `lost` says which; the messages before it are still returned, and nothing after it.
        The version is left to Message.parse: only a message that is whole can be answered with 5011.
        """
        messages: list[bytes] = []
        if self.lost is not None:
            return messages
        # what comes whole, and most does, is not copied first
        buffer: bytearray = self._buffer
        octets: bytes | bytearray = data
        if buffer:
            buffer += data
            octets = buffer
        at, left, limit = 0, len(octets), self.limit
        while left >= 4:
            length = _read_word(octets, at)[0] & _LENGTH
            if length & 3 or not HEADER_LENGTH <= length <= limit:
                self._lose(octets, at, length)
                return messages
            if left < length:
                break
            messages.append(bytes(octets[at : at + length]))
            at += length
            left -= length
        if buffer:
            del buffer[:at]
        elif left:
            buffer += octets[at:]
        return messages

    def _lose(self, octets: bytes | bytearray, at: int, length: int) -> None:
        head = bytes(octets[at : at + HEADER_LENGTH])
        header = Header.parse(head) if len(head) == HEADER_LENGTH else None
        self._buffer.clear()
        self.lost = FramingError(at + 1, f"a message length of {length} octets", header)
