"""What the gateway asks over S6b and what it makes of the answer (TS 29.273 §9.1.2.1, RFC 4072 §2)."""

from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address

from pdngw_proxy.aaa_link.port import RelayAccept, RelayAnswer, RelayChallenge, RelayReject, RelayRequest
from pdngw_proxy.aaa_link.refusals import error_of
from wire.diameter.applications import Application
from wire.diameter.authorization import AaRequest
from wire.diameter.command import Identity
from wire.diameter.enumerations import Mip6FeatureVector, RatType, TerminationCause
from wire.diameter.profile import Mip6AgentInfo
from wire.diameter.results import ResultCode
from wire.diameter.s6b import S6bEapAnswer, S6bEapRequest
from wire.diameter.sessions import SessionTerminationRequest

EAP_SUCCESS = 3
MSK_LENGTH = 64


@dataclass(frozen=True, slots=True)
class S6bGateway:
    """Who asks whom: our identity, the AAA server, our home agent's address and the network that we are in.

    `visited_network` is such as `mnc001.mcc001.3gppnetwork.org`.
    """

    identity: Identity
    aaa: Identity
    home_agent: IPv6Address | IPv4Address
    visited_network: str

    def session_id(self, session: str) -> str:
        """The Session-Id of a session of this gateway; it begins with our Origin-Host (RFC 6733 §8.8)."""
        mine = f"{self.identity.origin_host};"
        return session if session.startswith(mine) else mine + session

    def session_name(self, session_id: str) -> str:
        """The session of this gateway that a Session-Id names."""
        return session_id.removeprefix(f"{self.identity.origin_host};")


def to_der(request: RelayRequest, gateway: S6bGateway) -> S6bEapRequest:
    """The DER of one round; bootstrapping is in each, so that any AAA worker can finish what another began."""
    return S6bEapRequest(
        session_id=gateway.session_id(request.session),
        origin_host=gateway.identity.origin_host,
        origin_realm=gateway.identity.origin_realm,
        destination_realm=gateway.aaa.origin_realm,
        destination_host=gateway.aaa.origin_host,
        user_name=request.identity,
        eap_payload=request.eap,
        states=() if request.state is None else (request.state,),
        rat_type=RatType.WLAN,
        service_selection=request.apn,
        mip6_feature_vector=Mip6FeatureVector.MIP6_INTEGRATED,
        mip6_agent_info=Mip6AgentInfo(home_agent_addresses=(gateway.home_agent,)),
        visited_network_identifier=gateway.visited_network.encode(),
        mip_careof_address=request.care_of,
    )


def to_aar(session: str, gateway: S6bGateway) -> AaRequest:
    """The AAR after a RAR: what the AAA server knows of the session stays as it was (TS 29.273 §9.1.2.2)."""
    return AaRequest(
        session_id=gateway.session_id(session),
        auth_application_id=Application.S6B,
        origin_host=gateway.identity.origin_host,
        origin_realm=gateway.identity.origin_realm,
        destination_realm=gateway.aaa.origin_realm,
        destination_host=gateway.aaa.origin_host,
        mip6_feature_vector=Mip6FeatureVector.MIP6_INTEGRATED,
        mip6_agent_info=Mip6AgentInfo(home_agent_addresses=(gateway.home_agent,)),
    )


def to_str(session: str, user_name: str | None, gateway: S6bGateway) -> SessionTerminationRequest:
    """The STR that ends an accepted session (TS 29.273 §9.1.2.4)."""
    return SessionTerminationRequest(
        session_id=gateway.session_id(session),
        origin_host=gateway.identity.origin_host,
        origin_realm=gateway.identity.origin_realm,
        destination_realm=gateway.aaa.origin_realm,
        destination_host=gateway.aaa.origin_host,
        user_name=user_name,
        termination_cause=TerminationCause.LOGOUT,
    )


def to_answer(answer: S6bEapAnswer) -> RelayAnswer:
    """What a DEA says; a contradiction in it is a RelayReject that names it."""
    if answer.result_code == ResultCode.MULTI_ROUND_AUTH and answer.experimental_result is None:
        return _challenged(answer)
    if answer.succeeded:
        return _accepted(answer)
    reason = f": {answer.error_message}" if answer.error_message else ""
    experimental = answer.experimental_result
    error = error_of(answer.result_code, None if experimental is None else experimental.code)
    return RelayReject(answer.eap_payload or b"", f"DEA {answer.result}{reason}", error)


def _challenged(answer: S6bEapAnswer) -> RelayAnswer:
    # RFC 4072 §2.2: a server that ignored an invalid EAP packet sends its request again as EAP-Reissued-Payload.
    eap = answer.eap_payload or answer.eap_reissued_payload
    if not eap:
        return RelayReject(b"", "DEA 1001 MULTI_ROUND_AUTH without EAP-Payload")
    if len(answer.states) > 1:
        return RelayReject(b"", f"DEA 1001 MULTI_ROUND_AUTH with {len(answer.states)} State AVPs")
    return RelayChallenge(eap, answer.states[0] if answer.states else None)


def _accepted(answer: S6bEapAnswer) -> RelayAnswer:
    eap = answer.eap_payload or b""
    if eap[:1] != bytes([EAP_SUCCESS]):
        return RelayReject(b"", f"DEA {answer.result} without EAP-Success")
    if answer.eap_master_session_key is None or len(answer.eap_master_session_key) != MSK_LENGTH:
        return RelayReject(b"", f"DEA {answer.result} without an EAP-Master-Session-Key of {MSK_LENGTH} octets")
    return RelayAccept(
        eap=eap,
        msk=answer.eap_master_session_key,
        user_name=answer.user_name or answer.mobile_node_identifier,
        home_address=_home_address(answer),
        session_timeout=answer.session_timeout,
    )


def _home_address(answer: S6bEapAnswer) -> IPv6Address | None:
    """The static address of the APN, TS 29.272 §7.3.35: Served-Party-IP-Address."""
    addresses = () if answer.apn_configuration is None else answer.apn_configuration.served_party_ip_addresses
    return next((address for address in addresses if isinstance(address, IPv6Address)), None)
