"""The packets of AKA-Identity rounds, which AT_CHECKCODE covers, in as few octets as they have meaning.

A request is two octets: its Identifier and what it asks for. A response that holds AT_IDENTITY and nothing else is its
Identifier and that identity, which mostly stands elsewhere already. Any other packet is kept as it is.

Of AT_CHECKCODE there is the digest. A full authentication by an identity for fast re-authentication, which has the
least room, mostly had one round, in which the UE said that identity: then an octet says how many requests ago that was.
"""

from typing import NoReturn

from aaa.conversations.packing import Packer, Unpacker
from aaa.eap import sim
from aaa.eap.identity_rounds import identity_request
from aaa.eap.states import Exchange, IdRequest
from wire.eap.aka import AkaMessage
from wire.eap.attributes import At, Attribute, Attributes
from wire.eap.checkcode import checkcode
from wire.eap.constants import Subtype
from wire.eap.packet import EapCode
from wire.errors import DecodeError, EncodeError
from wire.identity import EapMethod, IdentityKind

ASKED: tuple[IdRequest | None, ...] = (None, *IdRequest)

_AS_IT_IS, _REQUEST, _RESPONSE = range(3)
_NO_ROUND, _DIGEST = range(2)
_MOST_AGO = 4
"""A re-authentication, a resynchronisation and a negotiation may have followed it."""


def pack_rounds(packer: Packer, method: EapMethod, rounds: tuple[bytes, ...]) -> None:
    """At most 255 packets."""
    packer.number(len(rounds))
    for packet in rounds:
        _pack(packer, method, packet)


def unpack_rounds(unpacker: Unpacker, method: EapMethod) -> tuple[bytes, ...]:
    """The packets, octet by octet as they were."""
    return tuple(_unpack(unpacker, method) for _ in range(unpacker.u8()))


def pack_checkcode(packer: Packer, exchange: Exchange, code: bytes) -> None:
    """What AT_CHECKCODE of a challenge carries, whose request is the outstanding one of `exchange`."""
    if exchange.kind is not IdentityKind.REAUTHENTICATION:
        packer.varied(code)
        return
    if not code:
        packer.number(_NO_ROUND)
        return
    for ago in range(1, _MOST_AGO + 1):
        if code == _of_one_round(exchange, ago):
            packer.number(_DIGEST + ago)
            return
    packer.number(_DIGEST)
    packer.varied(code)


def unpack_checkcode(unpacker: Unpacker, exchange: Exchange) -> bytes:
    """What `pack_checkcode` wrote."""
    if exchange.kind is not IdentityKind.REAUTHENTICATION:
        return unpacker.varied()
    match unpacker.choice(_DIGEST + _MOST_AGO + 1):
        case 0:
            return b""
        case 1:
            return unpacker.varied()
        case found:
            return _of_one_round(exchange, found - _DIGEST) or _impossible(unpacker)


def _of_one_round(exchange: Exchange, ago: int) -> bytes:
    """b"" where the method has no such round."""
    method, identifier = exchange.method, (exchange.identifier - ago) % 256
    packets = _request(method, identifier, IdRequest.ANY), _response(method, identifier, exchange.identity)
    return b"" if None in packets else checkcode(method, filter(None, packets))


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
