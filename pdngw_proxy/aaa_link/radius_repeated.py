"""What accounting says again of each session: Class and Chargeable-User-Identity (RFC 2865 §5.25, RFC 4372 §2.1)."""

from collections.abc import Iterable

from pdngw_proxy.aaa_link.radius_messages import repeated_by
from wire.radius.dictionary import key_of
from wire.radius.packet import Attribute, RadiusPacket

ROOM = 2900
"""Octets that an accounting record of ours, in which every name is as long as may be, has room for."""
_HEADER = 2
_CLASS = key_of("Class")


class Repeated:
    """What each session's Access-Accept, CoA and Disconnect have said to repeat, until it is forgotten."""

    def __init__(self) -> None:
        self._of: dict[str, tuple[Attribute, ...]] = {}

    def accept(self, session: str, packet: RadiusPacket) -> None:
        """The Access-Accept of the session: what it says counts instead of what one before it said."""
        self._of[session] = repeated_by(packet)

    def replace_class(self, session: str, classes: Iterable[bytes]) -> None:
        """What a CoA carries replaces all that was there before (RFC 5176 §3.6, note 3)."""
        kept = (one for one in self._of.get(session, ()) if one.key != _CLASS)
        self._of[session] = _what_has_room((*kept, *_of_classes(classes)))

    def add_class(self, session: str, classes: Iterable[bytes]) -> None:
        """What a Disconnect carries goes into the Stop, beside that of the Access-Accept (RFC 5176 §3.6, note 4)."""
        kept = self._of.get(session, ())
        self._of[session] = _what_has_room((*kept, *(one for one in _of_classes(classes) if one not in kept)))

    def of(self, session: str) -> tuple[Attribute, ...]:
        """All of it, in the order in which it came."""
        return self._of.get(session, ())

    def forget(self, session: str) -> None:
        """The session is over and was told of."""
        self._of.pop(session, None)


def _of_classes(classes: Iterable[bytes]) -> Iterable[Attribute]:
    return (Attribute(_CLASS, value) for value in dict.fromkeys(classes))


def _what_has_room(attributes: Iterable[Attribute]) -> tuple[Attribute, ...]:
    """A record that no packet carries would never be told."""
    left, fitting = ROOM, []
    for one in attributes:
        left -= len(one.value) + _HEADER
        if left >= 0:
            fitting.append(one)
    return tuple(fitting)
