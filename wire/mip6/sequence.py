"""The Binding Update's sequence number (RFC 6275 §9.5.1)."""

_MODULUS = 1 << 16
_HALF = 1 << 15


def is_newer(sequence: int, last: int) -> bool:
    """Whether `sequence` is greater than `last`: not that value, nor one of the 32768 before it."""
    return 0 < (sequence - last) % _MODULUS < _HALF


def following(sequence: int) -> int:
    """The next number of the free running counter."""
    return (sequence + 1) % _MODULUS
