"""What a user may have, in the words of each application (TS 29.273 §5.2.2, §7.2.2, §9.2.2; RFC 5778 §5.1.2)."""

from dataclasses import replace
from ipaddress import IPv4Address, IPv6Address

from aaa.messages import Accept
from hss.api import Ambr, ApnProfile, Profile
from wire.diameter.eap import DiameterEapAnswer
from wire.diameter.enumerations import AnTrusted, Mip6FeatureVector, PdnType
from wire.diameter.mip6i import Mip6iEapAnswer
from wire.diameter.mobile_eap import AccessEapAnswer
from wire.diameter.profile import Ambr as WireAmbr
from wire.diameter.profile import ApnConfiguration, Mip6AgentInfo
from wire.diameter.s6b import S6bEapAnswer
from wire.diameter.sta import StaEapAnswer


def granted(dea: DiameterEapAnswer, answer: Accept) -> DiameterEapAnswer:
    """`dea` with what `answer` grants, as far as its application has words for it; application 5 has none."""
    match dea:
        case S6bEapAnswer():
            return _to_gateway(dea, answer)
        case AccessEapAnswer():
            return _to_access_network(dea, answer)
        case Mip6iEapAnswer():
            return _to_home_agent(dea, answer)
        case _:
            return dea


def apn_configuration(apn: ApnProfile) -> ApnConfiguration:
    """APN-Configuration of TS 29.272 §7.3.35, static addresses in Served-Party-IP-Address."""
    return ApnConfiguration(
        context_identifier=apn.context_id,
        served_party_ip_addresses=static_addresses(apn),
        pdn_type=PdnType(apn.pdn_type.value),
        service_selection=apn.name,
        mip6_agent_info=None if apn.pdn_gw is None else Mip6AgentInfo(home_agent_addresses=(apn.pdn_gw,)),
        ambr=wire_ambr(apn.ambr),
    )


def apn_configurations(profile: Profile) -> tuple[ApnConfiguration, ...]:
    """Every APN of the profile, the wildcard among them."""
    return tuple(apn_configuration(apn) for apn in profile.apns)


def static_addresses(apn: ApnProfile) -> tuple[IPv4Address | IPv6Address, ...]:
    """The user's own Home Addresses at this APN, IPv6 first."""
    return tuple(address for address in (apn.home_address, apn.home_address_v4) if address is not None)


def wire_ambr(ambr: Ambr | None) -> WireAmbr | None:
    """AMBR of TS 29.272 §7.3.41."""
    return None if ambr is None else WireAmbr(uplink=ambr.uplink, downlink=ambr.downlink)


def _to_gateway(dea: S6bEapAnswer, answer: Accept) -> S6bEapAnswer:
    """A PDN GW serves one APN; which gateway serves it is what it has just told us."""
    apn = None if answer.apn is None else replace(answer.apn, pdn_gw=None)
    return replace(
        dea,
        mobile_node_identifier=answer.user_name,
        apn_configuration=None if apn is None else apn_configuration(apn),
        mip6_feature_vector=answer.mip6_features,
    )


def _to_access_network(dea: AccessEapAnswer, answer: Accept) -> AccessEapAnswer:
    dea = replace(
        dea,
        mobile_node_identifier=answer.user_name,
        context_identifier=answer.profile.default_context_id,
        apn_configurations=apn_configurations(answer.profile),
        ambr=wire_ambr(answer.profile.ambr),
        mip6_feature_vector=answer.mip6_features,
        mip6_agent_info=_home_agent(answer),
    )
    # TS 29.273 §5.1.2.1: who asks by STa is a trusted network, or it would ask by SWm.
    return replace(dea, an_trusted=AnTrusted.TRUSTED) if isinstance(dea, StaEapAnswer) else dea


def _home_agent(answer: Accept) -> Mip6AgentInfo | None:
    """RFC 5447 §4.2.1: the home agent that the user has already, where DSMIPv6 is what was granted."""
    integrated = answer.mip6_features is not None and answer.mip6_features & Mip6FeatureVector.MIP6_INTEGRATED
    agent = None if answer.apn is None else answer.apn.pdn_gw
    return Mip6AgentInfo(home_agent_addresses=(agent,)) if integrated and agent is not None else None


def _to_home_agent(dea: Mip6iEapAnswer, answer: Accept) -> Mip6iEapAnswer:
    return replace(
        dea,
        mip6_feature_vector=answer.mip6_features,
        mobile_node_addresses=() if answer.apn is None else static_addresses(answer.apn),
        service_selection=None if answer.apn is None else answer.apn.name,
    )
