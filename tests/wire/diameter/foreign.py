"""python-diameter's codec as a second reader and writer of our messages."""

from typing import Any

from diameter.message import Message as ForeignMessage
from diameter.message.avp import AvpGrouped

from wire.diameter.dictionary import by_code


def plain(octets: bytes) -> Any:  # noqa: ANN401
    """The message, its AVPs a list in their order."""
    return ForeignMessage.from_bytes(octets, plain_msg=True)


def typed(octets: bytes) -> Any:  # noqa: ANN401
    """The message with the attributes of its command class."""
    return ForeignMessage.from_bytes(octets)


def tree(avps: Any) -> list[tuple[str, object]]:  # noqa: ANN401
    """(our name, value) of each AVP as the foreign codec reads it, groups as lists."""
    found: list[tuple[str, object]] = []
    for avp in avps:
        definition = by_code(avp.code, avp.vendor_id or 0)
        name = "?" if definition is None else definition.name
        found.append((name, tree(avp.value) if isinstance(avp, AvpGrouped) else avp.value))
    return found
