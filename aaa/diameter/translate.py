"""Between DER and DEA and what the authentication service asks and answers (RFC 4072 §2, TS 29.273 §9.1.2.1)."""

from collections.abc import Callable
from functools import partial

from aaa.diameter.grants import granted
from aaa.diameter.results import RESULTS
from aaa.messages import WLAN_ACCESS, Accept, Access, AccessRequest, Challenge, Client, Reject
from aaa.user_sessions import UserSession
from wire.diameter.avp import AvpFault
from wire.diameter.command import ExperimentalResult, Identity
from wire.diameter.eap import DiameterEapAnswer, DiameterEapRequest
from wire.diameter.eap_applications import ANSWERS
from wire.diameter.enumerations import AuthRequestType, RatType
from wire.diameter.message import Message
from wire.diameter.mobile_eap import AccessEapRequest, MobileEapRequest
from wire.diameter.results import ResultCode
from wire.diameter.sta import StaEapRequest
from wire.diameter.swm import SwmEapRequest
from wire.eap.packet import EapCode
from wire.frozen import dataclass

FRONT = "diameter"
CODE_AT = 0
AAA_FAILED = 1
"""AAA-Failure-Indication, bit 0: TS 29.273 §8.2.3.21."""
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
    if der.auth_request_type is AuthRequestType.AUTHORIZE_ONLY:
        raise _fault(round_, "Auth-Request-Type", "EAP authenticates", ResultCode.INVALID_AVP_VALUE)
    if der.eap_payload and der.eap_payload[CODE_AT] != EapCode.RESPONSE:
        raise _fault(round_, "EAP-Payload", "no EAP-Response", ResultCode.ERROR_EAP_CODE_UNKNOWN)
    if len(der.states) > 1:
        raise _fault(round_, "State", "more than one State", ResultCode.AVP_OCCURS_TOO_MANY_TIMES)
    return AccessRequest(
        client=client,
        eap=der.eap_payload,
        state=der.states[0] if der.states else None,
        user_name=der.user_name,
        apn=(der.service_selection or None) if isinstance(der, MobileEapRequest) else None,
        front=FRONT,
        network_name=_network_name(round_),
        access=access_of(der),
        session=der.session_id,
        aaa_failure=isinstance(der, AccessEapRequest) and bool((der.aaa_failure_indication or 0) & AAA_FAILED),
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
    der = round_.der
    agent = der.mip6_agent_info if isinstance(der, MobileEapRequest) else None
    addresses = () if agent is None else agent.home_agent_addresses
    return UserSession(
        session_id=der.session_id,
        application=round_.message.application,
        peer=peer,
        origin_host=der.origin_host,
        origin_realm=der.origin_realm,
        imsi=answer.imsi,
        user_name=answer.user_name,
        profile=answer.profile,
        apn=None if answer.apn is None else answer.apn.name,
        access=answer.access,
        pdn_gw=max(addresses, key=lambda address: address.version, default=None),
        state_id=state_id,
    )


def _network_name(round_: Round) -> str | None:
    anid = round_.der.anid
    if anid is None or 0 < len(anid.encode()) <= ANID_MAX:
        return anid
    reason = f"an access network identity has 1 to {ANID_MAX} octets"
    raise _fault(round_, "ANID", reason, ResultCode.INVALID_AVP_VALUE)


def to_challenge(round_: Round, answer: Challenge) -> Message:
    """1001 with the next EAP request, and how long the gateway may wait for the UE (RFC 6733 §8.19)."""
    dea = _dea(round_)(
        result_code=ResultCode.MULTI_ROUND_AUTH,
        eap_payload=answer.eap,
        states=(answer.state,),
        multi_round_time_out=answer.timeout,
    )
    return dea.message(round_.message)


def to_reissue(round_: Round, request: bytes) -> Message:
    """1001 with the EAP request that is still out: the answer to it was discarded (RFC 4072 §2.4)."""
    dea = _dea(round_)(
        result_code=ResultCode.MULTI_ROUND_AUTH,
        eap_reissued_payload=request,
        states=round_.der.states,
    )
    return dea.message(round_.message)


def to_accept(round_: Round, answer: Accept) -> Message:
    """2001 with EAP-Success, the whole MSK, and what the user may have, as his application says it."""
    dea = _dea(round_)(
        result_code=ResultCode.SUCCESS,
        user_name=answer.user_name,
        eap_payload=answer.eap,
        eap_master_session_key=answer.msk,
        session_timeout=answer.profile.session_timeout,
        eap_key_name=_key_name(round_, answer),
    )
    return granted(dea, answer).message(round_.message)


def _key_name(round_: Round, answer: Accept) -> bytes | None:
    """RFC 4072 §4.1.4: for who asks for it by an empty one."""
    asked = round_.message.first("EAP-Key-Name")
    return answer.session_id if asked is not None and not asked.data and answer.session_id else None


def to_reject(round_: Round, answer: Reject) -> Message:
    """The result of the cause, and EAP-Failure for the UE (RFC 4072 §2.8.2); or which server to ask instead."""
    if answer.server:
        return _to_redirection(round_, answer)
    result = RESULTS[answer.cause]
    is_own = isinstance(result, ResultCode)
    dea = _dea(round_)(
        result_code=result if is_own else None,
        experimental_result=None if is_own else ExperimentalResult(code=result),
        error_message=answer.cause.value,
        eap_payload=answer.eap or None,
    )
    return dea.message(round_.message)


def _to_redirection(round_: Round, answer: Reject) -> Message:
    """3006, as whoever serves the user is named to us (TS 29.273 §8.1.2.1.1; RFC 6733 §6.1.8)."""
    dea = _dea(round_)(
        result_code=ResultCode.REDIRECT_INDICATION,
        error_message=answer.cause.value,
        redirect_hosts=(f"aaa://{answer.server}",),
    )
    return dea.message(round_.message)


def _dea(round_: Round) -> Callable[..., DiameterEapAnswer]:
    """The DEA of the round's application, which wants to be told its result and what it carries."""
    return partial(
        ANSWERS[round_.message.application],
        session_id=round_.der.session_id,
        auth_application_id=round_.der.auth_application_id,
        auth_request_type=round_.der.auth_request_type,
        origin_host=round_.identity.origin_host,
        origin_realm=round_.identity.origin_realm,
    )


def _fault(round_: Round, name: str, reason: str, result: ResultCode) -> AvpFault:
    avp = round_.message.first(name)
    return AvpFault(avp.offset if avp else 0, f"{name}: {reason}", result, (avp,) if avp else ())
