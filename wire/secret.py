"""Key material as a type that no log line, traceback or f-string can show."""

from typing import NoReturn, SupportsIndex


class Secret(bytes):
    """Octets that never print themselves.

    It is `bytes` for every algorithm that takes a key. Slices and concatenations are plain bytes again: wrap what is
    kept. `hex()` stays, for the few places that write a key on purpose (a sealed column, Wireshark's tables).
    """

    __slots__ = ()

    def __repr__(self) -> str:
        return f"<secret of {len(self)} octets>"

    def __str__(self) -> str:
        return repr(self)

    def __format__(self, spec: str) -> str:
        return format(repr(self), spec)

    def __reduce_ex__(self, _protocol: SupportsIndex) -> NoReturn:
        raise TypeError("a secret is not pickled")
