"""S6b between PDN GW and AAA server: DER and DEA with what DSMIPv6 adds (TS 29.273 §9.2.2.1); STR is in `sessions`."""

from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv6Address

from wire.diameter import eap
from wire.diameter.applications import Application
from wire.diameter.eap import DiameterEapAnswer, DiameterEapRequest
from wire.diameter.grammar import grammar
from wire.diameter.message import Message
from wire.diameter.profile import ApnConfiguration, Mip6AgentInfo
from wire.diameter.record import avp

DER = eap.DER | grammar("""
    [ DRMP ] [ RAT-Type ] [ Service-Selection ] [ MIP6-Feature-Vector ] [ MIP6-Agent-Info ] [ QoS-Capability ]
    [ Visited-Network-Identifier ] [ MIP-Careof-Address ] [ AAA-Failure-Indication ] * [ Supported-Features ]
    [ DER-S6b-Flags ] [ UE-Local-IP-Address ]
""")
DEA = eap.DEA | grammar("""
    [ DRMP ] [ Mobile-Node-Identifier ] [ APN-Configuration ] [ MIP6-Agent-Info ] [ MIP6-Feature-Vector ]
    [ 3GPP-Charging-Characteristics ] * [ QoS-Resources ] [ Trace-Info ] * [ Supported-Features ]
""")


@dataclass(frozen=True, slots=True, kw_only=True)
class S6bEapRequest(DiameterEapRequest):
    """DER of S6b: `service_selection` is the APN that the UE asked for in IDr."""

    auth_application_id: int = field(default=Application.S6B, metadata=avp("Auth-Application-Id"))
    rat_type: int | None = field(default=None, metadata=avp("RAT-Type"))
    service_selection: str | None = field(default=None, metadata=avp("Service-Selection"))
    mip6_feature_vector: int | None = field(default=None, metadata=avp("MIP6-Feature-Vector"))
    mip6_agent_info: Mip6AgentInfo | None = field(default=None, metadata=avp("MIP6-Agent-Info", Mip6AgentInfo))
    visited_network_identifier: bytes | None = field(default=None, metadata=avp("Visited-Network-Identifier"))
    mip_careof_address: IPv4Address | IPv6Address | None = field(default=None, metadata=avp("MIP-Careof-Address"))
    der_s6b_flags: int | None = field(default=None, metadata=avp("DER-S6b-Flags"))
    ue_local_ip_address: IPv4Address | IPv6Address | None = field(default=None, metadata=avp("UE-Local-IP-Address"))


@dataclass(frozen=True, slots=True, kw_only=True)
class S6bEapAnswer(DiameterEapAnswer):
    """DEA of S6b: at success with the user's identity and the profile of the APN."""

    mobile_node_identifier: str | None = field(default=None, metadata=avp("Mobile-Node-Identifier"))
    apn_configuration: ApnConfiguration | None = field(
        default=None, metadata=avp("APN-Configuration", ApnConfiguration)
    )
    mip6_agent_info: Mip6AgentInfo | None = field(default=None, metadata=avp("MIP6-Agent-Info", Mip6AgentInfo))
    mip6_feature_vector: int | None = field(default=None, metadata=avp("MIP6-Feature-Vector"))
    charging_characteristics: str | None = field(default=None, metadata=avp("3GPP-Charging-Characteristics"))


def read_eap_request(message: Message) -> DiameterEapRequest:
    """The DER in `message` as its application defines it: an S6bEapRequest on S6b; AvpFault when it is none."""
    return (S6bEapRequest if message.application == Application.S6B else DiameterEapRequest).parse(message)
