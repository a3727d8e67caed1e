"""SWx between AAA server and HSS: MAR/MAA, SAR/SAA, RTR/RTA and PPR/PPA (TS 29.273 §8.2.2)."""

from dataclasses import field
from enum import IntEnum
from typing import ClassVar

from wire.diameter.applications import Application
from wire.diameter.command import Answer, Request, VendorSpecificApplicationId
from wire.diameter.enumerations import AuthSessionState, ReasonCode, ServerAssignmentType
from wire.diameter.grammar import grammar
from wire.diameter.profile import Mip6AgentInfo, Non3gppUserData
from wire.diameter.record import Record, avp
from wire.diameter.results import VENDOR_3GPP
from wire.frozen import dataclass
from wire.secret import Secret

_VSAI = VendorSpecificApplicationId(vendor_ids=(VENDOR_3GPP,), auth_application_id=Application.SWX)


class SwxCommand(IntEnum):
    """Command codes; with other applications the same codes have other formats."""

    SERVER_ASSIGNMENT = 301
    MULTIMEDIA_AUTH = 303
    REGISTRATION_TERMINATION = 304
    PUSH_PROFILE = 305


_COMMON = """
    < Session-Id > [ DRMP ] { Vendor-Specific-Application-Id } { Auth-Session-State } { Origin-Host } { Origin-Realm }
    * [ Supported-Features ] * [ Proxy-Info ]
"""
_REQUEST = _COMMON + "{ Destination-Realm } { User-Name } * [ Route-Record ]"
_ANSWER = _COMMON + "[ Result-Code ] [ Experimental-Result ] [ Error-Message ] * [ Failed-AVP ]"

MAR = grammar(
    _REQUEST
    + """
    [ Destination-Host ] [ RAT-Type ] [ AN-Trusted ] [ ANID ] [ Visited-Network-Identifier ] [ Terminal-Information ]
    { SIP-Auth-Data-Item } { SIP-Number-Auth-Items } [ AAA-Failure-Indication ] [ OC-Supported-Features ] * [ AVP ]
"""
)
MAA = grammar(
    _ANSWER
    + """
    { User-Name } [ SIP-Number-Auth-Items ] * [ SIP-Auth-Data-Item ] [ 3GPP-AAA-Server-Name ] * [ AVP ]
"""
)
SAR = grammar(
    _REQUEST
    + """
    [ Destination-Host ] [ Service-Selection ] [ Context-Identifier ] [ MIP6-Agent-Info ]
    [ Visited-Network-Identifier ] { Server-Assignment-Type } * [ Active-APN ] [ OC-Supported-Features ]
    [ Terminal-Information ] [ Emergency-Services ] * [ AVP ]
"""
)
SAA = grammar(_ANSWER + "{ User-Name } [ Non-3GPP-User-Data ] [ 3GPP-AAA-Server-Name ] * [ AVP ]")
RTR = grammar(_REQUEST + "{ Destination-Host } { Deregistration-Reason } * [ AVP ]")
RTA = grammar(_ANSWER)
PPR = grammar(_REQUEST + "{ Destination-Host } [ Non-3GPP-User-Data ] [ PPR-Flags ] * [ AVP ]")
PPA = grammar(_ANSWER + "[ Access-Network-Info ] [ Local-Time-Zone ] * [ AVP ]")


@dataclass(frozen=True, slots=True, kw_only=True)
class SipAuthDataItem(Record):
    """SIP-Auth-Data-Item of TS 29.273 §8.2.3.13.

    `authenticate` is RAND ‖ AUTN, 32 octets. `authorization` is RAND ‖ AUTS, 30 octets, in a request and XRES in an
    answer; `authentication_scheme` is "EAP-AKA" or "EAP-AKA'", with which the keys are CK, IK or CK', IK'.
    """

    item_number: int | None = field(default=None, metadata=avp("SIP-Item-Number"))
    authentication_scheme: str | None = field(default=None, metadata=avp("SIP-Authentication-Scheme"))
    authenticate: bytes | None = field(default=None, metadata=avp("SIP-Authenticate"))
    authorization: Secret | None = field(default=None, metadata=avp("SIP-Authorization", Secret))
    confidentiality_key: Secret | None = field(default=None, metadata=avp("Confidentiality-Key", Secret))
    integrity_key: Secret | None = field(default=None, metadata=avp("Integrity-Key", Secret))


@dataclass(frozen=True, slots=True, kw_only=True)
class _SwxRequest(Request):
    session_id: str = field(metadata=avp("Session-Id"))
    vendor_specific_application_id: VendorSpecificApplicationId = field(
        default=_VSAI, metadata=avp("Vendor-Specific-Application-Id", VendorSpecificApplicationId)
    )
    auth_session_state: AuthSessionState = field(
        default=AuthSessionState.NO_STATE_MAINTAINED, metadata=avp("Auth-Session-State", AuthSessionState)
    )
    origin_host: str = field(metadata=avp("Origin-Host"))
    origin_realm: str = field(metadata=avp("Origin-Realm"))
    destination_realm: str = field(metadata=avp("Destination-Realm"))
    destination_host: str | None = field(default=None, metadata=avp("Destination-Host"))
    user_name: str = field(metadata=avp("User-Name"))

    @property
    def header_application(self) -> int:
        """Always SWx."""
        return Application.SWX


@dataclass(frozen=True, slots=True, kw_only=True)
class _SwxAnswer(Answer):
    session_id: str | None = field(default=None, metadata=avp("Session-Id"))
    vendor_specific_application_id: VendorSpecificApplicationId | None = field(
        default=_VSAI, metadata=avp("Vendor-Specific-Application-Id", VendorSpecificApplicationId)
    )
    auth_session_state: AuthSessionState | None = field(
        default=AuthSessionState.NO_STATE_MAINTAINED, metadata=avp("Auth-Session-State", AuthSessionState)
    )
    origin_host: str = field(metadata=avp("Origin-Host"))
    origin_realm: str = field(metadata=avp("Origin-Realm"))
    user_name: str | None = field(default=None, metadata=avp("User-Name"))
    aaa_server_name: str | None = field(default=None, metadata=avp("3GPP-AAA-Server-Name"))


@dataclass(frozen=True, slots=True, kw_only=True)
class MultimediaAuthRequest(_SwxRequest):
    """MAR: asks for `number_auth_items` vectors of the scheme in `auth_data_item`; `anid` is needed for EAP-AKA'."""

    COMMAND: ClassVar[int] = SwxCommand.MULTIMEDIA_AUTH

    rat_type: int | None = field(default=None, metadata=avp("RAT-Type"))
    anid: str | None = field(default=None, metadata=avp("ANID"))
    visited_network_identifier: bytes | None = field(default=None, metadata=avp("Visited-Network-Identifier"))
    auth_data_item: SipAuthDataItem = field(metadata=avp("SIP-Auth-Data-Item", SipAuthDataItem))
    number_auth_items: int = field(default=1, metadata=avp("SIP-Number-Auth-Items"))
    aaa_failure_indication: int | None = field(default=None, metadata=avp("AAA-Failure-Indication"))


@dataclass(frozen=True, slots=True, kw_only=True)
class MultimediaAuthAnswer(_SwxAnswer):
    """MAA: vectors are used in ascending SIP-Item-Number."""

    number_auth_items: int | None = field(default=None, metadata=avp("SIP-Number-Auth-Items"))
    auth_data_items: tuple[SipAuthDataItem, ...] = field(
        default=(), metadata=avp("SIP-Auth-Data-Item", SipAuthDataItem)
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerAssignmentRequest(_SwxRequest):
    """SAR: registers or deregisters the user, asks for the profile, or reports the PDN GW of an APN."""

    COMMAND: ClassVar[int] = SwxCommand.SERVER_ASSIGNMENT

    service_selection: str | None = field(default=None, metadata=avp("Service-Selection"))
    context_identifier: int | None = field(default=None, metadata=avp("Context-Identifier"))
    mip6_agent_info: Mip6AgentInfo | None = field(default=None, metadata=avp("MIP6-Agent-Info", Mip6AgentInfo))
    visited_network_identifier: bytes | None = field(default=None, metadata=avp("Visited-Network-Identifier"))
    server_assignment_type: ServerAssignmentType = field(metadata=avp("Server-Assignment-Type", ServerAssignmentType))


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerAssignmentAnswer(_SwxAnswer):
    """SAA."""

    non_3gpp_user_data: Non3gppUserData | None = field(
        default=None, metadata=avp("Non-3GPP-User-Data", Non3gppUserData)
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class DeregistrationReason(Record):
    """TS 29.229 §6.3.16; `reason_info` is for people."""

    reason_code: ReasonCode = field(metadata=avp("Reason-Code", ReasonCode))
    reason_info: str | None = field(default=None, metadata=avp("Reason-Info"))


@dataclass(frozen=True, slots=True, kw_only=True)
class RegistrationTerminationRequest(_SwxRequest):
    """RTR: the HSS tells the AAA server that it serves the user no more."""

    COMMAND: ClassVar[int] = SwxCommand.REGISTRATION_TERMINATION

    deregistration_reason: DeregistrationReason = field(metadata=avp("Deregistration-Reason", DeregistrationReason))


@dataclass(frozen=True, slots=True, kw_only=True)
class RegistrationTerminationAnswer(_SwxAnswer):
    """RTA."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PushProfileRequest(_SwxRequest):
    """PPR: the whole profile, which takes the place of the one before."""

    COMMAND: ClassVar[int] = SwxCommand.PUSH_PROFILE

    non_3gpp_user_data: Non3gppUserData | None = field(
        default=None, metadata=avp("Non-3GPP-User-Data", Non3gppUserData)
    )
    ppr_flags: int | None = field(default=None, metadata=avp("PPR-Flags"))


@dataclass(frozen=True, slots=True, kw_only=True)
class PushProfileAnswer(_SwxAnswer):
    """PPA."""
