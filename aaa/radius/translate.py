"""Between RADIUS packets and what the authentication service asks and answers (RFC 3579 §2, RFC 2548 §2.4)."""

from functools import lru_cache

from aaa.messages import WLAN_ACCESS, Accept, AccessAnswer, AccessRequest, Challenge, Client, Ignore, Reject
from aaa.radius.nas import first_text
from hss.api import ApnProfile
from wire.radius.dictionary import VALUE_LIMIT, key_of
from wire.radius.eap import join_eap
from wire.radius.messages import reply
from wire.radius.mppe import msk_attributes
from wire.radius.packet import Attribute, Code, RadiusPacket
from wire.sansio import RandomBytes

EAP_FAILURE = 4
_STATE = key_of("State")
_CLASS = key_of("Class")
_USER_NAME = key_of("User-Name")
_HOME_ADDRESS, _HOME_ADDRESS_V4 = key_of("Framed-IPv6-Address"), key_of("Framed-IP-Address")


def to_access_request(packet: RadiusPacket, client: Client) -> AccessRequest:
    """What an Access-Request with EAP asks; DecodeError when an attribute that matters is malformed or repeated.

    The APN is Service-Selection (RFC 6572 §4.3) alone: Called-Station-Id names an access point as often as an APN.
    """
    eap, state = join_eap(packet) or b"", packet.octets("State")
    user_name, apn = packet.text("User-Name"), packet.text("Service-Selection") or None
    session = first_text(packet, "Acct-Session-Id") or ""
    return AccessRequest(client, eap, state, user_name, apn, "radius", None, WLAN_ACCESS, session)


def to_reply(request: RadiusPacket, answer: AccessAnswer, *, secret: bytes, random: RandomBytes) -> bytes | None:
    """The packet that carries `answer` to the client, None for silence."""
    match answer:
        case Challenge(eap, state, timeout):
            # RFC 3579 §2.3: Session-Timeout of a Challenge is how long the NAS may wait for the UE.
            attributes = [Attribute(_STATE, state), _session_timeout(timeout)]
            return reply(request, Code.ACCESS_CHALLENGE, secret=secret, attributes=attributes, eap=eap)
        case Accept():
            keys = msk_attributes(answer.msk, secret=secret, request_authenticator=request.authenticator, random=random)
            attributes = [*keys, *_authorisation(request, answer)]
            return reply(request, Code.ACCESS_ACCEPT, secret=secret, attributes=attributes, eap=answer.eap)
        case Reject(eap):
            failure = eap or eap_failure(request)
            return reply(request, Code.ACCESS_REJECT, secret=secret, eap=failure)
        case Ignore():
            return None


def eap_failure(request: RadiusPacket) -> bytes:
    """EAP-Failure with the Identifier of the EAP packet that it answers (RFC 3748 §4.2, RFC 3579 §2.6.3)."""
    eap = join_eap(request) or b""
    return bytes([EAP_FAILURE, eap[1] if len(eap) > 1 else 0, 0, 4])


def class_of(answer: Accept) -> bytes:
    """The Class (RFC 2865 §5.25), b"" for none: the log's name of the conversation, 14 octets, and the EAP Session-Id.

    The name begins with the time. A key of nothing but chance, as RAND is, would go into another page of the store for
    each user; by this order they share the last one.
    """
    radius_class = answer.session.encode() + answer.session_id
    return radius_class if answer.session_id and len(radius_class) <= VALUE_LIMIT else b""


def _authorisation(request: RadiusPacket, answer: Accept) -> list[Attribute]:
    attributes = [Attribute(_USER_NAME, answer.user_name.encode())] if answer.user_name else []
    radius_class = class_of(answer)
    if radius_class:
        attributes.append(Attribute(_CLASS, radius_class))
        # RFC 4072 §4.1.4: a client that wants the name of the key sends the attribute empty or with one NUL.
        if request.values("EAP-Key-Name"):
            attributes.append(Attribute.of("EAP-Key-Name", answer.session_id))
    if answer.apn is not None:
        attributes += _home_addresses(answer.apn)
    if answer.profile.session_timeout is not None:
        attributes.append(_session_timeout(answer.profile.session_timeout))
    return attributes


@lru_cache(maxsize=64)
def _session_timeout(seconds: int) -> Attribute:
    return Attribute.of("Session-Timeout", seconds)


def _home_addresses(apn: ApnProfile) -> list[Attribute]:
    attributes = []
    if apn.home_address is not None:
        attributes.append(Attribute(_HOME_ADDRESS, apn.home_address.packed))
    if apn.home_address_v4 is not None:
        attributes.append(Attribute(_HOME_ADDRESS_V4, apn.home_address_v4.packed))
    return attributes
