"""SWm between ePDG and AAA server: DER/DEA and AAR/AAA (TS 29.273 §7.2.2)."""

from dataclasses import field
from ipaddress import IPv4Address, IPv6Address

from wire.diameter import authorization, eap
from wire.diameter.applications import Application
from wire.diameter.grammar import grammar
from wire.diameter.mobile_eap import AccessEapAnswer, AccessEapRequest
from wire.diameter.record import avp
from wire.frozen import dataclass

DER = eap.DER | grammar("""
    [ DRMP ] [ RAT-Type ] [ Service-Selection ] [ MIP6-Feature-Vector ] [ QoS-Capability ]
    [ Visited-Network-Identifier ] [ AAA-Failure-Indication ] * [ Supported-Features ] [ UE-Local-IP-Address ]
    [ OC-Supported-Features ] [ Terminal-Information ] [ Emergency-Services ]
""")
DEA = eap.DEA | grammar("""
    [ DRMP ] [ Mobile-Node-Identifier ] [ Context-Identifier ] * [ APN-Configuration ] [ MIP6-Agent-Info ]
    [ MIP6-Feature-Vector ] [ APN-OI-Replacement ] [ 3GPP-Charging-Characteristics ] [ AMBR ] [ Trace-Info ]
    [ Subscription-Id ] [ UE-Usage-Type ] [ Emergency-Info ] [ Access-Network-Info ] * [ Supported-Features ]
    [ OC-Supported-Features ] [ OC-OLR ] * [ Load ]
""")
AAR = authorization.AAR | grammar("[ AAR-Flags ] [ UE-Local-IP-Address ] * [ Supported-Features ]")
AAA = authorization.AAA | grammar("""
    [ MIP6-Feature-Vector ] [ Context-Identifier ] * [ APN-Configuration ] [ APN-OI-Replacement ] [ AMBR ]
    [ Trace-Info ] * [ Supported-Features ]
""")


@dataclass(frozen=True, slots=True, kw_only=True)
class SwmEapRequest(AccessEapRequest):
    """DER of SWm."""

    auth_application_id: int = field(default=Application.SWM, metadata=avp("Auth-Application-Id"))
    ue_local_ip_address: IPv4Address | IPv6Address | None = field(default=None, metadata=avp("UE-Local-IP-Address"))
    emergency_services: int | None = field(default=None, metadata=avp("Emergency-Services"))


@dataclass(frozen=True, slots=True, kw_only=True)
class SwmEapAnswer(AccessEapAnswer):
    """DEA of SWm: at success with every APN of the user, for the ePDG serves them all."""

    apn_oi_replacement: str | None = field(default=None, metadata=avp("APN-OI-Replacement"))
    charging_characteristics: str | None = field(default=None, metadata=avp("3GPP-Charging-Characteristics"))
