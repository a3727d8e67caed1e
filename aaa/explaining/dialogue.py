"""The EAP packets of a conversation for an operator: names and lengths of what they carried, and no value of it."""

import struct
from collections.abc import Iterable, Iterator
from itertools import chain

from hss.failure_api import DialogueLine
from wire.eap.aka import AkaMessage
from wire.eap.attributes import attribute_name
from wire.eap.constants import Subtype
from wire.eap.packet import EapCode, EapPacket, EapType
from wire.errors import DecodeError
from wire.identity import EapMethod

PACKETS_MAX = 12
"""Of a longer dialogue the beginning is forgotten."""
HEAD_LENGTH = 5
"""Code, Length, Type and Subtype: what another process is told of a packet."""

_head = struct.Struct("sx4s").unpack_from

_METHODS = {EapMethod.AKA: "AKA", EapMethod.AKA_PRIME: "AKA'", EapMethod.SIM: "SIM"}
_TYPES = {EapType.IDENTITY: "Identity", EapType.NOTIFICATION: "Notification", EapType.NAK: "Nak"}


def continued(dialogue: tuple[bytes, ...], *packets: bytes) -> tuple[bytes, ...]:
    """`dialogue` with `packets` behind it, as far as it is kept."""
    return (*dialogue, *packets)[-PACKETS_MAX:]


def heads(earlier: bytes, dialogue: Iterable[bytes]) -> bytes:
    """What travels with a conversation: HEAD_LENGTH octets for each packet of it."""
    try:
        every = earlier + b"".join(chain.from_iterable(map(_head, dialogue)))
    except struct.error:
        # a packet without a Subtype
        every = earlier + b"".join([(packet[:1] + packet[2:6]).ljust(HEAD_LENGTH, b"\0") for packet in dialogue])
    return every[-HEAD_LENGTH * PACKETS_MAX :]


def lines(earlier: bytes, dialogue: Iterable[bytes]) -> tuple[DialogueLine, ...]:
    """Every packet, those that other processes exchanged without their attributes."""
    split = (earlier[at : at + HEAD_LENGTH] for at in range(0, len(earlier), HEAD_LENGTH))
    return (*map(_of_head, split), *(_of_packet(packet) for packet in dialogue if packet))


def _of_head(head: bytes) -> DialogueLine:
    code, length, kind, subtype = head[0], int.from_bytes(head[1:3], "big"), head[3], head[4]
    return DialogueLine(_direction(code), _message(code, kind, subtype), length)


def _of_packet(octets: bytes) -> DialogueLine:
    try:
        packet = EapPacket.parse(octets)
        kind, subtype = packet.type or 0, packet.type_data[0] if packet.type_data else 0
        message = _message(packet.code, kind, subtype)
        return DialogueLine(_direction(packet.code), message, len(octets), tuple(_attributes(octets, kind)))
    except DecodeError as error:
        return DialogueLine("from the UE", f"no EAP packet: {error.reason}", len(octets))


def _attributes(octets: bytes, kind: int) -> Iterator[tuple[str, int]]:
    if kind in set(EapMethod):
        try:
            message = AkaMessage.parse(octets)
        except DecodeError as error:
            yield f"malformed: {error.reason}", 0
            return
        yield from ((attribute_name(item.type), len(item.value)) for item in message.attributes)


def _direction(code: int) -> str:
    return "from the UE" if code == EapCode.RESPONSE else "to the UE"


def _message(code: int, kind: int, subtype: int) -> str:
    if code in (EapCode.SUCCESS, EapCode.FAILURE):
        return f"EAP-{EapCode(code).name.title()}"
    direction = "Response" if code == EapCode.RESPONSE else "Request"
    return f"EAP-{direction}/{_inside(kind, subtype)}"


def _inside(kind: int, subtype: int) -> str:
    if kind in set(EapMethod):
        known = subtype in set(Subtype)
        name = Subtype(subtype).name.removeprefix("SIM_").replace("_", "-").title() if known else f"subtype {subtype}"
        return f"{_METHODS[EapMethod(kind)]}-{name}"
    return _TYPES[EapType(kind)] if kind in _TYPES else f"type {kind}"
