"""Non-3GPP-User-Data of a SAA as the profile that the AAA server authorises by (TS 29.273 §8.2.3.1)."""

from collections.abc import Iterator
from ipaddress import IPv4Address, IPv6Address

from hss.api import Ambr, ApnProfile, PdnType, Profile, Refusal, ServiceRefused, SpecificApn
from hss.session_api import LONGEST_SESSION
from wire.diameter.enumerations import Non3gppIpAccess, Non3gppIpAccessApn, SubscriptionIdType
from wire.diameter.profile import Ambr as WireAmbr
from wire.diameter.profile import ApnConfiguration, Mip6AgentInfo, Non3gppUserData
from wire.identity import Imsi


def says_profile(data: Non3gppUserData) -> bool:
    """Whether the group holds what a profile always has; an empty one, or one with a trace alone, changes nothing."""
    return (
        data.non_3gpp_ip_access is not None or data.non_3gpp_ip_access_apn is not None or bool(data.apn_configurations)
    )


def profile_of(imsi: Imsi, data: Non3gppUserData) -> Profile:
    """The profile; ServiceRefused when the data bar the user from every access, or from every APN."""
    if data.non_3gpp_ip_access is Non3gppIpAccess.NON_3GPP_SUBSCRIPTION_BARRED:
        raise ServiceRefused(Refusal.SUBSCRIBER_BARRED, "Non-3GPP-IP-Access is barred")
    if data.non_3gpp_ip_access_apn is Non3gppIpAccessApn.NON_3GPP_APNS_DISABLE:
        raise ServiceRefused(Refusal.NO_APN_SUBSCRIPTION, "Non-3GPP-IP-Access-APN disables every APN")
    numbers = [one.data for one in data.subscription_ids if one.type is SubscriptionIdType.END_USER_E164]
    return Profile(
        imsi=imsi,
        apns=tuple(_apn(apn) for apn in data.apn_configurations),
        default_context_id=data.context_identifier,
        session_timeout=_session_timeout(data.session_timeout),
        msisdn=numbers[0] if numbers else None,
        # TS 29.273 §8.2.3.1: the RAT-Types listed are those that are not allowed.
        rat_types_refused=frozenset(data.rat_types),
        mip6_features=data.mip6_feature_vector,
        ambr=_ambr(data.ambr),
    )


def _session_timeout(seconds: int | None) -> int | None:
    """None for no limit, which 0 stands for (RFC 6733 §8.13), and mostly 2^32 - 1; a NAS would take 0 at its word."""
    return seconds if seconds and seconds <= LONGEST_SESSION else None


def _apn(apn: ApnConfiguration) -> ApnProfile:
    addresses = apn.served_party_ip_addresses
    return ApnProfile(
        context_id=apn.context_identifier,
        name=apn.service_selection,
        pdn_type=PdnType(apn.pdn_type.value),
        home_address=next((one for one in addresses if isinstance(one, IPv6Address)), None),
        home_address_v4=next((one for one in addresses if isinstance(one, IPv4Address)), None),
        ambr=_ambr(apn.ambr),
        pdn_gw=_pdn_gw(apn.mip6_agent_info),
        specific=tuple(_specific(apn)),
    )


def _ambr(ambr: WireAmbr | None) -> Ambr | None:
    return None if ambr is None else Ambr(ambr.uplink, ambr.downlink)


def _specific(apn: ApnConfiguration) -> Iterator[SpecificApn]:
    for one in apn.specific_apn_infos:
        address = _pdn_gw(one.mip6_agent_info)
        if address is not None:
            yield SpecificApn(one.service_selection, address)


def _pdn_gw(agent: Mip6AgentInfo | None) -> IPv6Address | IPv4Address | None:
    addresses = () if agent is None else agent.home_agent_addresses
    return max(addresses, key=lambda address: address.version, default=None)
