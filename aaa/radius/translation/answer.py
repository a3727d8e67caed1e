"""A DEA of application 5 as Access-Challenge, -Accept or -Reject (RFC 4072 §2, RFC 3579 §2, RFC 2548 §2.4)."""

from dataclasses import dataclass

from aaa.radius.translate import EAP_FAILURE, eap_failure
from wire.diameter.avp import Avp
from wire.diameter.eap import DiameterEapAnswer
from wire.diameter.results import ResultCode
from wire.radius.dictionary import VALUE_LIMIT
from wire.radius.error_cause import ErrorCause
from wire.radius.messages import reply
from wire.radius.mppe import MSK_LENGTH, msk_attributes
from wire.radius.packet import Attribute, Code, RadiusPacket
from wire.sansio import RandomBytes
from wire.secret import Secret

EAP_REQUEST, EAP_SUCCESS = 1, 3
MULTI_ROUND = ResultCode.MULTI_ROUND_AUTH

GRANTED = frozenset({6, 8, 11, 12, 28, 29, 85, 88, 96, 97, 99, 100, 168})
"""AVPs of a DEA that are the attributes of the same number, octet by octet (RFC 7155 §3.1): Service-Type,
Framed-IP-Address, Filter-Id, Framed-MTU, Idle-Timeout, Termination-Action, Acct-Interim-Interval, Framed-Pool,
Framed-Interface-Id, Framed-IPv6-Prefix, Framed-IPv6-Route, Framed-IPv6-Pool, Framed-IPv6-Address."""

FOR_ANOTHER_SERVER = frozenset({ResultCode.UNABLE_TO_DELIVER, ResultCode.TOO_BUSY})
"""RFC 6733 §7.1.3: nobody has judged the user, and RADIUS says that by silence."""


@dataclass(frozen=True, slots=True)
class Translated:
    """The packet for the client; `refusal` is the cause for the log when it is an Access-Reject."""

    octets: bytes
    refusal: str | None = None


@dataclass(frozen=True, slots=True)
class Replying:
    """What the packet is made for: the request, the client's secret, entropy for salts of keys."""

    request: RadiusPacket
    secret: Secret
    random: RandomBytes


def goes_on(dea: DiameterEapAnswer) -> bool:
    """Whether there is one more round."""
    return dea.result_code == MULTI_ROUND and dea.experimental_result is None


def to_challenge(dea: DiameterEapAnswer, state: bytes, replying: Replying) -> Translated:
    """The next EAP request; of one that is sent again the NAS hears so (RFC 4072 §2.4, RFC 3579 §2.2)."""
    eap = dea.eap_payload or dea.eap_reissued_payload
    if not eap:
        return to_reject(dea, replying, "without EAP-Payload")
    if eap[:1] != bytes([EAP_REQUEST]):
        # RFC 3579 §2.6.3: nobody answers an EAP-Success or EAP-Failure, so the NAS would never hear who is let in
        return to_reject(dea, replying, "without EAP-Request")
    if len(dea.states) > 1:
        return to_reject(dea, replying, f"with {len(dea.states)} State AVPs")
    attributes = [Attribute.of("State", state)]
    if dea.multi_round_time_out is not None:
        attributes.append(Attribute.of("Session-Timeout", dea.multi_round_time_out))
    if not dea.eap_payload:
        attributes.append(Attribute.of("Error-Cause", int(ErrorCause.INVALID_EAP_PACKET)))
    return Translated(_reply(replying, Code.ACCESS_CHALLENGE, attributes, eap))


def to_accept(dea: DiameterEapAnswer, own_class: bytes | None, replying: Replying) -> Translated:
    """EAP-Success, the MSK as two MS-MPPE keys and what the user may have; a reject where the DEA is inconsistent."""
    eap, msk = dea.eap_payload or b"", dea.eap_master_session_key
    if eap[:1] != bytes([EAP_SUCCESS]):
        return to_reject(dea, replying, "without EAP-Success")
    if msk is None or len(msk) != MSK_LENGTH:
        return to_reject(dea, replying, f"without an EAP-Master-Session-Key of {MSK_LENGTH} octets")
    authenticator = replying.request.authenticator
    keys = msk_attributes(msk, secret=replying.secret, request_authenticator=authenticator, random=replying.random)
    attributes = [*keys, *_authorisation(dea, own_class, replying.request)]
    return Translated(_reply(replying, Code.ACCESS_ACCEPT, attributes, eap))


def to_reject(dea: DiameterEapAnswer, replying: Replying, contradiction: str = "") -> Translated:
    """EAP-Failure, the server's if it sent one; `contradiction` is what is wrong with a DEA that refuses nobody."""
    said = dea.eap_payload or b""
    eap = said if said[:1] == bytes([EAP_FAILURE]) else eap_failure(replying.request)
    why = contradiction or (dea.error_message or "")[:200]
    refusal = f"DEA {dea.result}" + (f" {why}" if contradiction else f": {why}" if why else "")
    return Translated(_reply(replying, Code.ACCESS_REJECT, [], eap), refusal)


def refused(replying: Replying, cause: str) -> Translated:
    """A request that no server is asked."""
    return Translated(_reply(replying, Code.ACCESS_REJECT, [], eap_failure(replying.request)), cause)


def _reply(replying: Replying, code: Code, attributes: list[Attribute], eap: bytes) -> bytes:
    return reply(replying.request, code, secret=replying.secret, attributes=attributes, eap=eap)


def _authorisation(dea: DiameterEapAnswer, own_class: bytes | None, request: RadiusPacket) -> list[Attribute]:
    # RFC 3579 §3: a client that said a name hears one, also where the server says none (RFC 4072 §2.8.1)
    name = dea.user_name.encode() if dea.user_name else request.first("User-Name")
    found = [Attribute.of("User-Name", name)] if name else []
    classes = (*(() if own_class is None else (own_class,)), *dea.classes)
    found += [Attribute.of("Class", value) for value in classes if 0 < len(value) <= VALUE_LIMIT]
    # RFC 4072 §4.1.4: it is for a client that has asked for it.
    if dea.eap_key_name and len(dea.eap_key_name) <= VALUE_LIMIT and request.values("EAP-Key-Name"):
        found.append(Attribute.of("EAP-Key-Name", dea.eap_key_name))
    # RFC 6733 §8.13: 0 is no limit there, and would be none at all for a NAS
    if dea.session_timeout:
        found.append(Attribute.of("Session-Timeout", dea.session_timeout))
    return found + [Attribute(item.code, item.data) for item in dea.extra if _is_granted(item)]


def _is_granted(item: Avp) -> bool:
    return not item.vendor and item.code in GRANTED and 0 < len(item.data) <= VALUE_LIMIT
