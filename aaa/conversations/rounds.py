"""The packets of AKA-Identity rounds, which AT_CHECKCODE covers, in as few octets as they have meaning.

A request is two octets: its Identifier and what it asks for. A response that holds AT_IDENTITY and nothing else is its
Identifier and that identity, which mostly stands elsewhere already. Any other packet is kept as it is.
"""

from typing import NoReturn

from aaa.conversations.packing import Packer, Unpacker
from aaa.eap import sim
from aaa.eap.identity_rounds import identity_request
from aaa.eap.states import Exchange, IdRequest
from wire.eap.aka import AkaMessage
from wire.eap.attributes import At, Attribute, Attributes
from wire.eap.constants import Subtype
from wire.eap.packet import EapCode
from wire.errors import DecodeError, EncodeError
from wire.identity import EapMethod

ASKED: tuple[IdRequest | None, ...] = (None, *IdRequest)

_AS_IT_IS, _REQUEST, _RESPONSE = range(3)


def pack_rounds(packer: Packer, method: EapMethod, rounds: tuple[bytes, ...]) -> None:
    """At most 255 packets."""
    packer.number(len(rounds))
    for packet in rounds:
        _pack(packer, method, packet)


def unpack_rounds(unpacker: Unpacker, method: EapMethod) -> tuple[bytes, ...]:
    """The packets, octet by octet as they were."""
    return tuple(_unpack(unpacker, method) for _ in range(unpacker.u8()))


def _pack(packer: Packer, method: EapMethod, packet: bytes) -> None:
    identifier = packet[1] if len(packet) > 1 else 0
    for at, asked in enumerate(ASKED):
        if packet == _request(method, identifier, asked):
            packer.octets(bytes((_REQUEST, identifier, at)))
            return
    identity = _identity_in(packet, method)
    if identity is not None and packet == _response(method, identifier, identity):
        packer.octets(bytes((_RESPONSE, identifier)))
        packer.identity(identity)
        return
    packer.number(_AS_IT_IS)
    packer.varied(packet)


def _unpack(unpacker: Unpacker, method: EapMethod) -> bytes:
    match unpacker.choice(3):
        case 1:
            identifier, asked = unpacker.u8(), ASKED[unpacker.choice(len(ASKED))]
            return _request(method, identifier, asked) or _impossible(unpacker)
        case 2:
            identifier, identity = unpacker.u8(), unpacker.identity()
            return _response(method, identifier, identity) or _impossible(unpacker)
        case _:
            return unpacker.varied()


def _impossible(unpacker: Unpacker) -> NoReturn:
    raise unpacker.error("the method has no such packet")


def _request(method: EapMethod, identifier: int, asked: IdRequest | None) -> bytes | None:
    exchange = Exchange(method, b"", identifier)
    if method is EapMethod.SIM:
        return sim.start_request(exchange, asked)
    return None if asked is None else identity_request(exchange, asked)


def _response(method: EapMethod, identifier: int, identity: bytes) -> bytes | None:
    attributes = Attributes((Attribute(At.IDENTITY, identity),))
    try:
        return AkaMessage(EapCode.RESPONSE, identifier, method, Subtype.IDENTITY, attributes).build()
    except EncodeError:
        return None


def _identity_in(packet: bytes, method: EapMethod) -> bytes | None:
    try:
        return None if method is EapMethod.SIM else AkaMessage.parse(packet).attributes.get(At.IDENTITY)
    except DecodeError:
        return None
