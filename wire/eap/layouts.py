"""Answers in a layout that was read before (RFC 4187 §8.1).

UEs of one kind answer a challenge with the same attributes in the same order, each as long as ever. Once such a message
has been read, another that has the same octets wherever no value stands needs no attribute looked for and none judged:
what a message may carry does not depend on its values, AT_PADDING aside, which is inside AT_ENCR_DATA alone.
"""

from collections.abc import Callable
from functools import partial
from struct import Struct
from typing import Any

from wire.eap.aka import AkaMessage
from wire.eap.attributes import Attribute, Attributes, attribute_around
from wire.eap.constants import Subtype
from wire.eap.packet import EapCode
from wire.errors import EncodeError
from wire.frozen import dataclass
from wire.identity import EapMethod

MOST = 64
"""Layouts that are remembered; who invents more has all of them forgotten."""

_OF_EVERY_LOGIN = (Subtype.CHALLENGE, Subtype.SIM_CHALLENGE, Subtype.REAUTHENTICATION)
_RESPONSE = EapCode.RESPONSE
_HEADER = ">sB6s0s"
"""Code, Identifier, and from Length to the reserved octets: so what must be the same is every second field."""
_FIRST_VALUE = 5
# as Attribute._make, which is a call more for each
_attribute: partial[Attribute] = partial(tuple.__new__, Attribute)


@dataclass(frozen=True, slots=True)
class _Layout:
    """`unpack` gives what stands around values and the values in turn."""

    unpack: Callable[[bytes], tuple[Any, ...]]
    length: int
    around: tuple[bytes, ...]
    method: EapMethod
    subtype: Subtype
    kinds: tuple[int, ...]
    mac_at: int


_layouts: dict[bytes, _Layout] = {}
"""By Length, Type, Subtype and the first attribute's type: octets 2 to 8."""


def read_again(octets: bytes) -> AkaMessage | None:
    """The response that these octets are; None where none in their layout is remembered."""
    layout = _layouts.get(octets[2:9])
    if layout is None or len(octets) != layout.length:
        return None
    found = layout.unpack(octets)
    if found[::2] != layout.around:
        return None
    items = tuple(map(_attribute, zip(layout.kinds, found[_FIRST_VALUE::2])))  # noqa: B905 - the layout is one's
    attributes = Attributes(items, layout.mac_at)
    return AkaMessage(_RESPONSE, found[1], layout.method, layout.subtype, attributes, octets)


def remember(message: AkaMessage) -> None:
    """The layout of a response that has been read."""
    octets, attributes = message.octets, message.attributes
    if message.code is not EapCode.RESPONSE or message.subtype not in _OF_EVERY_LOGIN:
        return
    try:
        around = [(*map(len, attribute_around(kind, len(value))), len(value)) for kind, value in attributes.items]
    except EncodeError:
        return
    fields = Struct(_HEADER + "".join(f"{before}s{value}s{behind}x" for before, behind, value in around))
    # a value may have more room than it needs
    if fields.size != len(octets):
        return
    if len(_layouts) >= MOST:
        _layouts.clear()
    kinds = tuple(kind for kind, _ in attributes.items)
    _layouts[octets[2:9]] = _Layout(
        fields.unpack,
        fields.size,
        fields.unpack(octets)[::2],
        message.method,
        message.subtype,
        kinds,
        attributes.mac_at,
    )
