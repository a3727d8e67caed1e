"""Where log lines go: a stream that may be full or closed, which is no reason for anything else to fail."""

from typing import TextIO


class LogStream:
    """Writes to `stream`; what cannot be written is lost and counted in `lost`."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self.lost = 0

    def write(self, text: str) -> int:
        """All of it, or nothing: a disk without room or a reader who has gone may not end a request, or a daemon."""
        try:
            return self._stream.write(text)
        except (OSError, ValueError):
            self.lost += 1
            return 0

    def flush(self) -> None:
        """Hand over what is buffered."""
        try:
            self._stream.flush()
        except (OSError, ValueError):
            self.lost += 1
