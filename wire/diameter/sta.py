"""STa between a trusted access network and AAA server: DER/DEA and AAR/AAA (TS 29.273 §5.2.2)."""

from dataclasses import field

from wire.diameter import authorization, eap
from wire.diameter.applications import Application
from wire.diameter.grammar import grammar
from wire.diameter.mobile_eap import AccessEapAnswer, AccessEapRequest
from wire.diameter.record import avp
from wire.frozen import dataclass

DER = eap.DER | grammar("""
    [ DRMP ] [ RAT-Type ] [ ANID ] [ Full-Network-Name ] [ Short-Network-Name ] [ QoS-Capability ]
    [ MIP6-Feature-Vector ] [ Visited-Network-Identifier ] [ Service-Selection ] [ Terminal-Information ]
    [ AAA-Failure-Indication ] * [ Supported-Features ] [ WLAN-Identifier ] [ DER-Flags ] [ TWAN-Connection-Mode ]
    [ TWAN-Connectivity-Parameters ] *2 [ TWAG-CP-Address ] [ OC-Supported-Features ]
""")
DEA = eap.DEA | grammar("""
    [ DRMP ] [ Mobile-Node-Identifier ] [ Context-Identifier ] * [ APN-Configuration ] [ MIP6-Agent-Info ]
    [ MIP6-Feature-Vector ] [ APN-OI-Replacement ] [ 3GPP-Charging-Characteristics ] [ AMBR ] [ AN-Trusted ]
    [ Trace-Info ] [ Subscription-Id ] [ DEA-Flags ] [ WLCP-Key ] [ Terminal-Information ] [ UE-Usage-Type ]
    * [ Supported-Features ] [ OC-Supported-Features ] [ OC-OLR ] * [ Load ]
""")
AAR = authorization.AAR | grammar("[ AAR-Flags ] * [ Supported-Features ]")
AAA = authorization.AAA | grammar("""
    [ MIP6-Feature-Vector ] [ Context-Identifier ] * [ APN-Configuration ] [ APN-OI-Replacement ] [ AMBR ]
    [ AN-Trusted ] [ Trace-Info ] * [ Supported-Features ]
""")


@dataclass(frozen=True, slots=True, kw_only=True)
class StaEapRequest(AccessEapRequest):
    """DER of STa."""

    auth_application_id: int = field(default=Application.STA, metadata=avp("Auth-Application-Id"))
    der_flags: int | None = field(default=None, metadata=avp("DER-Flags"))


@dataclass(frozen=True, slots=True, kw_only=True)
class StaEapAnswer(AccessEapAnswer):
    """DEA of STa: at success with every APN of the user, and how far the access network is trusted."""

    dea_flags: int | None = field(default=None, metadata=avp("DEA-Flags"))
