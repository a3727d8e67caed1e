"""S6b between PDN GW and AAA server: DER/DEA and AAR/AAA with what DSMIPv6 adds (TS 29.273 §9.2.2)."""

from dataclasses import field
from ipaddress import IPv4Address, IPv6Address

from wire.diameter import authorization, eap
from wire.diameter.applications import Application
from wire.diameter.grammar import grammar
from wire.diameter.mobile_eap import AccessEapRequest, MobileEapAnswer
from wire.diameter.profile import ApnConfiguration
from wire.diameter.record import avp
from wire.frozen import dataclass

DER = eap.DER | grammar("""
    [ DRMP ] [ RAT-Type ] [ Service-Selection ] [ MIP6-Feature-Vector ] [ MIP6-Agent-Info ] [ QoS-Capability ]
    [ Visited-Network-Identifier ] [ MIP-Careof-Address ] [ AAA-Failure-Indication ] * [ Supported-Features ]
    [ DER-S6b-Flags ] [ UE-Local-IP-Address ]
""")
DEA = eap.DEA | grammar("""
    [ DRMP ] [ Mobile-Node-Identifier ] [ APN-Configuration ] [ MIP6-Agent-Info ] [ MIP6-Feature-Vector ]
    [ 3GPP-Charging-Characteristics ] * [ QoS-Resources ] [ Trace-Info ] * [ Supported-Features ]
""")
AAR = authorization.AAR | grammar("""
    [ MIP6-Agent-Info ] [ MIP6-Feature-Vector ] [ Visited-Network-Identifier ] [ QoS-Capability ]
    [ Service-Selection ] [ Origination-Time-Stamp ] [ Maximum-Wait-Time ] * [ Supported-Features ]
    [ Emergency-Services ]
""")
AAA = authorization.AAA | grammar("""
    [ MIP6-Feature-Vector ] [ APN-Configuration ] * [ QoS-Resources ] [ AN-Trusted ] [ Trace-Info ]
    * [ Supported-Features ]
""")


@dataclass(frozen=True, slots=True, kw_only=True)
class S6bEapRequest(AccessEapRequest):
    """DER of S6b."""

    auth_application_id: int = field(default=Application.S6B, metadata=avp("Auth-Application-Id"))
    mip_careof_address: IPv4Address | IPv6Address | None = field(default=None, metadata=avp("MIP-Careof-Address"))
    der_s6b_flags: int | None = field(default=None, metadata=avp("DER-S6b-Flags"))
    ue_local_ip_address: IPv4Address | IPv6Address | None = field(default=None, metadata=avp("UE-Local-IP-Address"))


@dataclass(frozen=True, slots=True, kw_only=True)
class S6bEapAnswer(MobileEapAnswer):
    """DEA of S6b: at success with the user's identity and the profile of the one APN."""

    mobile_node_identifier: str | None = field(default=None, metadata=avp("Mobile-Node-Identifier"))
    apn_configuration: ApnConfiguration | None = field(
        default=None, metadata=avp("APN-Configuration", ApnConfiguration)
    )
    charging_characteristics: str | None = field(default=None, metadata=avp("3GPP-Charging-Characteristics"))
