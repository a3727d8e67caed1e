"""What a subscription allows: APN-Configuration, AMBR, Non-3GPP-User-Data (TS 29.272 §7.3.35, TS 29.273 §8.2.3.1)."""

from dataclasses import field
from ipaddress import IPv4Address, IPv6Address

from wire.diameter.enumerations import (
    Non3gppIpAccess,
    Non3gppIpAccessApn,
    PdnGwAllocationType,
    PdnType,
    SubscriptionIdType,
)
from wire.diameter.record import Record, avp
from wire.frozen import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Ambr(Record):
    """Aggregate Maximum Bit Rate in bits per second (TS 29.272 §7.3.41)."""

    uplink: int = field(metadata=avp("Max-Requested-Bandwidth-UL"))
    downlink: int = field(metadata=avp("Max-Requested-Bandwidth-DL"))


@dataclass(frozen=True, slots=True, kw_only=True)
class MipHomeAgentHost(Record):
    """RFC 4004 §7.11."""

    destination_realm: str = field(metadata=avp("Destination-Realm"))
    destination_host: str = field(metadata=avp("Destination-Host"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Mip6AgentInfo(Record):
    """Where the home agent is (RFC 5447 §4.2.1); `home_link_prefix` is a length octet and 16 octets."""

    home_agent_addresses: tuple[IPv4Address | IPv6Address, ...] = field(
        default=(), metadata=avp("MIP-Home-Agent-Address")
    )
    home_agent_host: MipHomeAgentHost | None = field(
        default=None, metadata=avp("MIP-Home-Agent-Host", MipHomeAgentHost)
    )
    home_link_prefix: bytes | None = field(default=None, metadata=avp("MIP6-Home-Link-Prefix"))


@dataclass(frozen=True, slots=True, kw_only=True)
class SpecificApnInfo(Record):
    """The PDN GW of one APN that the wildcard stands for (TS 29.272 §7.3.82)."""

    service_selection: str = field(metadata=avp("Service-Selection"))
    mip6_agent_info: Mip6AgentInfo = field(metadata=avp("MIP6-Agent-Info", Mip6AgentInfo))
    visited_network_identifier: bytes | None = field(default=None, metadata=avp("Visited-Network-Identifier"))


@dataclass(frozen=True, slots=True, kw_only=True)
class ApnConfiguration(Record):
    """One APN; `service_selection` "*" is the wildcard (TS 29.272 §7.3.35, TS 29.273 §8.2.3.7)."""

    context_identifier: int = field(metadata=avp("Context-Identifier"))
    served_party_ip_addresses: tuple[IPv4Address | IPv6Address, ...] = field(
        default=(), metadata=avp("Served-Party-IP-Address")
    )
    pdn_type: PdnType = field(metadata=avp("PDN-Type", PdnType))
    service_selection: str = field(metadata=avp("Service-Selection"))
    mip6_agent_info: Mip6AgentInfo | None = field(default=None, metadata=avp("MIP6-Agent-Info", Mip6AgentInfo))
    visited_network_identifier: bytes | None = field(default=None, metadata=avp("Visited-Network-Identifier"))
    pdn_gw_allocation_type: PdnGwAllocationType | None = field(
        default=None, metadata=avp("PDN-GW-Allocation-Type", PdnGwAllocationType)
    )
    charging_characteristics: str | None = field(default=None, metadata=avp("3GPP-Charging-Characteristics"))
    ambr: Ambr | None = field(default=None, metadata=avp("AMBR", Ambr))
    specific_apn_infos: tuple[SpecificApnInfo, ...] = field(
        default=(), metadata=avp("Specific-APN-Info", SpecificApnInfo)
    )
    apn_oi_replacement: str | None = field(default=None, metadata=avp("APN-OI-Replacement"))


@dataclass(frozen=True, slots=True, kw_only=True)
class SubscriptionId(Record):
    """RFC 8506 §8.46: the MSISDN is END_USER_E164."""

    type: SubscriptionIdType = field(metadata=avp("Subscription-Id-Type", SubscriptionIdType))
    data: str = field(metadata=avp("Subscription-Id-Data"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Non3gppUserData(Record):
    """The profile that SAA and PPR carry; `context_identifier` names the default APN, `rat_types` are disallowed."""

    subscription_ids: tuple[SubscriptionId, ...] = field(default=(), metadata=avp("Subscription-Id", SubscriptionId))
    non_3gpp_ip_access: Non3gppIpAccess | None = field(
        default=None, metadata=avp("Non-3GPP-IP-Access", Non3gppIpAccess)
    )
    non_3gpp_ip_access_apn: Non3gppIpAccessApn | None = field(
        default=None, metadata=avp("Non-3GPP-IP-Access-APN", Non3gppIpAccessApn)
    )
    rat_types: tuple[int, ...] = field(default=(), metadata=avp("RAT-Type"))
    session_timeout: int | None = field(default=None, metadata=avp("Session-Timeout"))
    mip6_feature_vector: int | None = field(default=None, metadata=avp("MIP6-Feature-Vector"))
    ambr: Ambr | None = field(default=None, metadata=avp("AMBR", Ambr))
    charging_characteristics: str | None = field(default=None, metadata=avp("3GPP-Charging-Characteristics"))
    context_identifier: int | None = field(default=None, metadata=avp("Context-Identifier"))
    apn_oi_replacement: str | None = field(default=None, metadata=avp("APN-OI-Replacement"))
    apn_configurations: tuple[ApnConfiguration, ...] = field(
        default=(), metadata=avp("APN-Configuration", ApnConfiguration)
    )
