"""A profile becomes Non-3GPP-User-Data, and what an AAA server reads from that is the profile again."""

from dataclasses import replace
from ipaddress import IPv4Address, IPv6Address

import pytest

from aaa.swx_profile import profile_of
from hss.api import Ambr, ApnProfile, PdnType, Profile, SpecificApn
from hss.telling.swx_profile import user_data
from wire.diameter.enumerations import Non3gppIpAccess, Non3gppIpAccessApn
from wire.identity import Imsi

IMSI = Imsi("001010000000001")
GATEWAY = IPv6Address("2001:db8::1")
INTERNET = ApnProfile(
    1,
    "internet",
    PdnType.IPV4V6,
    IPv6Address("2001:db8::5"),
    IPv4Address("10.0.0.5"),
    Ambr(1_000, 2_000),
    pdn_gw=GATEWAY,
)
WILDCARD = ApnProfile(2, "*", specific=(SpecificApn("ims", IPv4Address("192.0.2.1")),))


@pytest.mark.parametrize(
    "profile",
    [
        Profile(IMSI, (INTERNET, WILDCARD), 1, 3600, "4917012345"),
        Profile(IMSI, (WILDCARD, INTERNET), 1),
        Profile(IMSI, (ApnProfile(7, "ims"),), 7),
        replace(
            Profile(IMSI, (INTERNET,), 1), rat_types_refused=frozenset({0, 2001}), mip6_features=1, ambr=Ambr(3, 4)
        ),
    ],
)
def test_profile_survives_the_way(profile: Profile) -> None:
    assert profile_of(IMSI, user_data(profile)) == profile


def test_access_is_allowed_and_the_first_apn_stands_in_for_a_default() -> None:
    data = user_data(Profile(IMSI, (ApnProfile(7, "ims"), ApnProfile(8, "internet"))))
    assert data.context_identifier == 7
    assert data.non_3gpp_ip_access is Non3gppIpAccess.NON_3GPP_SUBSCRIPTION_ALLOWED
    assert data.non_3gpp_ip_access_apn is Non3gppIpAccessApn.NON_3GPP_APNS_ENABLE


def test_gateway_stands_in_its_apn() -> None:
    first, second = user_data(Profile(IMSI, (INTERNET, WILDCARD), 1)).apn_configurations
    assert first.mip6_agent_info is not None
    assert first.mip6_agent_info.home_agent_addresses == (GATEWAY,)
    assert second.mip6_agent_info is None
    assert [one.service_selection for one in second.specific_apn_infos] == ["ims"]
