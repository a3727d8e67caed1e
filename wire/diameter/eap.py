"""EAP over Diameter: DER and DEA of application 5 (RFC 4072 §3.1, §3.2)."""

from dataclasses import field
from typing import ClassVar

from wire.diameter.applications import Application
from wire.diameter.command import Answer, Request
from wire.diameter.enumerations import AuthRequestType
from wire.diameter.grammar import grammar
from wire.diameter.record import avp
from wire.frozen import dataclass
from wire.secret import Secret

DIAMETER_EAP = 268

DER = grammar("""
    < Session-Id > { Auth-Application-Id } { Origin-Host } { Origin-Realm } { Destination-Realm } { Auth-Request-Type }
    [ Destination-Host ] [ NAS-Identifier ] [ NAS-IP-Address ] [ NAS-IPv6-Address ] [ NAS-Port ] [ NAS-Port-Id ]
    [ NAS-Port-Type ] [ Origin-State-Id ] [ Port-Limit ] [ User-Name ] { EAP-Payload } [ EAP-Key-Name ]
    [ Service-Type ] * [ State ] [ Authorization-Lifetime ] [ Auth-Grace-Period ] [ Auth-Session-State ]
    [ Callback-Number ] [ Called-Station-Id ] [ Calling-Station-Id ] [ Originating-Line-Info ] [ Connect-Info ]
    * [ Framed-Compression ] [ Framed-Interface-Id ] [ Framed-IP-Address ] * [ Framed-IPv6-Prefix ]
    [ Framed-IP-Netmask ] [ Framed-MTU ] [ Framed-Protocol ] * [ Tunneling ] * [ Proxy-Info ] * [ Route-Record ]
    * [ AVP ]
""")
DEA = grammar("""
    < Session-Id > { Auth-Application-Id } { Auth-Request-Type } { Result-Code } { Origin-Host } { Origin-Realm }
    [ User-Name ] [ EAP-Payload ] [ EAP-Reissued-Payload ] [ EAP-Master-Session-Key ] [ EAP-Key-Name ]
    [ Multi-Round-Time-Out ] [ Accounting-EAP-Auth-Method ] [ Service-Type ] * [ Class ] * [ Configuration-Token ]
    [ Acct-Interim-Interval ] [ Error-Message ] [ Error-Reporting-Host ] * [ Failed-AVP ] [ Idle-Timeout ]
    [ Authorization-Lifetime ] [ Auth-Grace-Period ] [ Auth-Session-State ] [ Re-Auth-Request-Type ]
    [ Session-Timeout ] * [ State ] * [ Reply-Message ] [ Origin-State-Id ] * [ Filter-Id ] [ Port-Limit ]
    [ Redirect-Host-Usage ] [ Redirect-Max-Cache-Time ] * [ Redirect-Host ] * [ Proxy-Info ] * [ AVP ]
""")


@dataclass(frozen=True, slots=True, kw_only=True)
class DiameterEapRequest(Request):
    """DER: `eap_payload` is one EAP packet, or empty for EAP-Start (RFC 4072 §2.2).

    `anid` is the access network identity, as on STa (TS 29.273 §5.2.3.7).
    """

    COMMAND: ClassVar[int] = DIAMETER_EAP

    session_id: str = field(metadata=avp("Session-Id"))
    auth_application_id: int = field(default=Application.EAP, metadata=avp("Auth-Application-Id"))
    origin_host: str = field(metadata=avp("Origin-Host"))
    origin_realm: str = field(metadata=avp("Origin-Realm"))
    destination_realm: str = field(metadata=avp("Destination-Realm"))
    destination_host: str | None = field(default=None, metadata=avp("Destination-Host"))
    auth_request_type: AuthRequestType = field(
        default=AuthRequestType.AUTHORIZE_AUTHENTICATE, metadata=avp("Auth-Request-Type", AuthRequestType)
    )
    user_name: str | None = field(default=None, metadata=avp("User-Name"))
    eap_payload: bytes = field(metadata=avp("EAP-Payload"))
    states: tuple[bytes, ...] = field(default=(), metadata=avp("State"))
    nas_identifier: str | None = field(default=None, metadata=avp("NAS-Identifier"))
    called_station_id: str | None = field(default=None, metadata=avp("Called-Station-Id"))
    calling_station_id: str | None = field(default=None, metadata=avp("Calling-Station-Id"))
    anid: str | None = field(default=None, metadata=avp("ANID"))
    origin_state_id: int | None = field(default=None, metadata=avp("Origin-State-Id"))

    @property
    def header_application(self) -> int:
        """Auth-Application-Id (RFC 6733 §3: the two must agree)."""
        return self.auth_application_id


@dataclass(frozen=True, slots=True, kw_only=True)
class DiameterEapAnswer(Answer):
    """DEA: 1001 with the next EAP request, 2001 with EAP-Success and the MSK, or a failure with EAP-Failure.

    `eap_master_session_key` is the whole MSK, 64 octets. What is None may be missing in an error answer.
    """

    session_id: str | None = field(default=None, metadata=avp("Session-Id"))
    auth_application_id: int | None = field(default=None, metadata=avp("Auth-Application-Id"))
    auth_request_type: AuthRequestType | None = field(default=None, metadata=avp("Auth-Request-Type", AuthRequestType))
    origin_host: str = field(metadata=avp("Origin-Host"))
    origin_realm: str = field(metadata=avp("Origin-Realm"))
    user_name: str | None = field(default=None, metadata=avp("User-Name"))
    eap_payload: bytes | None = field(default=None, metadata=avp("EAP-Payload"))
    eap_reissued_payload: bytes | None = field(default=None, metadata=avp("EAP-Reissued-Payload"))
    eap_master_session_key: Secret | None = field(default=None, metadata=avp("EAP-Master-Session-Key", Secret))
    eap_key_name: bytes | None = field(default=None, metadata=avp("EAP-Key-Name"))
    multi_round_time_out: int | None = field(default=None, metadata=avp("Multi-Round-Time-Out"))
    session_timeout: int | None = field(default=None, metadata=avp("Session-Timeout"))
    authorization_lifetime: int | None = field(default=None, metadata=avp("Authorization-Lifetime"))
    states: tuple[bytes, ...] = field(default=(), metadata=avp("State"))
    classes: tuple[bytes, ...] = field(default=(), metadata=avp("Class"))
    redirect_hosts: tuple[str, ...] = field(default=(), metadata=avp("Redirect-Host"))
