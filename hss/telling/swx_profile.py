"""A profile as SAA and PPR carry it: Non-3GPP-User-Data with the PDN GW of each APN (TS 29.273 §8.2.3.1)."""

from ipaddress import IPv4Address, IPv6Address

from hss.api import ApnProfile, Profile
from wire.diameter.enumerations import Non3gppIpAccess, Non3gppIpAccessApn, PdnType, SubscriptionIdType
from wire.diameter.profile import (
    Ambr,
    ApnConfiguration,
    Mip6AgentInfo,
    Non3gppUserData,
    SpecificApnInfo,
    SubscriptionId,
)


def user_data(profile: Profile) -> Non3gppUserData:
    """The group with the four AVPs that it always has; `profile` has an APN."""
    subscriptions = (
        (SubscriptionId(type=SubscriptionIdType.END_USER_E164, data=profile.msisdn),) if profile.msisdn else ()
    )
    default = profile.default_context_id
    return Non3gppUserData(
        subscription_ids=subscriptions,
        non_3gpp_ip_access=Non3gppIpAccess.NON_3GPP_SUBSCRIPTION_ALLOWED,
        non_3gpp_ip_access_apn=Non3gppIpAccessApn.NON_3GPP_APNS_ENABLE,
        rat_types=tuple(sorted(profile.rat_types_refused)),
        session_timeout=profile.session_timeout,
        mip6_feature_vector=profile.mip6_features,
        ambr=None if profile.ambr is None else Ambr(uplink=profile.ambr.uplink, downlink=profile.ambr.downlink),
        context_identifier=profile.apns[0].context_id if default is None else default,
        apn_configurations=tuple(_apn_configuration(apn) for apn in profile.apns),
    )


def _apn_configuration(apn: ApnProfile) -> ApnConfiguration:
    return ApnConfiguration(
        context_identifier=apn.context_id,
        served_party_ip_addresses=tuple(a for a in (apn.home_address, apn.home_address_v4) if a is not None),
        pdn_type=PdnType(apn.pdn_type.value),
        service_selection=apn.name,
        mip6_agent_info=None if apn.pdn_gw is None else _agent(apn.pdn_gw),
        ambr=Ambr(uplink=apn.ambr.uplink, downlink=apn.ambr.downlink) if apn.ambr else None,
        specific_apn_infos=tuple(
            SpecificApnInfo(service_selection=one.name, mip6_agent_info=_agent(one.pdn_gw)) for one in apn.specific
        ),
    )


def _agent(address: IPv6Address | IPv4Address) -> Mip6AgentInfo:
    return Mip6AgentInfo(home_agent_addresses=(address,))
