"""How the attributes lie in a packet (RFC 2865 §5), learned for those that come again and again.

A client's packets have the same attributes of the same lengths, one after another. Which they are and where they end
stands in few octets, the heads. Where the heads are the same a walk from each to the next would find the same places,
so one call compares all heads and another takes out all values.
"""

from collections.abc import Callable, Sequence
from operator import itemgetter
from typing import Any

from wire.radius.dictionary import Key
from wire.radius.packet import HEADER_LENGTH, VENDOR_SPECIFIC, Pair

MOST_ATTRIBUTES = 64
_LENGTH_AT = (2, 3)
_HEADER = (0, 1, slice(4, HEADER_LENGTH))
"""Code, Identifier and Authenticator."""


class Layout:
    """That of the packet `octets`, in which `found` was read; at `seal_at` its Message-Authenticator begins.

    A packet of the same length lies like it when `heads` takes `said` out of it; then `values` takes its Code,
    Identifier, Authenticator and the values of `keys`. It `is_plain` when no key comes twice and none has more inside.
    """

    __slots__ = ("heads", "is_plain", "keys", "said", "seal_at", "values")

    heads: Callable[[bytes], tuple[int, ...]]
    values: Callable[[bytes], tuple[Any, ...]]

    def __init__(self, octets: bytes, found: Sequence[Pair], seal_at: int | None) -> None:
        heads, places, at = list(_LENGTH_AT), list[slice](), HEADER_LENGTH
        for _, value in found:
            end = at + 2 + len(value)
            heads += (at, at + 1)
            places.append(slice(at + 2, end))
            at = end
        self.keys: tuple[Key, ...] = tuple([key for key, _ in found])
        self.is_plain = len(set(self.keys)) == len(found) and VENDOR_SPECIFIC not in self.keys
        self.seal_at = seal_at
        self.heads = itemgetter(*heads)
        self.said = self.heads(octets)
        self.values = itemgetter(*_HEADER, *places)


class Layouts:
    """One for each of at most `size` lengths, taken from every `often`-th packet that is of none of them.

    To learn one costs more than to read a packet without: what comes once is not learned.
    """

    def __init__(self, *, size: int = 512, often: int = 16) -> None:
        self._size = size
        self._often = often
        self._met: dict[int, int] = {}
        self.of_length: dict[int, Layout] = {}

    def met(self, octets: bytes, found: Sequence[Pair], seal_at: int | None) -> None:
        """`octets` was of no layout, and this was found in it."""
        if len(found) > MOST_ATTRIBUTES:
            return
        length = len(octets)
        met = self._met[length] = self._met.get(length, 0) + 1
        if met % self._often == 0:
            if len(self.of_length) >= self._size:
                self.of_length.clear()
            self.of_length[length] = Layout(octets, found, seal_at)
