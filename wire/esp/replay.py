"""The anti-replay window, with and without extended sequence numbers (RFC 4303 §3.4.3, RFC 4303 §A2)."""

LEAST_WINDOW = 64
MOST_WINDOW = 1024
_LOW = 0xFFFF_FFFF
_MOST_EXTENDED = 0xFFFF_FFFF_FFFF_FFFF


class Replayed(Exception):
    """The sequence number was received before, or lies left of the window; `sequence` is the whole number."""

    def __init__(self, sequence: int, reason: str) -> None:
        super().__init__(f"sequence number {sequence}: {reason}")
        self.sequence = sequence
        self.reason = reason


class ReplayWindow:
    """The receiver's memory: the highest authenticated number, and a bit for each of the `size` numbers up to it.

    `size` is 64 to 1024; with `extended` the number is 64 bits of which only the low 32 are on the wire.
    """

    def __init__(self, *, size: int = 256, extended: bool = False) -> None:
        if not LEAST_WINDOW <= size <= MOST_WINDOW:
            raise ValueError(f"a replay window of {size}, not {LEAST_WINDOW} to {MOST_WINDOW}")
        self._size = size
        self._extended = extended
        self._last = 0
        self._seen = 0

    @property
    def last(self) -> int:
        """The highest number accepted so far; 0 before the first."""
        return self._last

    def infer(self, low: int) -> int:
        """The whole number of a packet that carries `low`; Replayed when no number that may still come has it.

        The window decides into which 2^32 the number falls (RFC 4303 §A2.2).
        """
        if not self._extended:
            return low
        high, last_low = self._last >> 32, self._last & _LOW
        left = last_low - self._size + 1
        if left >= 0:
            high += low < left
        elif low >= left & _LOW:
            high -= 1
        number = high << 32 | low
        if not 0 < number <= _MOST_EXTENDED:
            raise Replayed(low, "left of the window")
        return number

    def check(self, sequence: int) -> None:
        """Replayed unless `sequence` may be accepted; it is only recorded by `accept`, after its ICV was verified."""
        if sequence == 0:
            raise Replayed(sequence, "never sent")
        age = self._last - sequence
        if age >= self._size:
            raise Replayed(sequence, "left of the window")
        if age >= 0 and self._seen >> age & 1:
            raise Replayed(sequence, "received before")

    def accept(self, sequence: int) -> None:
        """Record an authenticated number; it may move the window forward."""
        ahead = sequence - self._last
        if ahead > 0:
            self._seen = (self._seen << min(ahead, self._size) | 1) & ((1 << self._size) - 1)
            self._last = sequence
        else:
            self._seen |= 1 << -ahead
