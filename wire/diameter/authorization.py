"""AAR and AAA: authorization without another authentication (RFC 7155 §3.1, §3.2; TS 29.273 §5.2, §7.2, §9.2)."""

from dataclasses import field
from typing import ClassVar

from wire.diameter.command import Answer, Request
from wire.diameter.enumerations import AuthRequestType
from wire.diameter.grammar import grammar
from wire.diameter.profile import Ambr, ApnConfiguration, Mip6AgentInfo
from wire.diameter.record import avp
from wire.frozen import dataclass

AA = 265

AAR = grammar("""
    < Session-Id > [ DRMP ] { Auth-Application-Id } { Origin-Host } { Origin-Realm } { Destination-Realm }
    { Auth-Request-Type } [ Destination-Host ] [ User-Name ] [ OC-Supported-Features ] [ Origin-State-Id ]
    * [ Proxy-Info ] * [ Route-Record ] * [ AVP ]
""")
AAA = grammar("""
    < Session-Id > [ DRMP ] { Auth-Application-Id } { Auth-Request-Type } { Result-Code } { Origin-Host }
    { Origin-Realm } [ User-Name ] [ Session-Timeout ] [ OC-Supported-Features ] [ OC-OLR ] * [ Load ]
    [ Error-Message ] [ Error-Reporting-Host ] * [ Failed-AVP ] [ Origin-State-Id ] * [ Redirect-Host ]
    [ Redirect-Host-Usage ] [ Redirect-Max-Cache-Time ] * [ Proxy-Info ] * [ AVP ]
""")
"""What all three applications have in these commands; each adds its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AaRequest(Request):
    """AAR: may this user, who is authenticated, have this service, still or anew?"""

    COMMAND: ClassVar[int] = AA

    session_id: str = field(metadata=avp("Session-Id"))
    auth_application_id: int = field(metadata=avp("Auth-Application-Id"))
    origin_host: str = field(metadata=avp("Origin-Host"))
    origin_realm: str = field(metadata=avp("Origin-Realm"))
    destination_realm: str = field(metadata=avp("Destination-Realm"))
    destination_host: str | None = field(default=None, metadata=avp("Destination-Host"))
    auth_request_type: AuthRequestType = field(
        default=AuthRequestType.AUTHORIZE_ONLY, metadata=avp("Auth-Request-Type", AuthRequestType)
    )
    user_name: str | None = field(default=None, metadata=avp("User-Name"))
    service_selection: str | None = field(default=None, metadata=avp("Service-Selection"))
    mip6_feature_vector: int | None = field(default=None, metadata=avp("MIP6-Feature-Vector"))
    mip6_agent_info: Mip6AgentInfo | None = field(default=None, metadata=avp("MIP6-Agent-Info", Mip6AgentInfo))
    visited_network_identifier: bytes | None = field(default=None, metadata=avp("Visited-Network-Identifier"))
    emergency_services: int | None = field(default=None, metadata=avp("Emergency-Services"))

    @property
    def header_application(self) -> int:
        """Auth-Application-Id (RFC 6733 §3: the two must agree)."""
        return self.auth_application_id


@dataclass(frozen=True, slots=True, kw_only=True)
class AaAnswer(Answer):
    """AAA: what the user may have; `apn_configurations` holds one on S6b, all of them on SWm and STa."""

    session_id: str | None = field(default=None, metadata=avp("Session-Id"))
    auth_application_id: int | None = field(default=None, metadata=avp("Auth-Application-Id"))
    auth_request_type: AuthRequestType | None = field(default=None, metadata=avp("Auth-Request-Type", AuthRequestType))
    origin_host: str = field(metadata=avp("Origin-Host"))
    origin_realm: str = field(metadata=avp("Origin-Realm"))
    user_name: str | None = field(default=None, metadata=avp("User-Name"))
    mip6_feature_vector: int | None = field(default=None, metadata=avp("MIP6-Feature-Vector"))
    session_timeout: int | None = field(default=None, metadata=avp("Session-Timeout"))
    context_identifier: int | None = field(default=None, metadata=avp("Context-Identifier"))
    apn_configurations: tuple[ApnConfiguration, ...] = field(
        default=(), metadata=avp("APN-Configuration", ApnConfiguration)
    )
    ambr: Ambr | None = field(default=None, metadata=avp("AMBR", Ambr))
    redirect_hosts: tuple[str, ...] = field(default=(), metadata=avp("Redirect-Host"))
