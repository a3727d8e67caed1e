"""What the applications of 3GPP and MIP6I add to DER and DEA alike (TS 29.273 §5.2, §7.2, §9.2; RFC 5778 §5.1)."""

from dataclasses import field

from wire.diameter.eap import DiameterEapAnswer, DiameterEapRequest
from wire.diameter.enumerations import AnTrusted
from wire.diameter.profile import Ambr, ApnConfiguration, Mip6AgentInfo
from wire.diameter.record import avp
from wire.frozen import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class MobileEapRequest(DiameterEapRequest):
    """A DER that bootstraps: `service_selection` is the APN that the UE asked for (in IKEv2: IDr)."""

    service_selection: str | None = field(default=None, metadata=avp("Service-Selection"))
    mip6_feature_vector: int | None = field(default=None, metadata=avp("MIP6-Feature-Vector"))
    mip6_agent_info: Mip6AgentInfo | None = field(default=None, metadata=avp("MIP6-Agent-Info", Mip6AgentInfo))


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessEapRequest(MobileEapRequest):
    """A DER of 3GPP: where the UE is, and over what; with bit 0 of `aaa_failure_indication` a server has failed."""

    rat_type: int | None = field(default=None, metadata=avp("RAT-Type"))
    visited_network_identifier: bytes | None = field(default=None, metadata=avp("Visited-Network-Identifier"))
    aaa_failure_indication: int | None = field(default=None, metadata=avp("AAA-Failure-Indication"))


@dataclass(frozen=True, slots=True, kw_only=True)
class MobileEapAnswer(DiameterEapAnswer):
    """A DEA that bootstraps."""

    mip6_feature_vector: int | None = field(default=None, metadata=avp("MIP6-Feature-Vector"))
    mip6_agent_info: Mip6AgentInfo | None = field(default=None, metadata=avp("MIP6-Agent-Info", Mip6AgentInfo))


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessEapAnswer(MobileEapAnswer):
    """A DEA of an access network, which serves every APN of the user (STa, SWm); `ambr` is the UE-AMBR."""

    mobile_node_identifier: str | None = field(default=None, metadata=avp("Mobile-Node-Identifier"))
    context_identifier: int | None = field(default=None, metadata=avp("Context-Identifier"))
    apn_configurations: tuple[ApnConfiguration, ...] = field(
        default=(), metadata=avp("APN-Configuration", ApnConfiguration)
    )
    ambr: Ambr | None = field(default=None, metadata=avp("AMBR", Ambr))
    an_trusted: AnTrusted | None = field(default=None, metadata=avp("AN-Trusted", AnTrusted))
