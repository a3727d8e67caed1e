"""Between DER and DEA and what the authentication service asks and answers (RFC 4072 §2, TS 29.273 §9.1.2.1)."""

from collections.abc import Callable
from functools import lru_cache, partial

from aaa.diameter.grants import granted
from aaa.diameter.results import RESULTS
from aaa.messages import WLAN_ACCESS, Accept, Access, AccessRequest, Challenge, Client, Reject
from aaa.user_sessions import UserSession
from wire.diameter.applications import Application
from wire.diameter.avp import AvpFault
from wire.diameter.command import ExperimentalResult, Identity, answer_with
from wire.diameter.dictionary import key_of
from wire.diameter.eap import DiameterEapAnswer, DiameterEapRequest
from wire.diameter.eap_applications import ANSWERS
from wire.diameter.enumerations import AuthRequestType, RatType
from wire.diameter.message import Message
from wire.diameter.mobile_eap import AccessEapRequest, MobileEapRequest
from wire.diameter.patterns import Pattern
from wire.diameter.results import ResultCode
from wire.diameter.sta import StaEapRequest
from wire.diameter.swm import SwmEapRequest
from wire.eap.packet import EapCode
from wire.frozen import dataclass

FRONT = "diameter"
CODE_AT = 0
AAA_FAILED = 1
"""AAA-Failure-Indication, bit 0: TS 29.273 §8.2.3.21."""
_EAP_KEY_NAME = key_of("EAP-Key-Name")
ANID_MAX = 253
"""Octets of an access network identity (TS 24.302 §8.1.1.1)."""


@dataclass(frozen=True, slots=True)
class Round:
    """One DER and who asks: all that its DEA needs."""

    message: Message
    der: DiameterEapRequest
    identity: Identity


def to_access_request(round_: Round, client: Client, *, last_chance: bool = False) -> AccessRequest:
    """What a DER asks; AvpFault when it cannot be served (RFC 4072 §2.8.4, §3.1; RFC 6733 §8.7)."""
    der = round_.der
    eap, states = der.eap_payload, der.states
    if der.auth_request_type is AuthRequestType.AUTHORIZE_ONLY:
        raise _fault(round_, "Auth-Request-Type", "EAP authenticates", ResultCode.INVALID_AVP_VALUE)
    if eap and eap[CODE_AT] != EapCode.RESPONSE:
        raise _fault(round_, "EAP-Payload", "no EAP-Response", ResultCode.ERROR_EAP_CODE_UNKNOWN)
    if len(states) > 1:
        raise _fault(round_, "State", "more than one State", ResultCode.AVP_OCCURS_TOO_MANY_TIMES)
    apn, access, aaa_failure = None, WLAN_ACCESS, False
    if isinstance(der, MobileEapRequest):
        apn, access = der.service_selection or None, access_of(der)
        aaa_failure = isinstance(der, AccessEapRequest) and bool((der.aaa_failure_indication or 0) & AAA_FAILED)
    network_name = None if der.anid is None else _network_name(round_, der.anid)
    return AccessRequest(
        client,
        eap,
        states[0] if states else None,
        der.user_name,
        apn,
        FRONT,
        network_name,
        access,
        der.session_id,
        aaa_failure=aaa_failure,
        follows_redirects=True,
        last_chance=last_chance,
    )


def access_of(der: DiameterEapRequest) -> Access:
    """How the user comes; an access network (STa, SWm) serves all that he may have (TS 29.273 §5.1.2.1, §7.1.2.1)."""
    if not isinstance(der, MobileEapRequest):
        return WLAN_ACCESS
    rat_type = der.rat_type if isinstance(der, AccessEapRequest) else None
    return Access(
        rat_type=RatType.WLAN if rat_type is None else rat_type,
        mip6_features=der.mip6_feature_vector,
        every_apn=isinstance(der, StaEapRequest | SwmEapRequest),
    )


def to_user_session(round_: Round, peer: str, answer: Accept, state_id: int | None = None) -> UserSession:
    """What is kept of a user who is let in, to end his session or to judge it anew."""
    der, pdn_gw = round_.der, None
    agent = der.mip6_agent_info if isinstance(der, MobileEapRequest) else None
    if agent is not None:
        pdn_gw = max(agent.home_agent_addresses, key=lambda address: address.version, default=None)
    return UserSession(
        der.session_id,
        round_.message.application,
        peer,
        der.origin_host,
        der.origin_realm,
        answer.imsi,
        answer.user_name,
        answer.profile,
        None if answer.apn is None else answer.apn.name,
        answer.access,
        pdn_gw,
        state_id=state_id,
    )


def _network_name(round_: Round, anid: str) -> str:
    if 0 < len(anid.encode()) <= ANID_MAX:
        return anid
    reason = f"an access network identity has 1 to {ANID_MAX} octets"
    raise _fault(round_, "ANID", reason, ResultCode.INVALID_AVP_VALUE)


def to_challenge(round_: Round, answer: Challenge) -> Message:
    """1001 with the next EAP request, and how long the gateway may wait for the UE (RFC 6733 §8.19)."""
    der, message = round_.der, round_.message
    challenges = _challenges(
        message.application, der.auth_application_id, der.auth_request_type, round_.identity, answer.timeout
    )
    octets = challenges.octets(der.session_id, answer.eap, answer.state)
    return answer_with(message, octets, ResultCode.MULTI_ROUND_AUTH)


@lru_cache(maxsize=256)
def _challenges(
    application: int, application_id: int, request_type: AuthRequestType, identity: Identity, timeout: int
) -> Pattern:
    like = _dea(application, "", application_id, request_type, identity)(
        result_code=ResultCode.MULTI_ROUND_AUTH, multi_round_time_out=timeout
    )
    return Pattern(like, "session_id", "eap_payload", "states")


def to_reissue(round_: Round, request: bytes) -> Message:
    """1001 with the EAP request that is still out: the answer to it was discarded (RFC 4072 §2.4)."""
    dea = _dea_of(round_)(
        result_code=ResultCode.MULTI_ROUND_AUTH,
        eap_reissued_payload=request,
        states=round_.der.states,
    )
    return dea.message(round_.message)


def to_accept(round_: Round, answer: Accept) -> Message:
    """2001 with EAP-Success, the whole MSK, and what the user may have, as his application says it."""
    der, message = round_.der, round_.message
    key_name = _key_name(message, answer) if _EAP_KEY_NAME in message.keys else None
    if message.application == Application.EAP:
        accepts = _accepts(
            der.auth_application_id, der.auth_request_type, round_.identity, answer.profile.session_timeout
        )
        octets = accepts.octets(der.session_id, answer.user_name, answer.eap, answer.msk, key_name)
        return answer_with(message, octets, ResultCode.SUCCESS)
    dea = _dea_of(round_)(
        result_code=ResultCode.SUCCESS,
        user_name=answer.user_name,
        eap_payload=answer.eap,
        eap_master_session_key=answer.msk,
        session_timeout=answer.profile.session_timeout,
        eap_key_name=key_name,
    )
    return granted(dea, answer).message(message)


@lru_cache(maxsize=256)
def _accepts(application_id: int, request_type: AuthRequestType, identity: Identity, timeout: int | None) -> Pattern:
    """Those of application 5, which has no words for what is granted."""
    like = _dea(Application.EAP, "", application_id, request_type, identity)(
        result_code=ResultCode.SUCCESS, session_timeout=timeout
    )
    return Pattern(like, "session_id", "user_name", "eap_payload", "eap_master_session_key", "eap_key_name")


def _key_name(message: Message, answer: Accept) -> bytes | None:
    """RFC 4072 §4.1.4: for who asks for it by an empty one."""
    return answer.session_id if not message.firsts[_EAP_KEY_NAME].data and answer.session_id else None


def to_reject(round_: Round, answer: Reject) -> Message:
    """The result of the cause, and EAP-Failure for the UE (RFC 4072 §2.8.2); or which server to ask instead."""
    if answer.server:
        return _to_redirection(round_, answer)
    result = RESULTS[answer.cause]
    is_own = isinstance(result, ResultCode)
    dea = _dea_of(round_)(
        result_code=result if is_own else None,
        experimental_result=None if is_own else ExperimentalResult(code=result),
        error_message=answer.cause.value,
        eap_payload=answer.eap or None,
    )
    return dea.message(round_.message)


def _to_redirection(round_: Round, answer: Reject) -> Message:
    """3006, as whoever serves the user is named to us (TS 29.273 §8.1.2.1.1; RFC 6733 §6.1.8)."""
    dea = _dea_of(round_)(
        result_code=ResultCode.REDIRECT_INDICATION,
        error_message=answer.cause.value,
        redirect_hosts=(f"aaa://{answer.server}",),
    )
    return dea.message(round_.message)


def _dea_of(round_: Round) -> Callable[..., DiameterEapAnswer]:
    """The DEA of the round's application, which wants to be told its result and what it carries."""
    der = round_.der
    return _dea(
        round_.message.application, der.session_id, der.auth_application_id, der.auth_request_type, round_.identity
    )


def _dea(
    application: int, session_id: str, application_id: int, request_type: AuthRequestType, identity: Identity
) -> Callable[..., DiameterEapAnswer]:
    return partial(
        ANSWERS[application],
        session_id=session_id,
        auth_application_id=application_id,
        auth_request_type=request_type,
        origin_host=identity.origin_host,
        origin_realm=identity.origin_realm,
    )


def _fault(round_: Round, name: str, reason: str, result: ResultCode) -> AvpFault:
    avp = round_.message.first(name)
    return AvpFault(avp.offset if avp else 0, f"{name}: {reason}", result, (avp,) if avp else ())
