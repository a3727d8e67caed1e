"""Records of which a node writes many that differ in few fields: what all of them say is octets already."""

from collections.abc import Callable
from typing import Any

from wire.diameter.avp import build_avps
from wire.diameter.record import Record, slots_of


class Pattern:
    """The records that are `like` one another but for the fields called `differing`, in the order of their AVPs.

    Each of these is set or not; a repeated one has one AVP at most.
    """

    def __init__(self, like: Record, *differing: str) -> None:
        self._pieces: list[tuple[bytes, Callable[[Any], bytes]]] = []
        wanted, standing = list(differing), b""
        for slot in slots_of(type(like)):
            value = getattr(like, slot.field)
            if wanted and slot.field == wanted[0]:
                self._pieces.append((standing, slot.build))
                standing = b""
                del wanted[0]
            elif slot.many:
                standing += b"".join(map(slot.build, value))
            elif value is not None:
                standing += slot.build(value)
        if wanted:
            raise ValueError(f"{type(like).__name__} has no {wanted[0]} where it is to differ")
        self._last = standing + build_avps(like.extra)

    def octets(self, *values: object) -> bytes:
        """What `Record.octets` gives of the one that has these values; None is one that is not set."""
        found: list[bytes] = []
        for (standing, build), value in zip(self._pieces, values, strict=True):
            found += (standing,) if value is None else (standing, build(value))
        found.append(self._last)
        return b"".join(found)
