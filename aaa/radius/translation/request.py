"""An Access-Request with EAP as a DER of application 5 (RFC 4072 §2, §3.1)."""

from collections.abc import Iterable

from aaa.radius.translation.conversation import Conversation
from wire.diameter.avp import Avp, AvpFault
from wire.diameter.command import Identity
from wire.diameter.dictionary import by_name
from wire.diameter.eap import DiameterEapRequest
from wire.diameter.values import decode, define, make
from wire.radius.eap import join_eap
from wire.radius.packet import RadiusPacket

CARRIED = (
    "NAS-Identifier",
    "NAS-IP-Address",
    "NAS-IPv6-Address",
    "NAS-Port",
    "NAS-Port-Id",
    "NAS-Port-Type",
    "Service-Type",
    "Called-Station-Id",
    "Calling-Station-Id",
    "Connect-Info",
    "Framed-MTU",
    "EAP-Key-Name",
)
"""RADIUS attributes that are the AVPs of the same number, octet by octet (RFC 7155 §3.1)."""


def to_der(
    packet: RadiusPacket, conversation: Conversation, *, identity: Identity, client: str, realm: str
) -> DiameterEapRequest:
    """What `packet` of `client` asks the servers of `realm`; Proxy-State stays here, for the answer.

    DecodeError when User-Name or Service-Selection is no text or repeated. Another attribute that its AVP cannot
    carry is left out.
    """
    apn = packet.text("Service-Selection")
    return DiameterEapRequest(
        session_id=conversation.session_id(identity.origin_host, client),
        origin_host=identity.origin_host,
        origin_realm=identity.origin_realm,
        destination_realm=realm,
        destination_host=conversation.server or None,
        user_name=packet.text("User-Name"),
        eap_payload=join_eap(packet) or b"",
        states=() if conversation.state is None else (conversation.state,),
        extra=(*carried(packet, CARRIED), *((make("Service-Selection", apn),) if apn else ())),
    )


def carried(packet: RadiusPacket, names: Iterable[str]) -> list[Avp]:
    """The attributes of `packet` of these names that come once and that their AVPs can carry."""
    found = []
    for name in names:
        definition = by_name(name)
        values = packet.values(name)
        if len(values) != 1:
            continue
        try:
            value = decode(definition, Avp(definition.code, 0, 0, values[0]))
        except AvpFault:
            continue
        found.append(define(definition, value))
    return found
