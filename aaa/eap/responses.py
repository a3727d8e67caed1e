"""Whether a packet answers the outstanding request at all (RFC 3748 §4.1), and whether it can be read."""

from aaa.eap.events import Discard
from aaa.eap.states import Exchange
from wire.eap.aka import AkaMessage
from wire.eap.packet import EapCode, EapPacket
from wire.errors import DecodeError
from wire.frozen import dataclass


@dataclass(frozen=True, slots=True)
class Unreadable:
    """It answers the request, and is not a message that the method allows (RFC 4187 §6.3.2)."""

    reason: str


def matching_response(octets: bytes, identifier: int) -> EapPacket | Discard:
    """The packet, when it is a response to the request with `identifier`.

    RFC 3748 §4.1: what is malformed, no response, or bears another Identifier is discarded silently, and the last is
    what a retransmitted response does.
    """
    try:
        packet = EapPacket.parse(octets)
    except DecodeError as error:
        return Discard(f"malformed EAP packet: {error}")
    if packet.code is not EapCode.RESPONSE:
        return Discard(f"an EAP {packet.code.name.lower()} from the peer")
    if packet.identifier != identifier:
        return Discard(f"identifier {packet.identifier} answers no outstanding request")
    return packet


def read_response(octets: bytes, exchange: Exchange) -> AkaMessage | Unreadable | Discard:
    """The method's message that answers the outstanding request of `exchange`."""
    packet = matching_response(octets, exchange.identifier)
    if isinstance(packet, Discard):
        return packet
    if packet.type != exchange.method:
        return Discard(f"a response of type {packet.type} within EAP type {exchange.method.value}")
    try:
        return AkaMessage.of(packet, octets)
    except DecodeError as error:
        return Unreadable(str(error))
