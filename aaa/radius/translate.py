"""Between RADIUS packets and what the authentication service asks and answers (RFC 3579 §2, RFC 2548 §2.4)."""

from functools import lru_cache

from aaa.messages import WLAN_ACCESS, Accept, AccessAnswer, AccessRequest, Challenge, Client, Ignore, Reject
from aaa.radius.nas import shown
from wire.radius.codec import build_attribute, build_attributes
from wire.radius.dictionary import VALUE_LIMIT, key_of
from wire.radius.eap import build_eap, join_eap
from wire.radius.messages import reply, reply_of
from wire.radius.mppe import build_msk
from wire.radius.packet import Attribute, Code, RadiusPacket
from wire.sansio import RandomBytes

EAP_FAILURE = 4
_STATE = key_of("State")
_CLASS = key_of("Class")
_USER_NAME = key_of("User-Name")
_EAP_KEY_NAME = key_of("EAP-Key-Name")
_ASKED = [key_of(name) for name in ("EAP-Message", "State", "User-Name", "Service-Selection", "Acct-Session-Id")]
_HOME_ADDRESS, _HOME_ADDRESS_V4 = key_of("Framed-IPv6-Address"), key_of("Framed-IP-Address")


def to_access_request(packet: RadiusPacket, client: Client) -> AccessRequest:
    """What an Access-Request with EAP asks; DecodeError when an attribute that matters is malformed or repeated.

    The APN is Service-Selection (RFC 6572 §4.3) alone: Called-Station-Id names an access point as often as an APN.
    """
    eap, state, user_name, apn, session = map(packet.by_key.get, _ASKED)
    if packet.repeated:
        eap = join_eap(packet)
        _check(packet)
    try:
        user = None if user_name is None else user_name.decode()
        service = apn.decode() if apn else None
    except UnicodeDecodeError:
        _check(packet)
        raise
    session_name = shown(session) if session else ""
    return AccessRequest(client, eap or b"", state, user, service, "radius", None, WLAN_ACCESS, session_name)


def _check(packet: RadiusPacket) -> None:
    """DecodeError for the first that comes more than once or is no text."""
    packet.octets("State")
    packet.text("User-Name")
    packet.text("Service-Selection")


def to_reply(
    request: RadiusPacket, answer: AccessAnswer, *, secret: bytes, random: RandomBytes, more: bytes = b""
) -> bytes | None:
    """The packet that carries `answer` to the client, None for silence; an acceptance has the attributes `more` too."""
    match answer:
        case Challenge(eap, state, timeout):
            # RFC 3579 §2.3: Session-Timeout of a Challenge is how long the NAS may wait for the UE.
            body = build_eap(eap) + build_attribute(_STATE, state) + _session_timeout(timeout)
            return reply_of(request, Code.ACCESS_CHALLENGE, secret, body)
        case Accept():
            keys = build_msk(answer.msk, secret, request.authenticator, random)
            body = build_eap(answer.eap) + keys + _authorisation(request, answer) + more
            return reply_of(request, Code.ACCESS_ACCEPT, secret, body)
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


def _authorisation(request: RadiusPacket, answer: Accept) -> bytes:
    body = build_attribute(_USER_NAME, answer.user_name.encode()) if answer.user_name else b""
    radius_class = class_of(answer)
    if radius_class:
        body += build_attribute(_CLASS, radius_class)
        # RFC 4072 §4.1.4: a client that wants the name of the key sends the attribute empty or with one NUL.
        if _EAP_KEY_NAME in request.by_key:
            body += build_attribute(_EAP_KEY_NAME, answer.session_id)
    apn = answer.apn
    if apn is not None:
        if apn.home_address is not None:
            body += build_attribute(_HOME_ADDRESS, apn.home_address.packed)
        if apn.home_address_v4 is not None:
            body += build_attribute(_HOME_ADDRESS_V4, apn.home_address_v4.packed)
    if answer.profile.session_timeout is not None:
        body += _session_timeout(answer.profile.session_timeout)
    return body


@lru_cache(maxsize=64)
def _session_timeout(seconds: int) -> bytes:
    return build_attributes([Attribute.of("Session-Timeout", seconds)])
