"""Which of two requests is served when there is no room for both (RFC 7944, TS 29.273 §7.2.3.4)."""

from wire.diameter.avp import Avp
from wire.diameter.dictionary import by_name
from wire.diameter.message import Message
from wire.diameter.sessions import SessionCommand

EMERGENCY = 0
BEGUN = 8
DEFAULT = 10
"""RFC 7944 §8: what a request has that does not say; smaller goes first, 15 is the last."""

LOWEST = 15


def _key(name: str) -> tuple[int, int]:
    definition = by_name(name)
    return definition.code, definition.vendor


_DRMP, _EMERGENCY, _STATE = _key("DRMP"), _key("Emergency-Services"), _key("State")


def priority_of(request: Message) -> int:
    """0 to 15: an emergency before all, then as DRMP says, and what was begun before what begins.

    A round with State finishes a conversation that has cost a vector; a STR frees what another may have.
    """
    marked = DEFAULT
    begun = request.command == SessionCommand.SESSION_TERMINATION
    for avp in request.avps:
        key = avp.code, avp.vendor
        if key == _EMERGENCY and _number(avp) & 1:
            return EMERGENCY
        if key == _DRMP:
            marked = min(_number(avp), LOWEST)
        elif key == _STATE:
            begun = True
    return min(marked, BEGUN) if begun else marked


def _number(avp: Avp) -> int:
    return int.from_bytes(avp.data[:4], "big")
