"""Numbers and their names in memory that another process may read: what a worker counted outlives it, even kill -9.

The layout is for processes of one machine and one version: how many octets of names there are, the numbers, the names.
A name is a line of JSON, and says at which number it begins.
"""

import json
import mmap
import os
from collections.abc import Sequence
from dataclasses import dataclass

NUMBERS = 262_144
"""How many numbers there is room for."""
NOWHERE = 0
"""Where those count that find no room; so many numbers are not read."""

_HEAD = 8
_NAMES_AT = _HEAD + 8 * NUMBERS
_SIZE = _NAMES_AT + 64 * NUMBERS
_FIRST = 32


@dataclass(frozen=True, slots=True)
class Named:
    """A series of one family: its label values, and the number at which it begins."""

    family: str
    labels: tuple[str, ...]
    at: int


class Cells:
    """The numbers of one process: in `descriptor`, which `shareable` made, or its own alone.

    Pages that nothing was written to take no memory. One thread writes; anybody may read.
    """

    def __init__(self, descriptor: int | None = None) -> None:
        self._map = mmap.mmap(-1 if descriptor is None else descriptor, _SIZE)
        whole = memoryview(self._map)
        self.numbers = whole[_HEAD:_NAMES_AT].cast("d")
        self._used = whole[:_HEAD].cast("Q")
        self._next = _FIRST
        self._names: list[Named] = []
        self._names_read = 0

    def allocate(self, family: str, labels: tuple[str, ...], length: int) -> int:
        """Where `length` numbers of a new series begin; NOWHERE when there is no room for them or their name."""
        line = json.dumps([family, labels, self._next]).encode() + b"\n"
        begin = _NAMES_AT + self._used[0]
        if self._next + length > NUMBERS or begin + len(line) > _SIZE:
            return NOWHERE
        at = self._next
        self._next += length
        self._map[begin : begin + len(line)] = line
        # the last thing that is written: whoever reads sees whole names alone
        self._used[0] += len(line)
        return at

    def series(self) -> Sequence[Named]:
        """Every series that has been allocated until now."""
        used = self._used[0]
        for line in self._map[_NAMES_AT + self._names_read : _NAMES_AT + used].splitlines():
            family, labels, at = json.loads(line)
            self._names.append(Named(family, tuple(labels), at))
        self._names_read = used
        return self._names

    def close(self) -> None:
        """Give the memory back."""
        self.numbers.release()
        self._used.release()
        self._map.close()


def shareable() -> int:
    """A descriptor for the cells of a process that is to be started; OSError when there can be none."""
    descriptor = os.memfd_create("akadia-metrics")
    os.ftruncate(descriptor, _SIZE)
    return descriptor
