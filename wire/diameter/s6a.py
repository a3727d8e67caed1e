"""S6a between MME or SGSN and HSS: AIR and AIA (TS 29.272 §7.2.5, §7.2.6)."""

from dataclasses import field
from enum import IntEnum
from typing import ClassVar

from wire.diameter.applications import Application
from wire.diameter.command import Answer, Request, VendorSpecificApplicationId
from wire.diameter.enumerations import AuthSessionState
from wire.diameter.grammar import grammar
from wire.diameter.record import Record, avp
from wire.diameter.results import VENDOR_3GPP
from wire.frozen import dataclass
from wire.secret import Secret

_VSAI = VendorSpecificApplicationId(vendor_ids=(VENDOR_3GPP,), auth_application_id=Application.S6A)


class S6aCommand(IntEnum):
    """Command codes."""

    AUTHENTICATION_INFORMATION = 318


_COMMON = """
    < Session-Id > [ DRMP ] [ Vendor-Specific-Application-Id ] { Auth-Session-State } { Origin-Host } { Origin-Realm }
    [ OC-Supported-Features ] * [ Supported-Features ] * [ Proxy-Info ] * [ AVP ]
"""
AIR = grammar(
    _COMMON
    + """
    [ Destination-Host ] { Destination-Realm } { User-Name } [ Requested-EUTRAN-Authentication-Info ]
    [ Requested-UTRAN-GERAN-Authentication-Info ] { Visited-PLMN-Id } [ AIR-Flags ] * [ Route-Record ]
"""
)
AIA = grammar(
    _COMMON
    + """
    [ Result-Code ] [ Experimental-Result ] [ Error-Diagnostic ] [ Error-Message ] [ OC-OLR ] * [ Load ]
    [ Authentication-Info ] [ UE-Usage-Type ] * [ Failed-AVP ]
"""
)


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestedAuthenticationInfo(Record):
    """Requested-EUTRAN- and Requested-UTRAN-GERAN-Authentication-Info (TS 29.272 §7.3.11, §7.3.12).

    `re_synchronization_info` is RAND ‖ AUTS, 30 octets (TS 29.272 §7.3.15).
    """

    number_of_requested_vectors: int | None = field(default=None, metadata=avp("Number-Of-Requested-Vectors"))
    immediate_response_preferred: int | None = field(default=None, metadata=avp("Immediate-Response-Preferred"))
    re_synchronization_info: bytes | None = field(default=None, metadata=avp("Re-Synchronization-Info"))


@dataclass(frozen=True, slots=True, kw_only=True)
class EutranVector(Record):
    """E-UTRAN-Vector (TS 29.272 §7.3.18): `rand` and `autn` 16 octets, `kasme` 32."""

    item_number: int | None = field(default=None, metadata=avp("Item-Number"))
    rand: bytes = field(metadata=avp("RAND"))
    xres: Secret = field(metadata=avp("XRES", Secret))
    autn: bytes = field(metadata=avp("AUTN"))
    kasme: Secret = field(metadata=avp("KASME", Secret))


@dataclass(frozen=True, slots=True, kw_only=True)
class UtranVector(Record):
    """UTRAN-Vector (TS 29.272 §7.3.19): `rand`, `autn` and each key 16 octets."""

    item_number: int | None = field(default=None, metadata=avp("Item-Number"))
    rand: bytes = field(metadata=avp("RAND"))
    xres: Secret = field(metadata=avp("XRES", Secret))
    autn: bytes = field(metadata=avp("AUTN"))
    confidentiality_key: Secret = field(metadata=avp("Confidentiality-Key", Secret))
    integrity_key: Secret = field(metadata=avp("Integrity-Key", Secret))


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthenticationInfo(Record):
    """Authentication-Info (TS 29.272 §7.3.17): vectors of each kind are used in ascending Item-Number."""

    e_utran_vectors: tuple[EutranVector, ...] = field(default=(), metadata=avp("E-UTRAN-Vector", EutranVector))
    utran_vectors: tuple[UtranVector, ...] = field(default=(), metadata=avp("UTRAN-Vector", UtranVector))


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthenticationInformationRequest(Request):
    """AIR: asks for vectors of one kind or of both; `visited_plmn_id` is MCC and MNC in BCD, 3 octets."""

    COMMAND: ClassVar[int] = S6aCommand.AUTHENTICATION_INFORMATION

    session_id: str = field(metadata=avp("Session-Id"))
    vendor_specific_application_id: VendorSpecificApplicationId | None = field(
        default=_VSAI, metadata=avp("Vendor-Specific-Application-Id", VendorSpecificApplicationId)
    )
    auth_session_state: AuthSessionState = field(
        default=AuthSessionState.NO_STATE_MAINTAINED, metadata=avp("Auth-Session-State", AuthSessionState)
    )
    origin_host: str = field(metadata=avp("Origin-Host"))
    origin_realm: str = field(metadata=avp("Origin-Realm"))
    destination_host: str | None = field(default=None, metadata=avp("Destination-Host"))
    destination_realm: str = field(metadata=avp("Destination-Realm"))
    user_name: str = field(metadata=avp("User-Name"))
    requested_eutran: RequestedAuthenticationInfo | None = field(
        default=None, metadata=avp("Requested-EUTRAN-Authentication-Info", RequestedAuthenticationInfo)
    )
    requested_utran_geran: RequestedAuthenticationInfo | None = field(
        default=None, metadata=avp("Requested-UTRAN-GERAN-Authentication-Info", RequestedAuthenticationInfo)
    )
    visited_plmn_id: bytes = field(metadata=avp("Visited-PLMN-Id"))
    air_flags: int | None = field(default=None, metadata=avp("AIR-Flags"))

    @property
    def header_application(self) -> int:
        """Always S6a."""
        return Application.S6A


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthenticationInformationAnswer(Answer):
    """AIA."""

    session_id: str | None = field(default=None, metadata=avp("Session-Id"))
    vendor_specific_application_id: VendorSpecificApplicationId | None = field(
        default=_VSAI, metadata=avp("Vendor-Specific-Application-Id", VendorSpecificApplicationId)
    )
    auth_session_state: AuthSessionState | None = field(
        default=AuthSessionState.NO_STATE_MAINTAINED, metadata=avp("Auth-Session-State", AuthSessionState)
    )
    origin_host: str = field(metadata=avp("Origin-Host"))
    origin_realm: str = field(metadata=avp("Origin-Realm"))
    authentication_info: AuthenticationInfo | None = field(
        default=None, metadata=avp("Authentication-Info", AuthenticationInfo)
    )
