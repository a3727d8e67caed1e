"""A bounded reader: no codec ever reads past its scope, and every complaint carries its offset."""

from collections.abc import Iterator
from contextlib import contextmanager

from wire.errors import DecodeError


class Reader:
    """Reads big-endian fields from `data`; `base` is the offset of `data` in the outermost message."""

    __slots__ = ("_base", "_data", "_end", "_position")

    def __init__(self, data: bytes, base: int = 0) -> None:
        self._data = data
        self._position = 0
        self._end = len(data)
        self._base = base

    @property
    def offset(self) -> int:
        """Where the next octet is, counted from the start of the outermost message."""
        return self._base + self._position

    @property
    def remaining(self) -> int:
        """Octets left in the present scope."""
        return self._end - self._position

    def take(self, count: int) -> bytes:
        """The next `count` octets; DecodeError when the scope holds fewer."""
        start = self._position
        end = start + count
        if count < 0 or end > self._end:
            raise self.error(f"{count} octets needed, {self.remaining} left")
        self._position = end
        return bytes(self._data[start:end])

    def rest(self) -> bytes:
        """All that is left of the present scope."""
        return self.take(self.remaining)

    def skip(self, count: int) -> None:
        """Pass over `count` octets; DecodeError when the scope holds fewer."""
        self.take(count)

    def u8(self) -> int:
        """One octet."""
        at = self._position
        if at >= self._end:
            raise self.error("1 octets needed, 0 left")
        self._position = at + 1
        return self._data[at]

    def u16(self) -> int:
        """Two octets, most significant first."""
        return int.from_bytes(self.take(2), "big")

    def u24(self) -> int:
        """Three octets, most significant first."""
        return int.from_bytes(self.take(3), "big")

    def u32(self) -> int:
        """Four octets, most significant first."""
        return int.from_bytes(self.take(4), "big")

    def u64(self) -> int:
        """Eight octets, most significant first."""
        return int.from_bytes(self.take(8), "big")

    def sub(self, count: int) -> "Reader":
        """A reader of the next `count` octets alone, its offsets still those of the outermost message."""
        start = self.offset
        return Reader(self.take(count), base=start)

    @contextmanager
    def scope(self, count: int) -> Iterator[None]:
        """Restrict reading to the next `count` octets and insist that all of them are read."""
        if count < 0 or count > self.remaining:
            raise self.error(f"a length of {count} octets, {self.remaining} left")
        outer_end, self._end = self._end, self._position + count
        yield
        self.finish()
        self._end = outer_end

    def finish(self) -> None:
        """DecodeError unless the present scope has been read to its end."""
        if self.remaining:
            raise self.error(f"{self.remaining} octets left over")

    def error(self, reason: str) -> DecodeError:
        """A DecodeError at the present offset, for the caller to raise."""
        return DecodeError(self.offset, reason)
