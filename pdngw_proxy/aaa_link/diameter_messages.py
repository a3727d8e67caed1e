"""What the gateway asks over Diameter and what it makes of the answer (RFC 4072 §2, RFC 5778 §5.1, TS 29.273 §9)."""

from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address

from pdngw_proxy.aaa_link.port import RelayAccept, RelayAnswer, RelayChallenge, RelayReject, RelayRequest
from pdngw_proxy.aaa_link.records import EndedBy
from pdngw_proxy.aaa_link.refusals import error_of
from wire.diameter.applications import Application
from wire.diameter.authorization import AaRequest
from wire.diameter.command import Identity
from wire.diameter.eap import DIAMETER_EAP, DiameterEapAnswer, DiameterEapRequest
from wire.diameter.enumerations import Mip6FeatureVector, RatType, TerminationCause
from wire.diameter.message import Message
from wire.diameter.mip6i import Mip6iEapAnswer, Mip6iEapRequest
from wire.diameter.profile import Mip6AgentInfo
from wire.diameter.results import ResultCode
from wire.diameter.s6b import S6bEapAnswer, S6bEapRequest
from wire.diameter.sessions import SessionTerminationRequest
from wire.diameter.values import make
from wire.ikev2.constants import NotifyType

EAP_SUCCESS = 3
MSK_LENGTH = 64
AAA_FAILED = 1
"""AAA-Failure-Indication, bit 0: TS 29.273 §8.2.3.21."""
_UNLIMITED = 0xFFFFFFFF


TERMINATION_CAUSES: Mapping[EndedBy | None, TerminationCause] = {
    EndedBy.UE: TerminationCause.LOGOUT,
    EndedBy.ANOTHER: TerminationCause.USER_MOVED,
    EndedBy.SILENCE: TerminationCause.LINK_BROKEN,
    EndedBy.TIMEOUT: TerminationCause.SESSION_TIMEOUT,
    EndedBy.AAA: TerminationCause.ADMINISTRATIVE,
    EndedBy.GATEWAY: TerminationCause.ADMINISTRATIVE,
    EndedBy.FAULT: TerminationCause.LINK_BROKEN,
    EndedBy.UNUSED: TerminationCause.BAD_ANSWER,
    None: TerminationCause.SERVICE_NOT_PROVIDED,
}
"""RFC 6733 §8.15."""


@dataclass(frozen=True, slots=True)
class DiameterGateway:
    """Who asks whom: our identity, the AAA server, our home agent's address and the network that we are in.

    `visited_network` is such as `mnc001.mcc001.3gppnetwork.org`; `application` S6B, MIP6I or EAP. `state_id` is
    Origin-State-Id for a server behind an agent, which does not see our CER (RFC 6733 §8.16).
    """

    identity: Identity
    aaa: Identity
    home_agent: IPv6Address | IPv4Address
    visited_network: str
    application: Application = Application.S6B
    state_id: int | None = None

    def session_id(self, session: str) -> str:
        """The Session-Id of a session of this gateway; it begins with our Origin-Host (RFC 6733 §8.8)."""
        mine = f"{self.identity.origin_host};"
        return session if session.startswith(mine) else mine + session

    def session_name(self, session_id: str) -> str:
        """The session of this gateway that a Session-Id names."""
        return session_id.removeprefix(f"{self.identity.origin_host};")


def to_der(request: RelayRequest, gateway: DiameterGateway) -> DiameterEapRequest:
    """The DER of one round; bootstrapping is in each, so that any AAA worker can finish what another began."""
    match gateway.application:
        case Application.S6B:
            return _s6b_der(request, gateway)
        case Application.MIP6I:
            return _mip6i_der(request, gateway)
        case _:
            return _plain_der(request, gateway)


def failure_indicated(message: Message) -> Message:
    """A DER of S6b that says that the server of its user has failed (TS 29.273 §9.2.2.1.1); any other as it is."""
    if (message.command, message.application) != (DIAMETER_EAP, Application.S6B):
        return message
    return message.with_avps((*message.avps, make("AAA-Failure-Indication", AAA_FAILED)))


def _s6b_der(request: RelayRequest, gateway: DiameterGateway) -> S6bEapRequest:
    return S6bEapRequest(
        session_id=gateway.session_id(request.session),
        origin_host=gateway.identity.origin_host,
        origin_realm=gateway.identity.origin_realm,
        destination_realm=gateway.aaa.origin_realm,
        destination_host=gateway.aaa.origin_host,
        user_name=request.identity,
        origin_state_id=gateway.state_id,
        eap_payload=request.eap,
        states=_states(request),
        rat_type=RatType.WLAN,
        service_selection=request.apn,
        mip6_feature_vector=Mip6FeatureVector.MIP6_INTEGRATED,
        mip6_agent_info=_home_agent(gateway),
        visited_network_identifier=gateway.visited_network.encode(),
        mip_careof_address=request.care_of,
    )


def _mip6i_der(request: RelayRequest, gateway: DiameterGateway) -> Mip6iEapRequest:
    """RFC 5778 §5.1.1: MIP6-Agent-Info says which home agent it is that asks."""
    return Mip6iEapRequest(
        session_id=gateway.session_id(request.session),
        origin_host=gateway.identity.origin_host,
        origin_realm=gateway.identity.origin_realm,
        destination_realm=gateway.aaa.origin_realm,
        destination_host=gateway.aaa.origin_host,
        user_name=request.identity,
        origin_state_id=gateway.state_id,
        eap_payload=request.eap,
        states=_states(request),
        calling_station_id=_care_of(request),
        service_selection=request.apn,
        mip6_feature_vector=Mip6FeatureVector.MIP6_INTEGRATED,
        mip6_agent_info=_home_agent(gateway),
    )


def _plain_der(request: RelayRequest, gateway: DiameterGateway) -> DiameterEapRequest:
    """RFC 4072 §3.1: the APN is said by Called-Station-Id, as over RADIUS (TS 29.061 §16.4.2)."""
    return DiameterEapRequest(
        session_id=gateway.session_id(request.session),
        origin_host=gateway.identity.origin_host,
        origin_realm=gateway.identity.origin_realm,
        destination_realm=gateway.aaa.origin_realm,
        destination_host=gateway.aaa.origin_host,
        user_name=request.identity,
        origin_state_id=gateway.state_id,
        eap_payload=request.eap,
        states=_states(request),
        called_station_id=request.apn,
        calling_station_id=_care_of(request),
    )


def _states(request: RelayRequest) -> tuple[bytes, ...]:
    return () if request.state is None else (request.state,)


def _care_of(request: RelayRequest) -> str | None:
    return None if request.care_of is None else str(request.care_of)


def _home_agent(gateway: DiameterGateway) -> Mip6AgentInfo:
    return Mip6AgentInfo(home_agent_addresses=(gateway.home_agent,))


def to_aar(session: str, gateway: DiameterGateway) -> AaRequest:
    """The AAR of S6b after a RAR: what the AAA server knows of the session stays as it was (TS 29.273 §9.1.2.2)."""
    return AaRequest(
        session_id=gateway.session_id(session),
        auth_application_id=Application.S6B,
        origin_host=gateway.identity.origin_host,
        origin_realm=gateway.identity.origin_realm,
        destination_realm=gateway.aaa.origin_realm,
        destination_host=gateway.aaa.origin_host,
        mip6_feature_vector=Mip6FeatureVector.MIP6_INTEGRATED,
        mip6_agent_info=_home_agent(gateway),
    )


def to_str(
    session: str, user_name: str | None, gateway: DiameterGateway, ended_by: EndedBy | None
) -> SessionTerminationRequest:
    """The STR that ends an accepted session (RFC 6733 §8.4.1, TS 29.273 §9.1.2.4)."""
    return SessionTerminationRequest(
        session_id=gateway.session_id(session),
        auth_application_id=gateway.application,
        origin_host=gateway.identity.origin_host,
        origin_realm=gateway.identity.origin_realm,
        destination_realm=gateway.aaa.origin_realm,
        destination_host=gateway.aaa.origin_host,
        user_name=user_name,
        termination_cause=TERMINATION_CAUSES[ended_by],
    )


def to_answer(answer: DiameterEapAnswer) -> RelayAnswer:
    """What a DEA says; a contradiction in it is a RelayReject that names it."""
    if answer.result_code == ResultCode.MULTI_ROUND_AUTH and answer.experimental_result is None:
        return _challenged(answer)
    if answer.result_code == ResultCode.SUCCESS_RELOCATE_HA:
        # RFC 5778 §6.8.1: the user is to be served by another home agent, to which we have no way to send him.
        return RelayReject(b"", f"DEA {answer.result}: another home agent is to serve", NotifyType.NETWORK_FAILURE)
    if answer.succeeded:
        return _accepted(answer)
    reason = f": {answer.error_message}" if answer.error_message else ""
    experimental = answer.experimental_result
    error = error_of(answer.result_code, None if experimental is None else experimental.code)
    return RelayReject(answer.eap_payload or b"", f"DEA {answer.result}{reason}", error)


def _challenged(answer: DiameterEapAnswer) -> RelayAnswer:
    # RFC 4072 §2.2: a server that ignored an invalid EAP packet sends its request again as EAP-Reissued-Payload.
    eap = answer.eap_payload or answer.eap_reissued_payload
    if not eap:
        return RelayReject(b"", "DEA 1001 MULTI_ROUND_AUTH without EAP-Payload")
    if len(answer.states) > 1:
        return RelayReject(b"", f"DEA 1001 MULTI_ROUND_AUTH with {len(answer.states)} State AVPs")
    return RelayChallenge(eap, answer.states[0] if answer.states else None)


def _accepted(answer: DiameterEapAnswer) -> RelayAnswer:
    eap = answer.eap_payload or b""
    if eap[:1] != bytes([EAP_SUCCESS]):
        return RelayReject(b"", f"DEA {answer.result} without EAP-Success")
    if answer.eap_master_session_key is None or len(answer.eap_master_session_key) != MSK_LENGTH:
        return RelayReject(b"", f"DEA {answer.result} without an EAP-Master-Session-Key of {MSK_LENGTH} octets")
    return RelayAccept(
        eap=eap,
        msk=answer.eap_master_session_key,
        user_name=answer.user_name or _mobile_node(answer),
        home_address=next((one for one in _static_addresses(answer) if isinstance(one, IPv6Address)), None),
        session_timeout=_lasting(answer),
    )


def _lasting(answer: DiameterEapAnswer) -> int | None:
    """Seconds until the session ends, or is to have been authenticated anew; None for ever (RFC 6733 §8.9, §8.13)."""
    # Session-Timeout 0 is no limit; Authorization-Lifetime 0 is "at once", which has just been done.
    limits = [answer.session_timeout, answer.authorization_lifetime]
    return min((limit for limit in limits if limit and limit != _UNLIMITED), default=None)


def _mobile_node(answer: DiameterEapAnswer) -> str | None:
    return answer.mobile_node_identifier if isinstance(answer, S6bEapAnswer) else None


def _static_addresses(answer: DiameterEapAnswer) -> tuple[IPv6Address | IPv4Address, ...]:
    """The user's own at this APN: Served-Party-IP-Address of S6b, MIP-Mobile-Node-Address of MIP6I.

    TS 29.272 §7.3.35 and RFC 5778 §5.1.2; application 5 says none.
    """
    match answer:
        case S6bEapAnswer(apn_configuration=apn) if apn is not None:
            return apn.served_party_ip_addresses
        case Mip6iEapAnswer():
            return answer.mobile_node_addresses
        case _:
            return ()
