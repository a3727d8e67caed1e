"""Whether a packet answers the outstanding request at all (RFC 3748 §4.1), and whether it can be read."""

from aaa.eap.events import Discard
from aaa.eap.states import Exchange
from wire.eap.aka import AkaMessage
from wire.eap.layouts import read_again, remember
from wire.eap.packet import EapCode, EapPacket
from wire.errors import DecodeError
from wire.frozen import dataclass

LONGEST_PACKET = 2048
"""Octets of a response: twice what EAP-AKA's may have (RFC 4187 §8.2), for every one is kept until its UE is done."""


@dataclass(frozen=True, slots=True)
class Unreadable:
    """It answers the request, and is not a message that the method allows (RFC 4187 §6.3.2)."""

    reason: str


def any_response(octets: bytes) -> EapPacket | Discard:
    """The packet, when it is a response of a size that one may have."""
    if len(octets) > LONGEST_PACKET:
        return Discard(f"an EAP packet of {len(octets)} octets")
    try:
        packet = EapPacket.parse(octets)
    except DecodeError as error:
        return Discard(f"malformed EAP packet: {error}")
    if packet.code is not EapCode.RESPONSE:
        return Discard(f"an EAP {packet.code.name.lower()} from the peer")
    return packet


def matching_response(octets: bytes, identifier: int) -> EapPacket | Discard:
    """The packet, when it is a response to the request with `identifier`.

    RFC 3748 §4.1: what is malformed, no response, or bears another Identifier is discarded silently, and the last is
    what a retransmitted response does.
    """
    packet = any_response(octets)
    if isinstance(packet, EapPacket) and packet.identifier != identifier:
        return Discard(f"identifier {packet.identifier} answers no outstanding request")
    return packet


def read_response(octets: bytes, exchange: Exchange) -> AkaMessage | Unreadable | Discard:
    """The method's message that answers the outstanding request of `exchange`."""
    known = read_again(octets)
    if known is not None and known.identifier == exchange.identifier and known.method is exchange.method:
        return known
    packet = matching_response(octets, exchange.identifier)
    if isinstance(packet, Discard):
        return packet
    if packet.type != exchange.method:
        return Discard(f"a response of type {packet.type} within EAP type {exchange.method.value}")
    try:
        message = AkaMessage.of(packet, octets)
    except DecodeError as error:
        return Unreadable(str(error))
    remember(message)
    return message
