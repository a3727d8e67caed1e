"""Messages out of a stream of octets (RFC 6733 §3, §7.1.5)."""

from wire.diameter.message import HEADER_LENGTH, Header
from wire.errors import DecodeError

DEFAULT_LIMIT = 1 << 20
LIMIT_BEFORE_CER = 1 << 14


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
        buffer = self._buffer
        buffer += data
        at = 0
        while len(buffer) - at >= 4:
            length = int.from_bytes(buffer[at + 1 : at + 4], "big")
            if length < HEADER_LENGTH or length % 4 or length > self.limit:
                self._lose(at, length)
                return messages
            if len(buffer) - at < length:
                break
            messages.append(bytes(buffer[at : at + length]))
            at += length
        del buffer[:at]
        return messages

    def _lose(self, at: int, length: int) -> None:
        head = bytes(self._buffer[at : at + HEADER_LENGTH])
        header = Header.parse(head) if len(head) == HEADER_LENGTH else None
        self._buffer.clear()
        self.lost = FramingError(at + 1, f"a message length of {length} octets", header)
